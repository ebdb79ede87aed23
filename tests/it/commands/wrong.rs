//! What the command says and how it ends where nothing can be done: wrong usage, a wrong file, no way
//! into an account. None of it reaches AWS.

use std::fs;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::built::built;

const RIGHT: &str = "[organization]\norganizational_units = [\"r-ab12\"]\nregions = [\"eu-central-1\"]\n\
                     profile = \"management\"\n[audit]\naccount = \"999988887777\"\nregion = \"eu-central-1\"\n\
                     profile = \"audit\"\n";
const KEYS: &str = "aws_access_key_id = AKID\naws_secret_access_key = secret\n";

/// A folder with a `pipetrail.toml` and an AWS config, and nothing else.
struct Place(TempDir);

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Place {
    fn new(settings: &str, aws: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("pipetrail.toml"), settings).unwrap();
        fs::write(folder.path().join("aws"), aws).unwrap();
        Place(folder)
    }

    fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Said {
        let mut command = Command::new(&built().pipetrail);
        command.args(arguments).current_dir(self.0.path()).env_clear();
        command
            .env("HOME", self.0.path())
            .env("AWS_CONFIG_FILE", self.0.path().join("aws"))
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(environment.iter().copied());
        let output = command.stdin(Stdio::null()).output().unwrap();
        Said {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs `status`, which is to fail with an error of two lines: what is wrong, and what to do.
    fn refused(&self, code: i32, error: &str, hint: &str) {
        let said = self.run(&["status"], &[]);
        assert_eq!((said.code, said.out.as_str()), (Some(code), ""), "{}", said.err);
        assert!(said.err.starts_with(&format!("error: {error}")), "{}", said.err);
        let said_hint = said.err.lines().find_map(|line| line.strip_prefix("hint: "));
        assert!(said_hint.is_some_and(|line| line.contains(hint)), "{}", said.err);
    }
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
        Place::new(settings, "").refused(2, error, "correct pipetrail.toml");
    }
}

#[test]
fn a_missing_file_is_named_with_what_to_do() {
    let place = Place::new(RIGHT, "");
    fs::remove_file(place.0.path().join("pipetrail.toml")).unwrap();
    place.refused(2, "cannot read pipetrail.toml: ", "--config");
}

#[test]
fn a_profile_that_does_not_exist_is_named_with_its_file() {
    let place = Place::new(RIGHT, &format!("[profile management]\n{KEYS}"));
    let file = place.0.path().join("aws").display().to_string();
    let error = format!("{file} has no profile audit, which the audit account is to be reached with\n");
    place.refused(2, &error, "correct audit.profile in pipetrail.toml");
}

