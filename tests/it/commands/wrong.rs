//! What the command says and how it ends where nothing can be done: wrong usage, a wrong file, no way
//! into an account. None of it reaches AWS.

use std::fs;
use std::process::Stdio;

use pipetrail_tests::environment::{Ran, TestEnvironment};
use tempfile::TempDir;

use crate::built::built;

const RIGHT: &str = "[organization]\norganizational_units = [\"r-ab12\"]\nregions = [\"eu-central-1\"]\n\
                     profile = \"management\"\n[audit]\naccount = \"999988887777\"\nregion = \"eu-central-1\"\n\
                     profile = \"audit\"\n";
const KEYS: &str = "aws_access_key_id = AKID\naws_secret_access_key = secret\n";

/// A folder with a `pipetrail.toml` and an AWS config, and nothing else.
struct Configured {
    environment: TestEnvironment,
    folder: TempDir,
}

impl Configured {
    fn new(settings: &str, aws: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let aws_config = folder.path().join("aws");
        fs::write(folder.path().join("pipetrail.toml"), settings).unwrap();
        fs::write(&aws_config, aws).unwrap();
        let environment = TestEnvironment::new(folder.path()).aws_config(&aws_config);
        Self { environment, folder }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        run(&self.environment, arguments)
    }

    /// Runs `status`, which is to fail with an error of two lines: what is wrong, and what to do.
    fn refused(&self, code: i32, error: &str, hint: &str) {
        let ran = self.run(&["status"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(code), ""), "{}", ran.stderr);
        assert!(ran.stderr.starts_with(&format!("error: {error}")), "{}", ran.stderr);
        let said_hint = ran.stderr.lines().find_map(|line| line.strip_prefix("hint: "));
        assert!(said_hint.is_some_and(|line| line.contains(hint)), "{}", ran.stderr);
    }
}

fn run(environment: &TestEnvironment, arguments: &[&str]) -> Ran {
    environment.run(&built().pipetrail, arguments).unwrap()
}

#[test]
fn a_wrong_file_is_named_with_its_line_and_what_to_write() {
    let cases = [
        ("[organization\n", "pipetrail.toml:1: "),
        (
            &RIGHT.replace("profile = \"audit\"", "profil = \"audit\""),
            "pipetrail.toml:8: unknown field `profil`",
        ),
        (
            &RIGHT.replace("999988887777", "99998888777"),
            "pipetrail.toml:6: invalid value",
        ),
        (
            &RIGHT.replace("r-ab12", "Production"),
            "pipetrail.toml:2: invalid value",
        ),
    ];
    for (settings, error) in cases {
        Configured::new(settings, "").refused(2, error, "correct pipetrail.toml");
    }
}

#[test]
fn a_missing_file_is_named_with_what_to_do() {
    let configured = Configured::new(RIGHT, "");
    fs::remove_file(configured.folder.path().join("pipetrail.toml")).unwrap();
    configured.refused(2, "cannot read pipetrail.toml: ", "--config");
}

#[test]
fn a_profile_that_does_not_exist_is_named_with_its_file() {
    let configured = Configured::new(RIGHT, &format!("[profile management]\n{KEYS}"));
    let file = configured.folder.path().join("aws").display().to_string();
    let error = format!("{file} has no profile audit, which the audit account is to be reached with\n");
    configured.refused(2, &error, "correct audit.profile in pipetrail.toml");
}

#[test]
fn keys_in_the_environment_do_not_stand_in_for_a_profile() {
    let empty = "[profile management]\nregion = eu-west-1\n[profile audit]\nregion = eu-west-1\n";
    let configured = Configured::new(RIGHT, empty);
    let environment = configured.environment.clone().with("AWS_ACCESS_KEY_ID", "AKID");
    let ran = run(&environment.with("AWS_SECRET_ACCESS_KEY", "secret"), &["status"]);
    let error = "error: no AWS credentials for the management account in profile management\n";
    assert!(ran.stderr.starts_with(error), "{}", ran.stderr);
}

