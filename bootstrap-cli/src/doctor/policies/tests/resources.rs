//! Resource control policies.

use super::*;

#[test]
fn a_resource_control_policy_lets_services_and_the_organizations_own_roles_through() {
    let of = |statement: &Value| {
        let config = config(&["eu-central-1", "eu-west-1"]);
        let checks = judge(&config, "o-abcdefghij", Kind::ResourceControl, &with(statement));
        (checks[0].verdict, checks[0].evidence.clone())
    };
    let deny = |action: &str, condition: Value| json!({"Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*", "Condition": condition});
    let organization = json!({"aws:PrincipalOrgID": "o-abcdefghij"});
    let services = json!({"aws:PrincipalIsAWSService": "false"});
    // As AWS's examples of a perimeter have it.
    for action in ["s3:*", "sqs:*", "sts:AssumeRole"] {
        let condition = json!({"StringNotEqualsIfExists": organization, "BoolIfExists": services});
        assert_eq!(of(&deny(action, condition)).0, Grade::Ok, "{action}");
    }
    // Another organization's perimeter, and one that forgets the services.
    let foreign = json!({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-zzzzzzzzzz"}, "BoolIfExists": services});
    let (verdict, evidence) = of(&deny("s3:*", foreign));
    assert_eq!(verdict, Grade::Failed);
    assert!(
        evidence.contains("s3:DeleteObject in eu-central-1 by pipetrail-settle-eu-central-1"),
        "{evidence}"
    );
    // A service's call has no organization, so what must be another one is denied.
    let (verdict, evidence) = of(&deny("sqs:SendMessage", json!({"StringNotEquals": organization})));
    assert_eq!(verdict, Grade::Failed);
    assert!(evidence.contains("by AWS's services"), "{evidence}");
    let foreign = json!({"StringEquals": {"aws:PrincipalOrgID": "o-zzzzzzzzzz"}});
    assert_eq!(of(&deny("sqs:*", foreign)).0, Grade::Ok);
    // AWS's example against confused deputies, and the one for TLS.
    let deputy = json!({"StringNotEqualsIfExists": {"aws:SourceOrgID": "o-abcdefghij"},
        "Null": {"aws:SourceArn": "false"}, "Bool": {"aws:PrincipalIsAWSService": "true"}});
    let plain = json!({"BoolIfExists": {"aws:SecureTransport": "false"}});
    for condition in [deputy, plain] {
        for action in ["s3:*", "sqs:*", "sts:AssumeRole"] {
            assert_eq!(of(&deny(action, condition.clone())).0, Grade::Ok, "{condition}");
        }
    }
    let tagged = json!({"StringNotEquals": {"aws:ResourceTag/team": "x"}});
    assert_eq!(of(&deny("s3:*", tagged)).0, Grade::Warning);
    assert_eq!(
        of(&json!({"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"})).0,
        Grade::Failed
    );
    let elsewhere = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::teams-*"});
    assert_eq!(of(&elsewhere).0, Grade::Ok);
    let off = judge(
        &config(&["eu-central-1"]),
        "o-abcdefghij",
        Kind::ResourceControl,
        &Policies::default(),
    );
    assert_eq!(off[0].evidence, "the organization uses no resource control policies");
}

#[test]
fn a_resource_control_policy_binds_what_is_below_its_unit() {
    let unit: OuId = "ou-ab12-11111111".parse().unwrap();
    let of = |statement: Value, below: usize| {
        let mut policies = with(&statement);
        policies.attached = BTreeMap::from([
            (
                "r-ab12".parse().unwrap(),
                BTreeSet::from(["p-FullAWSAccess".to_owned()]),
            ),
            (
                unit.clone(),
                BTreeSet::from(["p-FullAWSAccess".to_owned(), "p-tested00".to_owned()]),
            ),
        ]);
        policies.above[below].insert(unit.clone());
        judge(
            &config(&["eu-central-1"]),
            "o-abcdefghij",
            Kind::ResourceControl,
            &policies,
        )[0]
        .verdict
    };
    let [members, audit] = [0, 1];
    let objects = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": "*"});
    assert_eq!(
        (of(objects.clone(), members), of(objects, audit)),
        (Grade::Ok, Grade::Failed)
    );
    let queue = json!({"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "arn:aws:sqs:*:*:pipetrail-forward-dlq"});
    assert_eq!(
        (of(queue.clone(), members), of(queue, audit)),
        (Grade::Failed, Grade::Ok)
    );
}
