//! The text of a first pipetrail.toml.

use crate::config::{AccountId, Email, OuId, Region};

/// All that the file says beside the defaults.
#[derive(Debug, PartialEq)]
pub(super) struct Answers {
    /// Profile of the management account.
    pub profile: Option<String>,
    /// Profile of the audit account.
    pub audit_profile: Option<String>,
    /// Units to enrol.
    pub units: Vec<OuId>,
    /// Regions to enrol.
    pub regions: Vec<Region>,
    /// The audit account.
    pub audit_account: AccountId,
    /// Its home region.
    pub home: Region,
    /// Address for alarms.
    pub operator_email: Option<Email>,
}

/// The file's text. What has a default stands there as a comment.
pub(super) fn render(answers: &Answers) -> String {
    let optional = |about: &str, key: &str, value: Option<&str>, example: &str| match value {
        Some(value) => format!("# {about}.\n{key} = {}", quoted(value)),
        None => format!("# {about}; for example\n# {key} = {}", quoted(example)),
    };
    let about = "AWS profile of the management account, or of a delegated administrator of StackSets";
    let profile = optional(about, "profile", answers.profile.as_deref(), "management");
    let about = "AWS profile of the audit account";
    let audit_profile = optional(about, "profile", answers.audit_profile.as_deref(), "audit");
    let about = "Address of the operator's alarms";
    let email = answers.operator_email.as_ref().map(AsRef::as_ref);
    let email = optional(about, "operator_email", email, "security@example.com");
    let (units, regions) = (list(&answers.units), list(&answers.regions));
    let (audit_account, home) = (quoted(answers.audit_account.as_str()), quoted(answers.home.as_str()));
    format!(
        r#"# pipetrail: who is enrolled, and where the collector stands. What is commented out has the value
# shown, or none where it says "for example".

[organization]
{profile}
# Role that the profile assumes there, and its external id; for example
# role_arn = "arn:aws:iam::111122223333:role/pipetrail"
# external_id = "pipetrail"
# AWS profile of the management account, where the first one is a delegated administrator's; for example
# management_profile = "management"
# Organizational units, or the root for all; child units are included.
organizational_units = {units}
# Single accounts beside the units, and accounts below them that are left out.
# accounts = []
# excluded_accounts = []
# Whether the management account, which stack sets never reach, gets stacks of its own.
# management_account = true
# Regions to enrol in every account.
regions = {regions}

[audit]
account = {audit_account}
{audit_profile}
# Role that the profile assumes there, and its external id; for example
# role_arn = "arn:aws:iam::999988887777:role/pipetrail"
# external_id = "pipetrail"
# Home region: bus, lake, stack set. It cannot be changed later.
region = {home}
# What the Lambda functions run on: "x86_64" or "arm64".
# architecture = "x86_64"
# AWS profile of the audit account that members are looked into with, where it is another; for example
# reader_profile = "audit-reader"
# Roles that run `ingest` or `settle` on the lake; for example
# lake_writers = ["arn:aws:iam::999988887777:role/auditor"]
# The role that runs `apply` and `destroy`: nobody else may then change the evidence bucket's policy; for example
# deployer_role = "arn:aws:iam::999988887777:role/pipetrail"

[retention]
# Days for which a month stays in the lake after its end; 0 keeps it for ever.
# lake_days = 0
# Days for which evidence records are locked, and whether that can be lifted ("GOVERNANCE") or by nobody
# ("COMPLIANCE").
# evidence_days = 2557
# evidence_mode = "GOVERNANCE"

[athena]
# The most that one query may read, in GB of 10^9 bytes.
# scan_limit_gb = 100

[alerts]
{email}
# Accounts that get an alert topic of their own, which they may subscribe to by themselves.
# account_topics = []

[delivery]
# Seconds for which Firehose collects before it writes, 60 to 900.
# buffer_seconds = 300
# Days for which the bus keeps events, but for heartbeats, for a replay; 0 makes no archive.
# archive_days = 7

[heartbeat]
# How often every account and region says that it still forwards.
# schedule = "rate(1 hour)"

[rollout]
# Per cent of a region's accounts at a time, and failures among them before an operation stops there: of a few
# accounts one may fail, unless this is 0.
# max_concurrent_percentage = 20
# failure_tolerance_percentage = 10
"#
    )
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn list<T: AsRef<str>>(values: &[T]) -> String {
    let values: Vec<String> = values.iter().map(|value| quoted(value.as_ref())).collect();
    format!("[{}]", values.join(", "))
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;
    use crate::config::Config;

    fn parsed<T: FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error:?}"))
    }

    fn answers() -> Answers {
        Answers {
            profile: Some("o'dd \"name\"".into()),
            audit_profile: Some("audit".into()),
            units: vec![parsed("ou-ab12-11111111"), parsed("ou-ab12-22222222")],
            regions: vec![parsed("eu-central-1"), parsed("eu-west-1")],
            audit_account: parsed("099988887777"),
            home: parsed("eu-central-1"),
            operator_email: Some(parsed("security@example.com")),
        }
    }

    fn config(text: &str) -> Config {
        toml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    #[test]
    fn the_file_says_what_was_answered() {
        let config = config(&render(&answers()));
        assert_eq!(config.organization.profile.as_deref(), Some("o'dd \"name\""));
        assert_eq!(config.organization.organizational_units, answers().units);
        assert_eq!(config.organization.regions, answers().regions);
        assert_eq!(config.audit.account, answers().audit_account);
        assert_eq!(config.audit.profile.as_deref(), Some("audit"));
        assert_eq!(config.audit.region, answers().home);
        assert_eq!(config.alerts.operator_email, answers().operator_email);
    }

    #[test]
    fn every_comment_that_is_no_example_is_the_default_and_every_setting_is_there() {
        let text = render(&answers());
        let mut example = false;
        let mut shown = String::new();
        for line in text.lines() {
            let setting = line
                .strip_prefix("# ")
                .filter(|line| line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ')));
            match setting {
                Some(setting) if !example => shown += setting,
                Some(_) => {}
                None => {
                    example = line.starts_with('#') && line.ends_with("for example");
                    shown += line;
                }
            }
            shown += "\n";
        }
        assert!(shown.contains("\nfailure_tolerance_percentage = 10\n"), "{shown}");
        assert_eq!(config(&shown), config(&text));
    }

    #[test]
    fn without_profiles_and_an_address_they_are_examples() {
        let answers = Answers {
            profile: None,
            audit_profile: None,
            operator_email: None,
            ..answers()
        };
        let config = config(&render(&answers));
        assert_eq!((config.organization.profile, config.audit.profile), (None, None));
        assert_eq!(config.alerts.operator_email, None);
    }
}
