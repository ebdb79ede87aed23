mod resources;

use serde_json::json;

use super::super::check::Grade;
use super::*;

const FULL: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// FullAWSAccess and one more policy, both on the root.
fn with(statement: &Value) -> Policies {
    let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    Policies {
        enabled: true,
        attached: BTreeMap::from([(
            "r-ab12".parse().unwrap(),
            BTreeSet::from(["p-FullAWSAccess".to_owned(), "p-tested00".to_owned()]),
        )]),
        documents: BTreeMap::from([
            ("p-FullAWSAccess".to_owned(), FULL.to_owned()),
            ("p-tested00".to_owned(), document),
        ]),
        left_out: 0,
        above: [(); 2].map(|()| BTreeSet::from(["r-ab12".parse().unwrap()])),
    }
}

/// The same, and members below units too.
fn with_units(statement: &Value, units: &[&str]) -> Policies {
    let mut policies = with(statement);
    policies.above[0].extend(units.iter().map(|unit| unit.parse().unwrap()));
    policies
}

/// With the first of the regions as home region.
fn config(regions: &[&str]) -> Config {
    let text = format!(
        "[organization]\norganizational_units = [\"r-ab12\"]\nregions = {regions:?}\n\
         [audit]\naccount = \"999988887777\"\nregion = {:?}\n",
        regions[0]
    );
    toml::from_str(&text).unwrap()
}

fn judged(policies: &Policies) -> Vec<Check> {
    judge(
        &config(&["eu-central-1", "eu-west-1"]),
        "o-abcdefghij",
        Kind::ServiceControl,
        policies,
    )
}

fn worst(statement: &Value) -> Grade {
    let checks = judged(&with(statement));
    let by = |verdict| checks.iter().any(|check| check.verdict == verdict);
    if by(Grade::Failed) {
        Grade::Failed
    } else if by(Grade::Warning) {
        Grade::Warning
    } else {
        assert_eq!(checks.len(), 1, "{checks:?}");
        checks[0].verdict
    }
}

#[test]
fn our_own_policy_stands_in_nobodys_way() {
    let policy: Value = serde_json::from_str(include_str!("../../../../member-stack/scp.json")).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    for statement in statements {
        assert_eq!(worst(statement), Grade::Ok, "{statement}");
        // Without its condition it is in the way of what it protects, but for StackSets' own role.
        if statement["Sid"] == "StackSetsRole" {
            continue;
        }
        let mut strict = statement.clone();
        strict.as_object_mut().unwrap().remove("Condition");
        assert_eq!(worst(&strict), Grade::Failed, "{strict}");
    }
}

