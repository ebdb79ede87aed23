//! `pipetrail init` and `pipetrail doctor`, from an empty folder, in an organization of their own.
//!
//! moto stands for the management account and the members, MiniStack for the audit account. Unproven here:
//! Account Management and Service Quotas (moto has neither call), ActivateOrganizationsAccess, and that
//! AWS's own policies deny what the doctor says they deny.

use anyhow::{Context, Result};
use aws_sdk_organizations::types::PolicyType;
use pipetrail_tests::aws;
use pipetrail_tests::emulators::prepare::{Functions, prepare};
use pipetrail_tests::environment::{Ran, TestEnvironment};
use pipetrail_tests::organization::{Enrolment, HOME, Organization, SECOND};
use serde_json::Value;

use crate::leftovers;

/// The lines of that name, of a report.
fn lines(ran: &Ran, check: &str) -> Vec<Value> {
    let report = ran.json().unwrap();
    let checks = report["checks"].as_array().unwrap();
    checks.iter().filter(|line| line["check"] == check).cloned().collect()
}

/// The verdicts of the lines of that name.
fn verdicts(ran: &Ran, check: &str) -> Vec<String> {
    let verdict = |line: &Value| line["verdict"].as_str().unwrap().to_owned();
    lines(ran, check).iter().map(verdict).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_user_writes_the_file_and_mends_what_the_doctor_names() -> Result<()> {
    let built = prepare(Functions::Released).await?;
    let enrolment = Enrolment {
        members: 2,
        ..Enrolment::default()
    };
    let organization = Organization::start(&built, enrolment).await?;
    let cloud = &organization.relay.cloud;
    let management = cloud.at(&cloud.management, HOME).await?;
    let client = aws_sdk_organizations::Client::new(&management);
    let root = client.list_roots().send().await?.roots.unwrap_or_default();
    let root = root.into_iter().next().and_then(|root| root.id).context("no root")?;
    let folder = tempfile::tempdir()?;
    // As a new user would start it: nothing of the repository is there.
    let environment = TestEnvironment::new(folder.path()).aws_config(&organization.aws_config);
    let pipetrail = |arguments: &[&str]| environment.run(&built.pipetrail, arguments).unwrap();
    let profiles = ["--profile", "management", "--audit-profile", "audit"];
    let init = |more: &[&str]| pipetrail(&[&["init"], &profiles[..], more].concat());

    // Nobody can be asked, and there is a choice.
    let ran = init(&["--yes"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("hint: give --ou <ID>"), "{}", ran.stderr);
    let stranger = init(&["--ou", "payments"]);
    assert_eq!(stranger.code, Some(2), "{}", stranger.stderr);
    let wrong = init(&["--ou", &root, "--audit-account", "111122223333"]);
    assert_eq!(wrong.code, Some(1), "{}", wrong.stderr);
    assert!(!folder.path().join("pipetrail.toml").exists());

    let email = "someone.private@example.com";
    let ran = init(&[
        "--ou",
        &root,
        "--regions",
        "eu-central-1,eu-west-1",
        "--home-region",
        HOME,
        "--operator-email",
        email,
    ]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("approvals and other API calls do not"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("hint: run `pipetrail doctor`"), "{}", ran.stderr);
    assert!(
        !ran.stderr.contains(email) && !ran.stderr.contains("@"),
        "{}",
        ran.stderr
    );
    let written = std::fs::read_to_string(folder.path().join("pipetrail.toml"))?;
    assert!(
        written.contains(&format!("organizational_units = [\"{root}\"]")),
        "{written}"
    );
    assert!(written.contains(&format!("account = \"{}\"", cloud.audit)), "{written}");

    let again = init(&["--ou", &root, "--regions", HOME, "--home-region", HOME]);
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("is never replaced"), "{}", again.stderr);
    assert_eq!(std::fs::read_to_string(folder.path().join("pipetrail.toml"))?, written);
    assert_eq!(std::fs::read_dir(folder.path())?.count(), 1);

    // Before anything is done.
    let ran = pipetrail(&["doctor", "--output", "json"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    for check in [
        "configuration",
        "management-credentials",
        "audit-credentials",
        "organization",
        "audit-account",
        "put-events-quota",
        "lambda-concurrency",
        "lake-formation",
        "home-region",
    ] {
        assert_eq!(verdicts(&ran, check), ["ok"], "{check}: {}", ran.stdout);
    }
    assert_eq!(verdicts(&ran, "regions-audit"), ["ok"], "{}", ran.stdout);
    assert_eq!(verdicts(&ran, "regions-management"), ["unknown"], "{}", ran.stdout);
    assert_eq!(verdicts(&ran, "organization-trail"), ["failed"]);
    assert_eq!(verdicts(&ran, "service-control-policies"), ["ok"]);
    assert_eq!(verdicts(&ran, "resource-control-policies"), ["ok"]);
    let access = &lines(&ran, "trusted-access")[0];
    assert_eq!(access["verdict"], "failed");
    assert!(access["remedy"].as_str().unwrap().contains("pipetrail doctor --fix"));

    // What is safe is fixed; a trail is not ours to make.
    let ran = pipetrail(&["doctor", "--fix"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    let ran = pipetrail(&["doctor", "--fix", "--yes", "--output", "json"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert_eq!(verdicts(&ran, "trusted-access"), ["ok"]);
    assert!(
        ran.stdout.contains("StackSets was given trusted access"),
        "{}",
        ran.stdout
    );

    let trail = aws_sdk_cloudtrail::Client::new(&management);
    let bucket = aws_sdk_s3::types::CreateBucketConfiguration::builder().location_constraint(HOME.into());
    let s3 = aws::s3(&management);
    s3.create_bucket()
        .bucket("trail-records")
        .create_bucket_configuration(bucket.build())
        .send()
        .await?;
    let made = trail
        .create_trail()
        .name("organization")
        .s3_bucket_name("trail-records");
    made.is_organization_trail(true)
        .is_multi_region_trail(true)
        .send()
        .await?;
    let ran = pipetrail(&["doctor", "--output", "json"]);
    assert_eq!(
        (verdicts(&ran, "organization-trail"), verdicts(&ran, "trail-logging")),
        (vec!["ok".into()], vec!["failed".into()])
    );
    trail.start_logging().name("organization").send().await?;
    let ran = pipetrail(&["doctor", "--fix", "--yes", "--output", "json"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("nothing that can be fixed"), "{}", ran.stderr);

    // A member that somebody has prepared by hand, and a policy in the way.
    let member = &organization.members[0].id;
    let there = cloud.at(member, SECOND).await?;
    let rule = aws_sdk_eventbridge::Client::new(&there)
        .put_rule()
        .name("pipetrail-forward");
    rule.event_pattern(r#"{"source":["aws.codepipeline"]}"#).send().await?;
    let role = aws_sdk_iam::Client::new(&there)
        .create_role()
        .role_name("pipetrail-forwarder-eu-west-1");
    role.assume_role_policy_document("{}").send().await?;
    client
        .enable_policy_type()
        .root_id(&root)
        .policy_type(PolicyType::ServiceControlPolicy)
        .send()
        .await?;
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Sid":"NoRules","Effect":"Deny","Action":"events:PutRule","Resource":"*"}]}"#;
    let made = client.create_policy().name("no-rules").description("-").content(policy);
    let made = made.r#type(PolicyType::ServiceControlPolicy).send().await?.policy;
    let id = made
        .and_then(|policy| policy.policy_summary)
        .and_then(|policy| policy.id)
        .context("no policy")?;
    client.attach_policy().policy_id(&id).target_id(&root).send().await?;

    // What an earlier deployment may have left in the audit account.
    let audit = organization.audit().await?;
    let sqs = aws_sdk_sqs::Client::new(&audit).create_queue();
    sqs.queue_name("pipetrail-decisions").send().await?;
    let sns = aws_sdk_sns::Client::new(&audit).create_topic();
    sns.name("pipetrail-alerts").send().await?;
    let athena = aws_sdk_athena::Client::new(&audit).create_work_group();
    athena.name("pipetrail").send().await?;
    let database = aws_sdk_glue::types::DatabaseInput::builder().name("pipetrail");
    let glue = aws_sdk_glue::Client::new(&audit).create_database();
    glue.database_input(database.build()?).send().await?;
    let function = aws_sdk_lambda::types::FunctionCode::builder();
    let function = function.zip_file(aws_sdk_lambda::primitives::Blob::new(std::fs::read(
        built.zips.join("transform.zip"),
    )?));
    let lambda = aws_sdk_lambda::Client::new(&audit).create_function();
    let lambda = lambda.function_name("pipetrail-transform").code(function.build());
    let lambda = lambda.role(format!("arn:aws:iam::{}:role/r", cloud.audit));
    lambda
        .runtime("provided.al2023".into())
        .handler("bootstrap")
        .send()
        .await?;
    for (service, target, body) in [
        (
            "logs",
            "Logs_20140328.CreateLogGroup",
            r#"{"logGroupName": "/aws/lambda/pipetrail-settle"}"#,
        ),
        // Another one's.
        (
            "logs",
            "Logs_20140328.CreateLogGroup",
            r#"{"logGroupName": "/aws/lambda/pipetrail-watch-of-others"}"#,
        ),
        (
            "monitoring",
            "GraniteServiceVersion20100801.PutMetricAlarm",
            r#"{"AlarmName": "pipetrail-bus-dlq", "Namespace": "AWS/SQS", "MetricName": "n", "Statistic": "Sum", "Period": 60,
                "EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold"}"#,
        ),
    ] {
        leftovers::ask(&cloud.ministack, &cloud.audit, service, target, body).await?;
    }

    let ran = pipetrail(&["doctor", "--members", "--output", "json"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let found = lines(&ran, "leftovers");
    let whose = format!("the audit account {} has, without a stack of pipetrail's", cloud.audit);
    for (line, kept) in [
        (
            0,
            "queue pipetrail-decisions in eu-central-1, topic pipetrail-alerts in eu-central-1, database pipetrail in eu-central-1",
        ),
        (
            1,
            "workgroup pipetrail in eu-central-1, function pipetrail-transform in eu-central-1, log group /aws/lambda/pipetrail-settle in eu-central-1, alarm pipetrail-bus-dlq in eu-central-1",
        ),
    ] {
        assert_eq!(found[line]["evidence"], format!("{whose}: {kept}"));
    }
    assert_eq!(
        found[2]["evidence"],
        format!(
            "account {member} has, without a stack of pipetrail's: rule pipetrail-forward in eu-west-1, role pipetrail-forwarder-eu-west-1"
        )
    );
    assert_eq!(verdicts(&ran, "deployer-role"), ["warning"]);
    let denied = &lines(&ran, "service-control-policies")[0];
    assert_eq!(denied["verdict"], "failed");
    let evidence = denied["evidence"].as_str().unwrap();
    assert!(
        evidence.starts_with(&format!("policy {id} (statement NoRules) on ")),
        "{evidence}"
    );
    assert!(
        evidence.contains("events:PutRule in eu-west-1 by stacksets-exec-*"),
        "{evidence}"
    );
    Ok(())
}
