use std::path::Path;

use super::*;

const LEAST: &str = r#"
[organization]
organizational_units = ["r-ab12"]
regions = ["eu-central-1"]

[audit]
account = "012345678901"
region = "eu-central-1"
"#;

fn complaint_about(text: &str) -> String {
    match Config::parse(Path::new("pipetrail.toml"), text) {
        Ok(config) => format!("{config:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn two_tables_are_enough_and_the_rest_has_defaults() {
    let config = Config::parse(Path::new("pipetrail.toml"), LEAST);
    let config = config.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(config.audit.account.as_ref(), "012345678901");
    assert_eq!(config.retention.evidence_days, Number(2557));
    assert_eq!(config.heartbeat.schedule.as_ref(), "rate(1 hour)");
    assert_eq!(config.audit.architecture.as_str(), "x86_64");
    assert_eq!(config.rollout, Rollout::default());
    assert_eq!(config.rollout.max_concurrent_percentage, Number(20));
}

#[test]
fn an_account_without_quotes_is_told_to_be_quoted() {
    let text = LEAST.replace("\"012345678901\"", "112345678901");
    assert_eq!(
        complaint_about(&text),
        "pipetrail.toml:7: invalid type: integer `112345678901`, expected 12 digits in quotes, for example \"111122223333\""
    );
}

#[test]
fn an_account_of_eleven_digits_is_refused_at_its_line() {
    let text = LEAST.replace("012345678901", "12345678901");
    assert_eq!(
        complaint_about(&text),
        "pipetrail.toml:7: invalid value: string \"12345678901\", expected 12 digits in quotes, for example \"111122223333\""
    );
}

#[test]
fn an_unknown_key_is_refused_with_the_known_ones() {
    let text = format!("{LEAST}profil = \"audit\"\n");
    assert_eq!(
        complaint_about(&text),
        "pipetrail.toml:9: unknown field `profil`, expected one of `account`, `profile`, `role_arn`, `external_id`, `reader_profile`, `region`, `architecture`, `lake_writers`, `deployer_role`"
    );
}

#[test]
fn an_organizational_unit_by_its_name_is_refused() {
    let text = LEAST.replace("r-ab12", "Production");
    assert!(complaint_about(&text).starts_with(
        "pipetrail.toml:3: invalid value: string \"Production\", expected an organizational unit like \"ou-ab12-cdefgh34\""
    ));
}

#[test]
fn a_region_named_twice_is_refused_at_its_line() {
    let text = LEAST.replace("[\"eu-central-1\"]", "[\"eu-central-1\", \"eu-central-1\"]");
    assert_eq!(
        complaint_about(&text),
        "pipetrail.toml:4: \"eu-central-1\" is named twice, name it once"
    );
}

#[test]
fn an_empty_list_of_units_is_refused() {
    let text = LEAST.replace("\"r-ab12\"", "");
    assert_eq!(
        complaint_about(&text),
        "pipetrail.toml:3: the list is empty, name an organizational unit or root, for example \"r-ab12\""
    );
}

#[test]
fn a_number_out_of_range_names_the_range() {
    let text = format!("{LEAST}\n[delivery]\nbuffer_seconds = 30\n");
    assert_eq!(
        complaint_about(&text),
        "pipetrail.toml:11: invalid value: integer `30`, expected a whole number from 60 to 900"
    );
}

#[test]
fn a_missing_table_is_named() {
    assert!(
        complaint_about("[organization]\norganizational_units = [\"r-ab12\"]\nregions = [\"eu-west-1\"]\n")
            .ends_with("missing field `audit`")
    );
}

#[test]
fn an_operator_email_is_shown_neither_when_it_is_wrong_nor_when_it_is_right() {
    let of = |email: &str| complaint_about(&format!("{LEAST}\n[alerts]\noperator_email = \"{email}\"\n"));
    assert_eq!(
        of("someone at home"),
        "pipetrail.toml:11: invalid value: a private string, expected an e-mail address, for example \"security@example.com\""
    );
    let shown = of("someone@home.example");
    assert!(shown.contains("(private)") && !shown.contains("someone"), "{shown}");
}

#[test]
fn more_account_topics_than_a_stack_holds_are_refused() {
    let of = |number: usize| {
        let accounts: Vec<String> = (0..number).map(|account| format!("\"{account:012}\"")).collect();
        complaint_about(&format!(
            "{LEAST}\n[alerts]\naccount_topics = [{}]\n",
            accounts.join(", ")
        ))
    };
    assert!(of(150).starts_with("Config"), "{}", of(150));
    assert!(of(151).starts_with("pipetrail.toml:11: 151 accounts with a topic of their own, and 150 fit"));
    let twice = format!("{LEAST}\n[alerts]\naccount_topics = [\"000000000012\", \"000000000012\"]\n");
    assert_eq!(
        complaint_about(&twice),
        "pipetrail.toml:11: \"000000000012\" is named twice, name it once"
    );
}

#[test]
fn a_lake_writer_is_a_role_that_a_policy_can_name() {
    let of = |role: &str| {
        let text = format!("{LEAST}\nlake_writers = [\"{role}\"]\n");
        Config::parse(Path::new("pipetrail.toml"), &text).map_err(|error| error.to_string())
    };
    for right in [
        "arn:aws:iam::999988887777:role/auditor",
        "arn:aws:iam::999988887777:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Audit_*",
    ] {
        assert!(of(right).is_ok(), "{right}: {:?}", of(right));
    }
    for (wrong, why) in [
        ("arn:aws:iam::999988887777:role/*", "is any role"),
        ("arn:aws:iam::999988887777:role/a/*", "is any role"),
        ("arn:aws:iam::999988887777:role/a,b", "has a comma"),
        ("auditor", "the ARN of a role"),
    ] {
        let error = of(wrong).unwrap_err();
        assert!(error.contains(why), "{wrong}: {error}");
    }
}

#[test]
fn the_reader_is_where_stacks_are() {
    let text = LEAST.replace(
        "regions = [\"eu-central-1\"]",
        "regions = [\"us-east-1\", \"eu-west-1\"]",
    );
    let config = Config::parse(Path::new("pipetrail.toml"), &text).unwrap_or_else(|error| panic!("{error}"));
    let region = |config: &Config, home: &str| config.organization.reader_region(&home.parse().unwrap()).to_string();
    assert_eq!(region(&config, "us-east-1"), "us-east-1");
    // Another order in the file moves nothing.
    assert_eq!(region(&config, "eu-central-1"), "eu-west-1");
    let elsewhere = text.replace("[audit]", "reader_region = \"us-west-2\"\n[audit]");
    assert!(complaint_about(&elsewhere).contains("\"us-west-2\" is not among organization.regions"));
}