#[test]
fn denials_are_told_from_what_only_looks_like_one() {
    let exempt = json!("arn:aws:iam::*:role/stacksets-exec-*");
    let all = json!(roles().map(|role| principal(&role, "*", "aws")));
    let deny = |action: Value, condition: Value| json!({"Effect": "Deny", "Action": action, "Resource": "*", "Condition": condition});
    let cases = [
        // Plain.
        (
            json!({"Effect": "Deny", "Action": "events:PutRule", "Resource": "*"}),
            Grade::Failed,
        ),
        (
            json!({"Effect": "Deny", "Action": ["EVENTS:put*"], "Resource": ["*"]}),
            Grade::Failed,
        ),
        (
            json!({"Effect": "Deny", "Action": "iam:*", "Resource": "*"}),
            Grade::Failed,
        ),
        (json!({"Effect": "Deny", "Action": "*", "Resource": "*"}), Grade::Failed),
        (
            json!({"Effect": "Deny", "Action": ["s3:*", "organizations:LeaveOrganization"], "Resource": "*"}),
            Grade::Ok,
        ),
        (
            json!({"Effect": "Deny", "Action": "iam:CreateUser", "Resource": "*"}),
            Grade::Ok,
        ),
        // StackSets may, but not who looks into members.
        (
            deny(json!("iam:*"), json!({"ArnNotLike": {"aws:PrincipalArn": exempt}})),
            Grade::Failed,
        ),
        // NotAction denies everything else.
        (
            json!({"Effect": "Deny", "NotAction": ["s3:*"], "Resource": "*"}),
            Grade::Failed,
        ),
        (
            json!({"Effect": "Deny", "NotAction": ["events:*", "iam:*", "sqs:*", "scheduler:*", "cloudformation:*"], "Resource": "*"}),
            Grade::Ok,
        ),
        // Resources.
        (
            json!({"Effect": "Deny", "Action": "iam:*", "Resource": "arn:aws:iam::*:role/pipetrail-*"}),
            Grade::Failed,
        ),
        (
            json!({"Effect": "Deny", "Action": "iam:*", "Resource": "arn:aws:iam::*:role/admin"}),
            Grade::Ok,
        ),
        (
            json!({"Effect": "Deny", "Action": "iam:*", "Resource": "arn:aws:iam::111122223333:role/*"}),
            Grade::Warning,
        ),
        (
            json!({"Effect": "Deny", "Action": "iam:*", "NotResource": "arn:aws:iam::*:role/pipetrail-*"}),
            Grade::Ok,
        ),
        (
            json!({"Effect": "Deny", "Action": "iam:*", "NotResource": "arn:aws:iam::*:role/teams/*"}),
            Grade::Failed,
        ),
        (
            json!({"Effect": "Deny", "Action": "iam:*", "Resource": "arn:aws:iam::*:role/${aws:PrincipalTag/team}"}),
            Grade::Warning,
        ),
        // Exemptions by role.
        (
            deny(
                json!(["iam:CreateRole", "events:PutRule"]),
                json!({"ArnNotLike": {"aws:PrincipalArn": exempt}}),
            ),
            Grade::Ok,
        ),
        (
            deny(json!("events:*"), json!({"ArnNotLike": {"aws:PrincipalArn": exempt}})),
            Grade::Failed,
        ),
        (
            deny(json!("events:*"), json!({"StringNotLike": {"aws:PrincipalARN": all}})),
            Grade::Ok,
        ),
        (
            deny(
                json!("events:*"),
                json!({"StringNotEquals": {"aws:PrincipalArn": ["arn:aws:iam::111122223333:role/admin"]}}),
            ),
            Grade::Failed,
        ),
        (
            deny(
                json!("iam:CreateRole"),
                json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/stacksets-exec-*"}}),
            ),
            Grade::Warning,
        ),
        (
            deny(
                json!("events:*"),
                json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/developer-*"}}),
            ),
            Grade::Ok,
        ),
        (
            deny(
                json!("events:*"),
                json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}}),
            ),
            Grade::Ok,
        ),
        // Regions: IAM is in us-east-1.
        (
            deny(
                json!("*"),
                json!({"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1", "eu-west-1", "us-east-1"]}}),
            ),
            Grade::Ok,
        ),
        (
            deny(
                json!("*"),
                json!({"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1", "us-east-1"]}}),
            ),
            Grade::Failed,
        ),
        (
            deny(
                json!("*"),
                json!({"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1", "eu-west-1"]}}),
            ),
            Grade::Failed,
        ),
        (
            json!({"Effect": "Deny", "NotAction": "iam:*", "Resource": "*",
                   "Condition": {"StringNotEqualsIfExists": {"aws:RequestedRegion": ["eu-central-1", "eu-west-1"]}}}),
            Grade::Ok,
        ),
        // Data perimeters.
        (
            deny(
                json!("*"),
                json!({"StringNotEqualsIfExists": {"aws:ResourceOrgID": "o-abcdefghij"}}),
            ),
            Grade::Ok,
        ),
        (
            deny(
                json!("*"),
                json!({"StringNotEqualsIfExists": {"aws:ResourceOrgID": "o-otherotherr"}}),
            ),
            Grade::Failed,
        ),
        (
            deny(
                json!("*"),
                json!({"BoolIfExists": {"aws:PrincipalIsAWSService": "true"}}),
            ),
            Grade::Ok,
        ),
        // What cannot be judged is never ok, unless something else rules the statement out.
        (
            deny(
                json!("*"),
                json!({"StringNotEquals": {"aws:PrincipalTag/team": "platform"}}),
            ),
            Grade::Warning,
        ),
        (
            deny(
                json!("*"),
                json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}),
            ),
            Grade::Warning,
        ),
        (
            deny(
                json!("*"),
                json!({"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}),
            ),
            Grade::Warning,
        ),
        (
            deny(
                json!("*"),
                json!({"StringNotEquals": {"aws:PrincipalTag/a": "b"}, "ArnNotLike": {"aws:PrincipalArn": all}}),
            ),
            Grade::Ok,
        ),
        (
            deny(json!("*"), json!({"Null": {"aws:PrincipalArn": "true"}})),
            Grade::Ok,
        ),
        // A `*` in a part of an ARN ends at the colon, but not in a string.
        (
            deny(
                json!("iam:CreateRole"),
                json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam:*:role/stacksets-exec-*"}}),
            ),
            Grade::Warning,
        ),
        (
            deny(
                json!("iam:CreateRole"),
                json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:*::*ole/stacksets-exec-*:*"}}),
            ),
            Grade::Failed,
        ),
        (
            deny(
                json!("iam:CreateRole"),
                json!({"StringNotLike": {"aws:PrincipalArn": "arn:*role/stacksets-exec-*"}}),
            ),
            Grade::Ok,
        ),
        // Several conditions: all have to hold, and one exemption is enough.
        (
            deny(
                json!("e*s:P?tR*"),
                json!({"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-west-2"]}, "StringNotLike": {"aws:PrincipalArn": "*:role/admin"}}),
            ),
            Grade::Failed,
        ),
        (
            deny(
                json!("events:PutRule"),
                json!({"ForAnyValue:StringEquals": {"aws:RequestedRegion": ["us-west-2"]}, "ArnLike": {"aws:PrincipalArn": "*"}}),
            ),
            Grade::Ok,
        ),
        (
            deny(
                json!("events:PutRule"),
                json!({"StringEqualsIgnoreCase": {"aws:PrincipalArn": "ARN:aws:iam::111122223333:role/STACKSETS-exec-1"}}),
            ),
            Grade::Warning,
        ),
        (
            deny(
                json!("events:PutRule"),
                json!({"StringNotEqualsIgnoreCase": {"aws:RequestedRegion": ["EU-Central-1", "EU-WEST-1"]}}),
            ),
            Grade::Ok,
        ),
        (
            deny(
                json!("events:PutRule"),
                json!({"StringNotEquals": {"aws:PrincipalArn": "${aws:PrincipalTag/exempt}"}}),
            ),
            Grade::Warning,
        ),
        // A stack's ARN ends in its id, behind a slash.
        (
            json!({"Effect": "Deny", "Action": "cloudformation:*", "Resource": "arn:aws:cloudformation:*:*:stack/StackSet-*/*"}),
            Grade::Failed,
        ),
        (
            json!({"Effect": "Deny", "Action": "cloudformation:*", "Resource": "arn:aws:cloudformation:*:*:stack/StackSet-pipetrail-*"}),
            Grade::Failed,
        ),
        (
            json!({"Effect": "Deny", "Action": "cloudformation:*", "Resource": "arn:aws:cloudformation:*:*:stack/StackSet-pipetrail-member-0*"}),
            Grade::Warning,
        ),
        (
            json!({"Effect": "Deny", "Action": "cloudformation:*", "NotResource": "arn:aws:cloudformation:*:*:stack/StackSet-*/*"}),
            Grade::Ok,
        ),
        (
            json!({"Effect": "Deny", "Action": "cloudformation:*", "Resource": "arn:aws:cloudformation:*:*:stack/landing-zone-*/*"}),
            Grade::Ok,
        ),
        // What CloudFormation does on the way.
        (
            json!({"Effect": "Deny", "Action": ["iam:Tag*", "iam:Untag*"], "Resource": "*"}),
            Grade::Failed,
        ),
        // Nonsense.
        (json!({"Effect": "Deny"}), Grade::Warning),
        (deny(json!("*"), json!("nonsense")), Grade::Warning),
    ];
    for (statement, wanted) in cases {
        assert_eq!(worst(&statement), wanted, "{statement}");
    }
}