#[test]
fn no_credentials_at_all_is_told_from_no_answer() {
    let without = RIGHT
        .replace("profile = \"management\"\n", "")
        .replace("profile = \"audit\"\n", "");
    let error = "no AWS credentials for the management account";
    Configured::new(&without, "").refused(1, error, "set organization.profile in pipetrail.toml (or --profile)");
    let empty = "[profile management]\nregion = eu-west-1\n[profile audit]\nregion = eu-west-1\n";
    let error = "no AWS credentials for the management account in profile management";
    Configured::new(RIGHT, empty).refused(1, error, "has credentials");
}

#[test]
fn an_endpoint_that_does_not_answer_is_told() {
    let endpoint = format!("{KEYS}endpoint_url = http://127.0.0.1:1\n");
    let aws = format!("[profile management]\n{endpoint}[profile audit]\n{endpoint}");
    let error = "cannot ask who the management profile belongs to: ";
    Configured::new(RIGHT, &aws).refused(1, error, "endpoint_url");
}

#[test]
fn verbose_tells_every_attempt_and_no_secret() {
    let endpoint = format!("{KEYS}endpoint_url = http://127.0.0.1:1\n");
    let configured = Configured::new(
        RIGHT,
        &format!("[profile management]\n{endpoint}[profile audit]\n{endpoint}"),
    );
    let ran = configured.run(&["status", "--verbose"]);
    let calls: Vec<&str> = ran.stderr.lines().filter(|line| line.starts_with("aws: ")).collect();
    for account in ["management", "audit"] {
        for attempt in 1..=3 {
            let call = format!("aws: sts GetCallerIdentity, {account}, eu-central-1, attempt {attempt}, ");
            assert!(
                calls
                    .iter()
                    .any(|line| line.starts_with(&call) && line.ends_with("no answer")),
                "{call}: {}",
                ran.stderr
            );
        }
    }
    assert!(!ran.stderr.contains("AKID"), "{}", ran.stderr);
}

#[test]
fn wrong_usage_is_two_and_help_has_no_colour_where_none_is_wanted() {
    let configured = Configured::new(RIGHT, "");
    assert_eq!(configured.run(&["status", "--quiet", "--verbose"]).code, Some(2));
    assert_eq!(configured.run(&["nonsense"]).code, Some(2));
    let forced = configured.environment.clone().with("CLICOLOR_FORCE", "1");
    let plain = run(&forced.clone().with("NO_COLOR", "1"), &["--help"]);
    let coloured = run(&forced.without("NO_COLOR"), &["--help"]);
    assert!(coloured.stdout.contains('\u{1b}'));
    assert!(!plain.stdout.contains('\u{1b}'));
}

/// Every command as it is called with nothing wrong, as far as the command line goes.
const COMMANDS: [&[&str]; 11] = [
    &[
        "init",
        "--profile",
        "management",
        "--ou",
        "r-ab12",
        "--config",
        "new.toml",
    ],
    &["doctor", "--members"],
    &["plan", "--check", "--out", "plan"],
    &["apply", "--yes"],
    &["status", "--check"],
    &["enroll", "--yes", "--account", "111122223333"],
    &["unenroll", "--yes", "--ou", "ou-ab12-11111111"],
    &["subscribe", "--email", "someone@example.com", "--all"],
    &["unsubscribe", "--yes", "--email", "someone@example.com"],
    &["subscriptions", "--account", "111122223333"],
    &["destroy", "--yes"],
];

