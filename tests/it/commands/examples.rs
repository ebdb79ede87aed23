//! Every example of every command's help runs, in an organization of its own, by the binary alone:
//! copied into an empty folder, with its embedded functions and an empty environment.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use aws_sdk_organizations::Client;
use pipetrail_tests::environment::{Ran, TestEnvironment};
use pipetrail_tests::organization::{Enrolment, HOME, Organization};

use crate::built::built;

/// The commands in the order in which their examples run.
const ORDER: [&str; 20] = [
    "completions",
    "man",
    "init",
    "doctor",
    "plan",
    "apply",
    "status",
    "smoke",
    "enroll",
    "subscribe",
    "subscriptions",
    "unsubscribe",
    "unenroll",
    "ingest",
    "settle",
    "query",
    "audit",
    "report",
    "export",
    "destroy",
];

/// Examples that do not end with 0, and why.
const CODES: [(&str, i32); 16] = [
    // It has questions, and no terminal to ask them on.
    ("pipetrail init --profile management --audit-profile audit", 2),
    // The local organization has no trail, and it says so.
    ("pipetrail doctor", 1),
    ("pipetrail doctor --members", 1),
    ("pipetrail doctor --fix --yes", 1),
    (
        "pipetrail doctor --output json | jq '.checks[] | select(.verdict != \"ok\")'",
        1,
    ),
    // No heartbeat has come yet.
    ("pipetrail status --check --output json > coverage.json", 4),
    // Accounts are enrolled here.
    ("pipetrail smoke --captures smoke --member 111122223333 --yes", 1),
    ("pipetrail smoke --captures smoke --yes --output json > smoke.json", 1),
    ("pipetrail smoke --captures smoke --clean-up --yes", 1),
    // There is something to do,
    ("pipetrail plan --check --output json", 3),
    // and no terminal to agree on.
    ("pipetrail apply", 2),
    ("pipetrail unenroll --account 111122223333", 2),
    ("pipetrail destroy", 2),
    (
        "pipetrail destroy --delete-data pipetrail-lake-999988887777-eu-central-1",
        2,
    ),
    // It has a prompt, and no terminal for it.
    ("pipetrail query --lake ./lake", 2),
    // It was saved before the example before it has applied the same.
    ("pipetrail apply --yes pipetrail.plan", 1),
];

#[test]
fn every_example_of_every_command_runs_with_the_binary_alone() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(all()).unwrap_or_else(|error| panic!("{error:?}"));
}