#[test]
fn a_denial_names_policy_statement_target_and_role() {
    let found = judged(&with(
        &json!({"Sid": "NoRules", "Effect": "Deny", "Action": "events:PutRule", "Resource": "*"}),
    ));
    assert_eq!(
        found[0].evidence,
        "policy p-tested00 (statement NoRules) on r-ab12 denies events:PutRule in eu-central-1 by stacksets-exec-*; events:PutRule in eu-west-1 by stacksets-exec-*"
    );
}

#[test]
fn what_no_policy_of_a_unit_allows_is_denied_as_well() {
    let allow = json!({"Effect": "Allow", "Action": ["s3:*", "events:*"], "Resource": "*"});
    let mut policies = with_units(&allow, &["ou-ab12-11111111"]);
    policies.attached.insert(
        "ou-ab12-11111111".parse().unwrap(),
        BTreeSet::from(["p-tested00".to_owned()]),
    );
    let found = judged(&policies);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].verdict, Grade::Failed);
    assert!(
        found[0]
            .evidence
            .starts_with("no policy on ou-ab12-11111111 allows cloudformation:CreateStack"),
        "{found:?}"
    );
}

#[test]
fn a_policy_that_is_not_json_is_a_warning_and_none_at_all_is_ok() {
    assert_eq!(judged(&Policies::default())[0].verdict, Grade::Ok);
    let mut policies = with(&json!({}));
    policies.documents.insert("p-tested00".to_owned(), "{".to_owned());
    assert_eq!(judged(&policies)[0].verdict, Grade::Warning);
    let none = Policies {
        enabled: true,
        attached: BTreeMap::from([("r-ab12".parse().unwrap(), BTreeSet::new())]),
        ..Policies::default()
    };
    assert_eq!(judged(&none)[0].verdict, Grade::Ok);
}