/// What every command says to bad input: the exit code, an error, nothing on standard output, no address.
#[test]
fn every_command_ends_with_the_documented_code_where_its_input_is_bad() {
    let long = "1".repeat(100_000);
    let right = Configured::new(RIGHT, "");
    let broken = Configured::new("[organization", "");
    let refused = |configured: &Configured, command: &[&str], more: &[&str], code: i32| {
        let ran = configured.run(&[command, more].concat());
        let shown = &more.iter().map(|text| &text[..text.len().min(20)]).collect::<Vec<_>>();
        assert_eq!(ran.code, Some(code), "{command:?} {shown:?}: {}", ran.stderr);
        assert!(
            ran.stderr.starts_with("error: "),
            "{command:?} {shown:?}: {}",
            ran.stderr
        );
        assert_eq!(ran.stdout, "", "{command:?} {shown:?}");
        assert!(!ran.stderr.contains("someone"), "{command:?} {shown:?}: {}", ran.stderr);
    };
    for command in COMMANDS {
        for more in [
            &["--nonsense"][..],
            &["--output", "yaml"],
            &["--endpoint-url", "nowhere"],
            &["--home-region", "Frankfurt"],
            &["--home-region", &long],
            &["--quiet", "--verbose"],
            &["--profile"],
            &["someone@example.com", "someone.else@example.com"],
        ] {
            // An argument that `apply` takes for a plan, and `unsubscribe` for an ARN.
            refused(&right, command, more, 2);
        }
        if command[0] != "init" {
            refused(&right, command, &["--config", "elsewhere/none.toml"], 2);
            refused(&broken, command, &[], 2);
        }
        // A profile that is not there is wrong configuration; for `doctor` it is a line of the report.
        if command[0] != "doctor" {
            refused(&right, command, &["--profile", "none", "--audit-profile", "none"], 2);
        }
    }
    for wrong in [
        &["enroll", "--account", &long][..],
        &["enroll", "--ou", "Production"],
        &["enroll", "--yes"],
        &["unenroll", "--account", "1111"],
        &["subscribe", "--all"],
        &["subscribe", "--email", "someone", "--all"],
        &["subscribe", "--email", "team@example.com"],
        &["subscribe", "--https", "http://example.com/someone", "--all"],
        &["subscribe", "--lambda", &long, "--all"],
        &["unsubscribe"],
        &["subscriptions", "--account", "x"],
        &["apply", "--yes", "pipetrail.toml"],
        &["apply", "--yes", "none.plan"],
        &["status", "--verdict", "fine"],
        &["destroy", "--yes", "--delete-data", "someone"],
        &["doctor", "--yes"],
        &["completions", "tcsh"],
        &["init", "--operator-email", "someone@example"],
        &["init", "--ou", "r-ab12", "--profile", "none", "--config", "new.toml"],
    ] {
        let ran = right.run(wrong);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(2), ""),
            "{:?}: {}",
            wrong[0],
            ran.stderr
        );
    }
    let aws = Configured::new(
        RIGHT,
        &format!("[profile management]\n{KEYS}endpoint_url = http://127.0.0.1:1\n"),
    );
    let ran = aws.run(&["init", "--profile", "nobody", "--config", "new.toml"]);
    let hint = "hint: correct --profile; `aws configure list-profiles`";
    assert!(ran.code == Some(2) && ran.stderr.contains(hint), "{}", ran.stderr);
    let ran = right.run(&["doctor", "--profile", "none", "--output", "json"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(
        serde_json::from_str::<serde_json::Value>(&ran.stdout).is_ok(),
        "{}",
        ran.stdout
    );
}

#[test]
fn an_argument_or_a_path_that_is_not_utf_8_is_no_panic() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let odd = OsStr::from_bytes(b"\xff\xfe");
    let folder = tempfile::tempdir().unwrap();
    let environment = TestEnvironment::new(folder.path());
    for arguments in [
        [OsStr::new("plan"), OsStr::new("--config"), odd],
        [OsStr::new("plan"), OsStr::new("--profile"), odd],
        [OsStr::new("enroll"), OsStr::new("--account"), odd],
    ] {
        let ran = environment.run(&built().pipetrail, &arguments).unwrap();
        assert_eq!(ran.code, Some(2), "{arguments:?}");
    }
}

#[test]
fn data_that_cannot_be_written_is_an_error_and_a_reader_that_has_enough_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let run = |stdout: Stdio| {
        let mut command = TestEnvironment::new(folder.path()).command(&built().pipetrail);
        command.args(["completions", "bash"]);
        Ran::from(command.stdout(stdout).stderr(Stdio::piped()).output().unwrap())
    };
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ran = run(full.into());
    assert_eq!(ran.code, Some(1));
    let said = ran.stderr;
    assert!(said.starts_with("error: cannot write to standard output: "), "{said}");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(run(writer.into()).code, Some(0));
}
