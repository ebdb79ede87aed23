//! A new version over an old deployment, and plans that were saved.
//!
//! "Old" is made through the APIs: stacks and stack set are turned back to templates as an older
//! version would have had them.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{Capability, TemplateStage};
use pipetrail_tests::environment::Ran;
use pipetrail_tests::organization::{HOME, Organization};
use pipetrail_tests::player::play;
use pipetrail_tests::tally::query;
use pipetrail_tests::{aws, names};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::org;

const EVENT: &str = include_str!("../../fixtures/pipeline/succeeded.json");
/// The last column of `pipeline_executions`.
const COLUMN: &str = "stop_comments";

pub(super) async fn run(organization: &Organization, arguments: &[&str]) -> Result<Ran> {
    organization.run(arguments, &organization.aws_config).await
}

pub(super) async fn client(organization: &Organization) -> Result<Client> {
    Ok(Client::new(&organization.audit().await?))
}

pub(super) async fn status(client: &Client, stack: &str) -> Result<String> {
    let found = client.describe_stacks().stack_name(stack).send().await?;
    let status = found.stacks().first().and_then(|stack| stack.stack_status());
    Ok(status.map(|status| status.as_str().to_owned()).unwrap_or_default())
}

/// Waits until a stack is in one of these states.
pub(super) async fn reaches(client: &Client, stack: &str, wanted: &str) -> Result<()> {
    for _ in 0..200 {
        if status(client, stack).await? == wanted {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("{stack} is {}, not {wanted}", status(client, stack).await?)
}

/// Plays the fixture with another execution in the first member.
pub(super) async fn happens(organization: &Arc<Organization>, execution: &str) -> Result<()> {
    let value: Value = serde_json::from_str(EVENT)?;
    let id = value["detail"]["execution-id"].as_str().context("no execution id")?;
    let (from, region) = (&value["account"], &value["region"]);
    let text = EVENT.replace(id, execution);
    let place = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let envelope = org::moved(
        &text,
        (&place(from), &organization.members[0].id),
        (&place(region), HOME),
    );
    play(organization, vec![org::emit(&envelope)]).await?;
    // Not until all queues are empty: a notification whose function met the stack's update waits for
    // its visibility timeout, which is minutes.
    let (config, sql) = (
        organization.audit().await?,
        format!("SELECT count(DISTINCT event_key) FROM landing_pipeline_executions WHERE execution_id = '{execution}'"),
    );
    for _ in 0..120 {
        if query(&config, &sql).await? == [[Some("1".to_owned())]] {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    bail!("execution {execution} is not in the lake after a minute")
}

/// Updates a stack of the audit account to another template, everything else as it is.
async fn turn_back(organization: &Organization, stack: &str, change: &[(&str, &str)]) -> Result<()> {
    let client = &client(organization).await?;
    let template = changed(&template(client, stack).await?, change)?;
    // Too large to be sent inline.
    let bucket = names::bucket("artifacts", &organization.relay.cloud.audit, HOME);
    let put = aws::s3(&organization.audit().await?).put_object().bucket(&bucket);
    put.key("old.yaml").body(template.into_bytes().into()).send().await?;
    let url = format!("{}/{bucket}/old.yaml", organization.relay.cloud.ministack);
    let found = client.describe_stacks().stack_name(stack).send().await?;
    let found = found.stacks().first().context("no stack")?.clone();
    let update = client.update_stack().stack_name(stack).template_url(url);
    let update = update.set_parameters(found.parameters).set_tags(found.tags);
    update
        .capabilities(Capability::CapabilityNamedIam)
        .capabilities(Capability::CapabilityAutoExpand)
        .send()
        .await?;
    reaches(client, stack, "UPDATE_COMPLETE").await
}

/// The template of a stack as it was sent.
async fn template(client: &Client, stack: &str) -> Result<String> {
    let call = client.get_template().stack_name(stack);
    let found = call.template_stage(TemplateStage::Original).send().await?;
    found.template_body.context("no template")
}

fn changed(template: &str, change: &[(&str, &str)]) -> Result<String> {
    let mut text = template.to_owned();
    for (from, to) in change {
        ensure!(text.contains(from), "{from} is not in the template");
        text = text.replacen(from, to, 1);
    }
    Ok(text)
}

/// Deploys the state of an older version over the present one.
async fn make_old(organization: &Organization) -> Result<()> {
    let client = client(organization).await?;
    let data = template(&client, "pipetrail-data").await?;
    // Of both tiers.
    let columns: Vec<String> = data
        .lines()
        .filter(|line| line.contains(COLUMN))
        .map(|line| format!("{line}\n"))
        .collect();
    ensure!(columns.len() == 2, "{columns:?}");
    let gone: Vec<(&str, &str)> = columns.iter().map(|line| (line.as_str(), "")).collect();
    turn_back(organization, "pipetrail-data", &gone).await?;
    turn_back(
        organization,
        "pipetrail-pipeline",
        &[("pipetrail, ", "an older pipetrail, ")],
    )
    .await?;
    let cloud = &organization.relay.cloud;
    let management = Client::new(&cloud.at(&cloud.management, HOME).await?);
    let set = management.describe_stack_set().stack_set_name("pipetrail-member");
    let set = set.send().await?.stack_set.context("no stack set")?;
    let template = set.template_body.context("no template")?;
    let update = management.update_stack_set().stack_set_name("pipetrail-member");
    let update = update.template_body(changed(&template, &[("pipetrail, ", "an older pipetrail, ")])?);
    let update = update.set_parameters(set.parameters).set_tags(set.tags);
    update.capabilities(Capability::CapabilityNamedIam).send().await?;
    Ok(())
}

/// Runs `apply` until it has said that the first stack is done, and kills it there.
async fn killed_after_the_first_stack(organization: &Organization) -> Result<()> {
    let mut command = organization.command(&["apply"], &organization.aws_config);
    let mut child = command.stdout(Stdio::null()).spawn()?;
    let mut lines = BufReader::new(child.stderr.take().context("no standard error")?).lines();
    while let Some(line) = lines.next_line().await? {
        if line.starts_with("done    stack ") {
            child.kill().await?;
            return Ok(());
        }
    }
    bail!("no stack ended")
}

#[test]
fn an_old_deployment_is_brought_forward_though_interrupted_and_old_rows_stay_readable() {
    org::with(|shared| async move {
        let organization = Arc::new(org::fresh(&shared, 1).await?);
        organization.apply().await?;
        make_old(&organization).await?;
        organization.relay.invalidate().await;
        let (old, new) = (
            "11111111-0000-4000-8000-000000000001",
            "11111111-0000-4000-8000-000000000002",
        );
        happens(&organization, old).await?;
        let sql = format!(
            "SELECT execution_id, {COLUMN} FROM landing_pipeline_executions WHERE account_id = '{}' ORDER BY execution_id",
            organization.members[0].id
        );
        let config = organization.audit().await?;
        ensure!(
            query(&config, &sql).await.is_err(),
            "the old file has the new column already"
        );

        let ran = run(&organization, &["plan", "--check", "--output", "json"]).await?;
        assert_eq!(ran.code, Some(3), "{}", ran.stderr);
        let report = ran.json()?;
        let stacks = report["plan"]["stacks"].as_array().context("no stacks")?;
        let named: Vec<_> = stacks
            .iter()
            .map(|stack| stack["name"].as_str().unwrap_or_default())
            .collect();
        assert_eq!(named, ["pipetrail-data", "pipetrail-pipeline"]);
        let change = &stacks[0]["changes"][0];
        assert_eq!(
            (&change["added"], &change["removed"]),
            (&Value::from(2), &Value::from(0))
        );
        let diff = change["diff"].as_str().context("no diff")?;
        let added: Vec<_> = diff.lines().filter(|line| line.starts_with('+')).collect();
        assert!(
            added.len() == 2 && added.iter().all(|line| line.contains(COLUMN)),
            "{diff}"
        );
        assert_eq!(report["plan"]["stack_set"]["action"], "update");

        killed_after_the_first_stack(&organization).await?;
        let ran = run(&organization, &["apply", "--output", "json"]).await?;
        assert_eq!(
            (ran.code, &ran.json()?["result"]),
            (Some(0), &Value::from("applied")),
            "{}",
            ran.stderr
        );
        let ran = run(&organization, &["apply", "--output", "json"]).await?;
        assert_eq!(ran.json()?["result"], "unchanged", "{}", ran.stderr);
        assert_eq!(run(&organization, &["plan", "--check"]).await?.code, Some(0));

        organization.relay.invalidate().await;
        happens(&organization, new).await?;
        let rows = query(&config, &sql).await?;
        let found: Vec<_> = rows.iter().map(|row| row[0].as_deref().unwrap_or_default()).collect();
        assert_eq!(found, [old, new]);
        Ok(())
    });
}

#[test]
fn an_installation_whose_pipeline_stack_tells_of_a_bus_is_refused_and_its_lake_survives_what_the_hint_says() {
    org::with(|shared| async move {
        let mut organization = org::fresh(&shared, 1).await?;
        let targeted = organization.targeted().await?;
        organization.aws_config.clone_from(&targeted.aws_config);
        organization.apply().await?;
        let kept = "approval_calls/account_id=111122223333/month=2026-11/kept.parquet";
        let lake = names::bucket("lake", &organization.relay.cloud.audit, HOME);
        let s3 = aws::s3(&organization.audit().await?);
        s3.put_object()
            .bucket(&lake)
            .key(kept)
            .body(b"rows".to_vec().into())
            .send()
            .await?;
        let with_bus = ("Outputs:\n", "Outputs:\n  BusArn:\n    Value: the-bus\n");
        turn_back(&organization, "pipetrail-pipeline", &[with_bus]).await?;

        let member = organization.members[0].id.as_str();
        for command in [&["plan"][..], &["apply"], &["enroll", "--account", member, "--yes"]] {
            let ran = run(&organization, command).await?;
            assert_eq!(ran.code, Some(1), "{}", ran.stderr);
            for said in [
                "its bus belongs to stack pipetrail-pipeline",
                "hint: run `pipetrail destroy`",
            ] {
                assert!(ran.stderr.contains(said), "{}", ran.stderr);
            }
        }
        let ran = run(&organization, &["destroy", "--yes"]).await?;
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        organization.apply().await?;
        let found = s3.get_object().bucket(&lake).key(kept).send().await?;
        assert_eq!(found.body.collect().await?.to_vec(), b"rows");
        Ok(())
    });
}

#[test]
fn a_saved_plan_is_applied_once_and_then_refused() {
    org::with(|shared| async move {
        let organization = org::fresh(&shared, 1).await?;
        let path: PathBuf = organization.folder().join("saved.plan");
        let file = path.to_str().context("a path that is no text")?;
        let planned = run(&organization, &["plan", "--out", file]).await?;
        assert_eq!(planned.code, Some(0), "{}", planned.stderr);
        assert!(
            planned.stdout.contains("+ stack pipetrail-artifacts: create"),
            "{}",
            planned.stdout
        );

        let applied = run(&organization, &["apply", file]).await?;
        assert_eq!(applied.code, Some(0), "{}", applied.stderr);
        let again = run(&organization, &["apply", "--plan", file]).await?;
        assert_eq!(again.code, Some(1), "{}", again.stderr);
        for said in ["is not the plan any more", "stacks[0]: ", "pipetrail plan --out"] {
            assert!(again.stderr.contains(said), "{}", again.stderr);
        }

        std::fs::write(&path, "{\"format\": 1")?;
        let broken = run(&organization, &["apply", file]).await?;
        assert_eq!(broken.code, Some(2), "{}", broken.stderr);
        assert!(broken.stderr.contains("is not a plan file"), "{}", broken.stderr);
        Ok(())
    });
}