async fn all() -> Result<()> {
    let built = built();
    let folder = tempfile::tempdir()?;
    fs::copy(&built.pipetrail, folder.path().join("pipetrail"))?;
    inputs(folder.path())?;
    let examples = examples(folder.path())?;
    let mut commands: Vec<&str> = examples.keys().map(String::as_str).collect();
    let mut known = ORDER.to_vec();
    commands.sort_unstable();
    known.sort_unstable();
    ensure!(
        commands == known,
        "ORDER lacks a command, or has one too many: {commands:?}"
    );

    let enrolment = Enrolment {
        members: 2,
        ..Enrolment::default()
    };
    let organization = Organization::start(built, enrolment).await?;
    let placeholders = placeholders(&organization).await?;
    // As AWS takes deployment targets, not as moto does.
    let targeted = organization.targeted().await?;
    // All are told at once.
    let mut wrong = Vec::new();
    for command in ORDER {
        let lines = &examples[command];
        ensure!(!lines.is_empty(), "{command} has no example");
        for line in lines {
            let expected = CODES
                .iter()
                .find(|(with_code, _)| with_code == line)
                .map_or(0, |(_, code)| *code);
            let ran = shell(folder.path(), &targeted.aws_config, &substituted(line, &placeholders))?;
            if ran.code != Some(expected) {
                let (code, said) = (ran.code, ran.stderr);
                wrong.push(format!("`{line}` ended with {code:?}, not {expected}\n{said}"));
            }
        }
        if command == "init" {
            // What the others do is to take seconds: two regions.
            let settings = organization.folder().join("pipetrail.toml");
            fs::copy(settings, folder.path().join("pipetrail.toml"))?;
        }
        if command == "status" {
            quiet_and_verbose(folder.path(), &targeted.aws_config)?;
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// What the examples read: envelopes, a log file of a trail, a query.
fn inputs(folder: &Path) -> Result<()> {
    let fixture = include_str!("../../fixtures/cloudtrail/put-approval-approved-sso-console.json");
    let events = folder.join("events");
    fs::create_dir(&events)?;
    fs::write(events.join("approval.json"), fixture)?;
    let envelope: serde_json::Value = serde_json::from_str(fixture)?;
    let logs = folder.join("AWSLogs/111122223333/CloudTrail");
    fs::create_dir_all(&logs)?;
    let file = serde_json::json!({ "Records": [envelope["detail"]] });
    fs::write(logs.join("one.json.gz"), file.to_string())?;
    fs::write(
        folder.join("question.sql"),
        "SELECT count(*) AS calls FROM approval_calls;\n",
    )?;
    Ok(())
}

/// With everything in place: quiet says nothing beside the data, verbose names every call.
fn quiet_and_verbose(folder: &Path, aws_config: &Path) -> Result<()> {
    let quiet = shell(folder, aws_config, "pipetrail apply --quiet")?;
    ensure!(quiet.code == Some(0) && !quiet.stdout.is_empty());
    ensure!(quiet.stderr.is_empty(), "{}", quiet.stderr);
    let verbose = shell(folder, aws_config, "pipetrail apply --verbose")?.stderr;
    let calls: Vec<&str> = verbose.lines().filter_map(|line| line.strip_prefix("aws: ")).collect();
    for call in [
        "sts GetCallerIdentity, audit, eu-central-1, attempt 1, ",
        "organizations DescribeOrganization, management, ",
        "cloudformation DescribeStacks, audit, eu-central-1, attempt 1, ",
        "cloudformation DescribeStackSet, management, eu-central-1, attempt 1, ",
        "s3 HEAD, audit, eu-central-1, attempt 1, ",
    ] {
        ensure!(
            calls.iter().any(|line| line.starts_with(call)),
            "no call {call}\n{verbose}"
        );
    }
    ensure!(
        !verbose.contains("pipetrail-artifacts-"),
        "a parameter is told\n{verbose}"
    );
    Ok(())
}

/// What stands in the examples, and what it is here.
async fn placeholders(organization: &Organization) -> Result<Vec<(&'static str, String)>> {
    let cloud = &organization.relay.cloud;
    let client = Client::new(&cloud.at(&cloud.management, HOME).await?);
    let roots = client.list_roots().send().await?.roots.unwrap_or_default();
    let root = roots.into_iter().find_map(|root| root.id).context("no root")?;
    let units = client
        .list_organizational_units_for_parent()
        .parent_id(&root)
        .send()
        .await?;
    let mut units = units.organizational_units.unwrap_or_default();
    units.sort_by(|one, other| one.name.cmp(&other.name));
    let unit = units.into_iter().find_map(|unit| unit.id).context("no unit")?;
    Ok(vec![
        ("111122223333", organization.members[0].id.clone()),
        ("999988887777", cloud.audit.clone()),
        ("ou-ab12-11111111", unit),
        ("r-ab12", root),
    ])
}

fn substituted(line: &str, placeholders: &[(&str, String)]) -> String {
    // What comes after a pipe is not ours to run.
    let line = line.split(" | ").next().unwrap_or_default();
    placeholders
        .iter()
        .fold(line.to_owned(), |line, (from, to)| line.replace(from, to))
}

/// The example lines of every command, as its help shows them.
fn examples(folder: &Path) -> Result<BTreeMap<String, Vec<String>>> {
    let help = |line: &str| -> Result<String> {
        let ran = shell(folder, Path::new("/nonexistent"), line)?;
        ensure!(ran.code == Some(0), "`{line}` fails");
        Ok(ran.stdout)
    };
    let main = help("pipetrail --help")?;
    let commands = main
        .split_once("\nCommands:\n")
        .context("the help lists no commands")?
        .1;
    let commands = commands.lines().take_while(|line| !line.is_empty());
    // Continued descriptions are indented further.
    let commands = commands.filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')));
    let mut examples = BTreeMap::new();
    for command in commands
        .filter_map(|line| line.split(' ').next())
        .filter(|name| *name != "help")
    {
        let help = help(&format!("pipetrail {command} --help"))?;
        let lines = help.split_once("\nExamples:\n").map_or("", |(_, lines)| lines).lines();
        let lines = lines
            .filter_map(|line| line.strip_prefix("  "))
            .filter(|line| line.starts_with("pipetrail "));
        examples.insert(command.to_owned(), lines.map(str::to_owned).collect());
    }
    Ok(examples)
}

/// Runs a line as a user would type it, in a folder that is also the home, with nothing else set.
fn shell(folder: &Path, aws_config: &Path, line: &str) -> Result<Ran> {
    let path = std::env::var("PATH").unwrap_or_default();
    TestEnvironment::new(folder)
        .aws_config(aws_config)
        .with("PATH", format!("{}:{path}", folder.display()))
        .run("sh", &["-c", line])
}
