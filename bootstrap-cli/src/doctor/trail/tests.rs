use aws_sdk_cloudtrail::types::AdvancedFieldSelector;

use super::super::check::Grade;
use super::*;
use crate::canned;

fn trail() -> Trail {
    Trail {
        arn: "arn:aws:cloudtrail:us-east-1:111122223333:trail/all".into(),
        multi_region: true,
        organization: true,
        home_region: Some("us-east-1".into()),
        status: Ok(Status {
            logging: true,
            delivery_error: None,
        }),
        events: Ok(Recorded::Writes),
    }
}

fn verdicts(trails: &[Trail]) -> Vec<(&'static str, Grade)> {
    judge(trails, None)
        .iter()
        .map(|check| (check.check, check.verdict))
        .collect()
}

fn field(name: &str) -> aws_sdk_cloudtrail::types::builders::AdvancedFieldSelectorBuilder {
    AdvancedFieldSelector::builder().field(name)
}

fn advanced(fields: Vec<aws_sdk_cloudtrail::types::builders::AdvancedFieldSelectorBuilder>) -> AdvancedEventSelector {
    let mut selector = AdvancedEventSelector::builder();
    for field in fields {
        selector = selector.field_selectors(field.build().unwrap_or_else(|error| panic!("{error}")));
    }
    selector.build().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_good_organization_trail_is_ok_in_all_four() {
    let found = judge(&[trail()], None);
    assert!(found.iter().all(|check| check.verdict == Grade::Ok), "{found:?}");
    assert_eq!(found.len(), 4);
}

#[test]
fn without_an_organization_trail_approvals_would_not_arrive() {
    let own = Trail {
        organization: false,
        ..trail()
    };
    for trails in [vec![], vec![own]] {
        assert_eq!(verdicts(&trails)[0], (EXISTS, Grade::Failed));
        assert!(
            verdicts(&trails)[1..]
                .iter()
                .all(|(_, verdict)| *verdict == Grade::Skipped)
        );
    }
}

#[test]
fn a_trail_of_one_region_one_that_is_stopped_and_one_without_writes_each_fail() {
    let one_region = Trail {
        multi_region: false,
        ..trail()
    };
    assert_eq!(verdicts(&[one_region])[0].1, Grade::Failed);
    let stopped = Trail {
        status: Ok(Status::default()),
        ..trail()
    };
    assert_eq!(verdicts(&[stopped])[1].1, Grade::Failed);
    let reads = Trail {
        events: Ok(Recorded::Not("reads only".into())),
        ..trail()
    };
    assert_eq!(verdicts(&[reads])[2].1, Grade::Failed);
}

#[test]
fn the_best_of_several_trails_is_judged() {
    let stopped = Trail {
        status: Ok(Status::default()),
        ..trail()
    };
    let found = judge(&[stopped.clone(), trail(), stopped], None);
    assert!(found.iter().all(|check| check.verdict == Grade::Ok), "{found:?}");
}

#[test]
fn what_could_not_be_read_is_unknown_and_a_delivery_error_is_a_warning() {
    let unread = Trail {
        status: Err("denied".into()),
        events: Err("denied".into()),
        ..trail()
    };
    let found: Vec<Grade> = verdicts(&[unread]).into_iter().map(|(_, verdict)| verdict).collect();
    assert_eq!(found, [Grade::Ok, Grade::Unknown, Grade::Unknown, Grade::Unknown]);
    let full = Trail {
        status: Ok(Status {
            logging: true,
            delivery_error: Some("AccessDenied".into()),
        }),
        ..trail()
    };
    assert_eq!(verdicts(&[full])[3].1, Grade::Warning);
}

#[test]
fn classic_selectors_let_writes_through_unless_they_say_otherwise() {
    let selector = || EventSelector::builder().include_management_events(true);
    assert_eq!(recorded(&[], &[]), Recorded::Writes);
    let all = selector().read_write_type(ReadWriteType::All).build();
    let writes = selector().read_write_type(ReadWriteType::WriteOnly).build();
    let reads = selector().read_write_type(ReadWriteType::ReadOnly).build();
    let data = EventSelector::builder().include_management_events(false).build();
    let without_kms = selector().exclude_management_event_sources("kms.amazonaws.com").build();
    for good in [&all, &writes, &without_kms] {
        assert_eq!(recorded(&[reads.clone(), good.clone()], &[]), Recorded::Writes);
    }
    for bad in [reads, data] {
        assert!(matches!(recorded(&[bad], &[]), Recorded::Not(_)));
    }
}

#[test]
fn advanced_selectors_are_read_field_by_field() {
    let management = || field("eventCategory").equals("Management");
    let cases = [
        (vec![management()], "writes"),
        (
            vec![
                field("eventCategory").equals("Data"),
                field("resources.type").equals("AWS::S3::Object"),
            ],
            "not",
        ),
        (vec![management(), field("readOnly").equals("true")], "not"),
        (vec![management(), field("readOnly").equals("false")], "writes"),
        (
            vec![management(), field("eventSource").not_equals("kms.amazonaws.com")],
            "writes",
        ),
        (vec![management(), field("eventSource").not_equals(SOURCE)], "not"),
        (
            vec![management(), field("eventSource").starts_with("codepipeline.")],
            "writes",
        ),
        (
            vec![management(), field("eventSource").equals("s3.amazonaws.com")],
            "not",
        ),
        (
            vec![management(), field("eventName").not_equals("PutApprovalResult")],
            "perhaps",
        ),
        (
            vec![management(), field("userIdentity.arn").not_starts_with("arn:aws:sts")],
            "perhaps",
        ),
        (vec![field("readOnly").equals("false")], "not"),
    ];
    for (fields, wanted) in cases {
        let selector = advanced(fields);
        let found = recorded(&[], std::slice::from_ref(&selector));
        let word = match found {
            Recorded::Writes => "writes",
            Recorded::Not(_) => "not",
            Recorded::Perhaps(_) => "perhaps",
        };
        assert_eq!(word, wanted, "{selector:?}");
    }
}

#[tokio::test]
async fn a_status_that_is_refused_leaves_the_selectors_to_be_judged() {
    let config = canned::serve(&[
        (
            "DescribeTrails",
            200,
            r#"{"trailList":[{"TrailARN":"arn:aws:cloudtrail:us-east-1:111122223333:trail/all",
            "HomeRegion":"us-east-1","IsMultiRegionTrail":true,"IsOrganizationTrail":true}]}"#,
        ),
        (
            "GetTrailStatus",
            400,
            r#"{"__type":"AccessDeniedException","message":"no"}"#,
        ),
        (
            "GetEventSelectors",
            200,
            r#"{"EventSelectors":[{"ReadWriteType":"ReadOnly","IncludeManagementEvents":true}]}"#,
        ),
    ]);
    let trails = read(&config).await.unwrap_or_else(|error| panic!("{error}"));
    let found = [Grade::Ok, Grade::Unknown, Grade::Failed, Grade::Unknown];
    assert_eq!(
        verdicts(&trails)
            .into_iter()
            .map(|(_, verdict)| verdict)
            .collect::<Vec<_>>(),
        found
    );
}

#[test]
fn a_trail_in_an_opt_in_region_is_a_warning() {
    let home = |status| Regions::from([("us-east-1".parse().unwrap(), status)]);
    let found = judge(&[trail()], Some(&home(RegionOptStatus::Enabled)));
    assert_eq!(found[0].verdict, Grade::Warning);
    let found = judge(&[trail()], Some(&home(RegionOptStatus::EnabledByDefault)));
    assert_eq!(found[0].verdict, Grade::Ok);
}

#[test]
fn selecting_operators_of_one_field_are_alternatives_and_one_that_deselects_decides() {
    let management = || field("eventCategory").equals("Management");
    let source = || field("eventSource").equals("s3.amazonaws.com").starts_with("code");
    let either = advanced(vec![management(), source()]);
    assert_eq!(recorded(&[], &[either]), Recorded::Writes);
    let but = advanced(vec![management(), source().not_ends_with("pipeline.amazonaws.com")]);
    assert!(matches!(recorded(&[], &[but]), Recorded::Not(_)));
}