#[test]
fn keys_in_the_environment_do_not_stand_in_for_a_profile() {
    let empty = "[profile management]\nregion = eu-west-1\n[profile audit]\nregion = eu-west-1\n";
    let keys = [("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    let said = Place::new(RIGHT, empty).run(&["status"], &keys);
    let error = "error: no AWS credentials for the management account in profile management\n";
    assert!(said.err.starts_with(error), "{}", said.err);
}

#[test]
fn no_credentials_at_all_is_told_from_no_answer() {
    let without = RIGHT
        .replace("profile = \"management\"\n", "")
        .replace("profile = \"audit\"\n", "");
    let error = "no AWS credentials for the management account";
    Place::new(&without, "").refused(1, error, "set organization.profile in pipetrail.toml (or --profile)");
    let empty = "[profile management]\nregion = eu-west-1\n[profile audit]\nregion = eu-west-1\n";
    let error = "no AWS credentials for the management account in profile management";
    Place::new(RIGHT, empty).refused(1, error, "has credentials");
}

#[test]
fn an_endpoint_that_does_not_answer_is_told() {
    let endpoint = format!("{KEYS}endpoint_url = http://127.0.0.1:1\n");
    let aws = format!("[profile management]\n{endpoint}[profile audit]\n{endpoint}");
    let error = "cannot ask who the management profile belongs to: ";
    Place::new(RIGHT, &aws).refused(1, error, "endpoint_url");
}

#[test]
fn verbose_tells_every_attempt_and_no_secret() {
    let endpoint = format!("{KEYS}endpoint_url = http://127.0.0.1:1\n");
    let place = Place::new(
        RIGHT,
        &format!("[profile management]\n{endpoint}[profile audit]\n{endpoint}"),
    );
    let said = place.run(&["status", "--verbose"], &[]);
    let calls: Vec<&str> = said.err.lines().filter(|line| line.starts_with("aws: ")).collect();
    for account in ["management", "audit"] {
        for attempt in 1..=3 {
            let call = format!("aws: sts GetCallerIdentity, {account}, eu-central-1, attempt {attempt}, ");
            assert!(
                calls
                    .iter()
                    .any(|line| line.starts_with(&call) && line.ends_with("no answer")),
                "{call}: {}",
                said.err
            );
        }
    }
    assert!(!said.err.contains("AKID"), "{}", said.err);
}

#[test]
fn wrong_usage_is_two_and_help_has_no_colour_where_none_is_wanted() {
    let place = Place::new(RIGHT, "");
    assert_eq!(place.run(&["status", "--quiet", "--verbose"], &[]).code, Some(2));
    assert_eq!(place.run(&["nonsense"], &[]).code, Some(2));
    let coloured = place.run(&["--help"], &[("CLICOLOR_FORCE", "1")]);
    let plain = place.run(&["--help"], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]);
    assert!(coloured.out.contains('\u{1b}'));
    assert!(!plain.out.contains('\u{1b}'));
}

/// Every command as it is called with nothing wrong, as far as the command line goes.
const COMMANDS: [&[&str]; 11] = [
    &[
        "init",
        "--profile",
        "management",
        "--unit",
        "r-ab12",
        "--config",
        "new.toml",
    ],
    &["doctor", "--members"],
    &["plan", "--check", "--out", "plan"],
    &["apply", "--yes"],
    &["status", "--check"],
    &["enroll", "--yes", "--account", "111122223333"],
    &["unenroll", "--yes", "--unit", "ou-ab12-11111111"],
    &["subscribe", "--email", "someone@example.com", "--all"],
    &["unsubscribe", "--yes", "--email", "someone@example.com"],
    &["subscriptions", "--account", "111122223333"],
    &["destroy", "--yes"],
];

/// What every command says to bad input: the exit code, an error, nothing on standard output, no address.
#[test]
fn every_command_ends_with_the_documented_code_where_its_input_is_bad() {
    let long = "1".repeat(100_000);
    let right = Place::new(RIGHT, "");
    let broken = Place::new("[organization", "");
    let refused = |place: &Place, command: &[&str], more: &[&str], code: i32| {
        let said = place.run(&[command, more].concat(), &[]);
        let shown = &more.iter().map(|text| &text[..text.len().min(20)]).collect::<Vec<_>>();
        assert_eq!(said.code, Some(code), "{command:?} {shown:?}: {}", said.err);
        assert!(said.err.starts_with("error: "), "{command:?} {shown:?}: {}", said.err);
        assert_eq!(said.out, "", "{command:?} {shown:?}");
        assert!(!said.err.contains("someone"), "{command:?} {shown:?}: {}", said.err);
    };
    for command in COMMANDS {
        for more in [
            &["--nonsense"][..],
            &["--output", "yaml"],
            &["--endpoint-url", "nowhere"],
            &["--region", "Frankfurt"],
            &["--region", &long],
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
        &["enroll", "--unit", "Production"],
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
        &["init", "--unit", "r-ab12", "--profile", "none", "--config", "new.toml"],
    ] {
        let said = right.run(wrong, &[]);
        assert_eq!(
            (said.code, said.out.as_str()),
            (Some(2), ""),
            "{:?}: {}",
            wrong[0],
            said.err
        );
    }
    let aws = Place::new(
        RIGHT,
        &format!("[profile management]\n{KEYS}endpoint_url = http://127.0.0.1:1\n"),
    );
    let said = aws.run(&["init", "--profile", "nobody", "--config", "new.toml"], &[]);
    let hint = "hint: correct --profile; `aws configure list-profiles`";
    assert!(said.code == Some(2) && said.err.contains(hint), "{}", said.err);
    let said = right.run(&["doctor", "--profile", "none", "--output", "json"], &[]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(
        serde_json::from_str::<serde_json::Value>(&said.out).is_ok(),
        "{}",
        said.out
    );
}

#[test]
fn an_argument_or_a_path_that_is_not_utf_8_is_no_panic() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let odd = OsStr::from_bytes(b"\xff\xfe");
    for arguments in [
        [OsStr::new("plan"), OsStr::new("--config"), odd],
        [OsStr::new("plan"), OsStr::new("--profile"), odd],
        [OsStr::new("enroll"), OsStr::new("--account"), odd],
    ] {
        let mut command = Command::new(&built().pipetrail);
        let output = command.args(arguments).stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn data_that_cannot_be_written_is_an_error_and_a_reader_that_has_enough_is_none() {
    let run = |stdout: Stdio| {
        let mut command = Command::new(&built().pipetrail);
        command.args(["completions", "bash"]).stdin(Stdio::null());
        command.stdout(stdout).stderr(Stdio::piped()).output().unwrap()
    };
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = run(full.into());
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("error: cannot write to standard output: "), "{said}");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(run(writer.into()).status.code(), Some(0));
}