#[test]
fn every_service_of_the_member_template_is_among_the_calls() {
    let calls = calls::of_members(&config(&["eu-central-1"]), "o-abcdefghij");
    let types = pipetrail_member::TEMPLATE
        .lines()
        .filter_map(|line| line.strip_prefix("    Type: AWS::"));
    let services: BTreeSet<String> = types
        .filter_map(|kind| Some(kind.split_once("::")?.0.to_ascii_lowercase()))
        .collect();
    assert_eq!(services.len(), 4, "{services:?}");
    for service in services {
        let prefix = format!("{service}:");
        assert!(calls.iter().any(|call| call.action.starts_with(&prefix)), "{service}");
    }
}

#[test]
fn in_another_partition_the_arns_are_that_partitions() {
    let config = config(&["us-gov-west-1"]);
    let denied = json!({"Effect": "Deny", "Action": "iam:*", "Resource": "arn:aws-us-gov:iam::*:role/*"});
    let found = judge(&config, "o-abcdefghij", Kind::ServiceControl, &with(&denied));
    assert_eq!(found[0].verdict, Grade::Failed, "{found:?}");
    let remedy = found[0].remedy.as_deref().unwrap_or_default();
    assert!(
        remedy.contains("arn:aws-us-gov:iam::*:role/stacksets-exec-*"),
        "{remedy}"
    );
    let elsewhere = json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition":
        {"StringNotEquals": {"aws:RequestedRegion": "us-gov-west-1"}}});
    assert_eq!(
        judge(&config, "o-abcdefghij", Kind::ServiceControl, &with(&elsewhere))[0].verdict,
        Grade::Ok
    );
}

#[test]
fn every_level_has_to_allow_and_one_that_does_not_is_named() {
    let allow = json!({"Effect": "Allow", "NotAction": ["organizations:*", "iam:*"], "Resource": "*"});
    let mut policies = with_units(&allow, &["ou-ab12-11111111", "ou-ab12-22222222"]);
    let only = |id: &str| BTreeSet::from([id.to_owned()]);
    policies
        .attached
        .insert("ou-ab12-11111111".parse().unwrap(), only("p-FullAWSAccess"));
    policies
        .attached
        .insert("ou-ab12-22222222".parse().unwrap(), only("p-tested00"));
    let found = judged(&policies);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0]
            .evidence
            .starts_with("no policy on ou-ab12-22222222 allows iam:"),
        "{found:?}"
    );
}
