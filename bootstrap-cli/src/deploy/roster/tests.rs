//! Which list is written, and how: S3 answers as written down here.

use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region as AwsRegion, SdkConfig};
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};
use pipetrail_stacksets::CoverageRow;
use pipetrail_unit::answers::answering;

use pipetrail_names::member::READER_REGION;
use pipetrail_stacksets::StackSetParameters;

use super::*;
use crate::config::Config;
use crate::deploy::desired;

/// A bucket with one object, which another run writes right before the first `overtaken` writes.
#[derive(Clone, Default)]
struct Object {
    body: Arc<Mutex<Option<String>>>,
    overtaken: Arc<Mutex<Vec<String>>>,
    writes: Arc<Mutex<Vec<String>>>,
}

impl Object {
    fn s3(&self) -> aws_sdk_s3::Client {
        let Object {
            body,
            overtaken,
            writes,
        } = self.clone();
        let answer = move |request: &str| {
            let mut body = body.lock().unwrap();
            if request.starts_with("GET") {
                return match body.clone() {
                    Some(body) => (200, body),
                    None => (404, "<Error><Code>NoSuchKey</Code></Error>".to_owned()),
                };
            }
            assert!(
                request.starts_with("PUT") && request.contains("/members/roster.json"),
                "{request}"
            );
            assert!(
                request.contains("x-amz-expected-bucket-owner: 999988887777"),
                "{request}"
            );
            if let Some(others) = overtaken.lock().unwrap().pop() {
                *body = Some(others);
                return (412, "<Error><Code>PreconditionFailed</Code></Error>".to_owned());
            }
            let (_, sent) = request.split_once("\n\n").unwrap();
            let sent = sent[sent.find('{').unwrap()..=sent.rfind('}').unwrap()].to_owned();
            *body = Some(sent.clone());
            writes.lock().unwrap().push(sent);
            (200, String::new())
        };
        let keys = Credentials::new("test", "test", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(AwsRegion::new("eu-central-1"))
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .http_client(answering(answer))
            .build();
        aws_sdk_s3::Client::new(&config)
    }

    fn roster(&self) -> Roster {
        let body = self.body.lock().unwrap().clone().unwrap();
        Roster::parse(body.as_bytes()).unwrap()
    }

    fn writes(&self) -> usize {
        self.writes.lock().unwrap().len()
    }

    /// How many versions count in an account; `None` where it is not listed.
    fn counting(&self, account: &str) -> Option<usize> {
        let at = AccountRegion {
            account: account.parse().unwrap(),
            region: "eu-central-1".parse().unwrap(),
        };
        self.roster().members.get(&at).map(|member| member.versions.len())
    }
}

fn config(schedule: &str) -> Config {
    let text = format!(
        "[organization]\norganizational_units = [\"r-ab12\"]\nregions = [\"eu-central-1\"]\n\
         [audit]\naccount = \"999988887777\"\nregion = \"eu-central-1\"\n[heartbeat]\nschedule = \"{schedule}\"\n"
    );
    toml::from_str(&text).unwrap_or_else(|error| panic!("{error}"))
}

fn desired_of(schedule: &str) -> Desired {
    desired::desired(&config(schedule), "o-abcdefghij", vec![])
}

/// What stands: the stack set with that schedule, of this template or another one, and a row an account.
fn standing(schedule: &str, ours: bool, rows: &[(&str, CoverageState)]) -> Coverage {
    let parameters = [
        ("HeartbeatSchedule", schedule),
        (READER_REGION, "eu-central-1"),
        ("ReaderExternalId", "o-abcdefghij"),
    ];
    let template = if ours {
        pipetrail_member::TEMPLATE
    } else {
        "Resources: {}"
    };
    let rows = rows.iter().map(|(account, state)| CoverageRow {
        state: *state,
        ..CoverageRow::new(&account.parse().unwrap(), Some(&"eu-central-1".parse().unwrap()))
    });
    Coverage {
        organization: "o-abcdefghij".into(),
        audit_account: "999988887777".parse().unwrap(),
        region: "eu-central-1".parse().unwrap(),
        stacks: vec![],
        stack_set: Some(StackSetParameters {
            template: template.to_owned(),
            parameters: parameters
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        }),
        instances: rows.collect(),
        not_covered: vec![],
    }
}

const ONE: &str = "111122223333";
const TWO: &str = "444455556666";
const OLD: &str = "rate(1 hour)";
const NEW: &str = "rate(2 hours)";

async fn write(object: &Object, wanted: &str, coverage: &Coverage, updates: bool) {
    let desired = desired_of(wanted);
    let s3 = object.s3();
    let members = RosterObject::new(&s3, &desired);
    members.write(coverage, updates, updates, |_| false).await.unwrap();
}

#[tokio::test]
async fn old_and_new_count_from_before_an_operation_until_each_place_is_reached() {
    use CoverageState::{Current, Missing, OutOfScope, Outdated, Suspended};

    let object = Object::default();
    let before = standing(OLD, true, &[(ONE, Current), (TWO, Current), ("000000000003", Missing)]);
    write(&object, OLD, &before, false).await;
    assert_eq!((object.counting(ONE), object.counting("000000000003")), (Some(1), None));
    assert_eq!(object.roster().settings.silent_after_seconds, 3 * 3600 + 300);
    // Nothing new: nothing is written.
    write(&object, OLD, &before, false).await;
    assert_eq!(object.writes(), 1);

    write(&object, NEW, &before, true).await;
    assert_eq!((object.counting(ONE), object.counting(TWO)), (Some(2), Some(2)));
    assert_eq!(object.roster().settings.silent_after_seconds, 6 * 3600 + 300);
    let during = object.roster();
    // It failed before the stack set was changed: the old one alone counts again.
    write(&object, NEW, &before, false).await;
    assert_eq!(object.counting(ONE), Some(1));
    assert!(object.roster().current != during.current);
    write(&object, NEW, &before, true).await;
    write(
        &object,
        NEW,
        &standing(NEW, true, &[(ONE, Current), (TWO, Outdated)]),
        false,
    )
    .await;
    assert_eq!((object.counting(ONE), object.counting(TWO)), (Some(1), Some(2)));
    assert_eq!(object.roster().current, during.current);
    // Out of the scope nothing is expected any more, and who is suspended is not listed.
    write(
        &object,
        NEW,
        &standing(NEW, true, &[(ONE, OutOfScope), (TWO, Suspended)]),
        false,
    )
    .await;
    assert_eq!((object.counting(ONE), object.counting(TWO)), (Some(0), None));
}

#[tokio::test]
async fn the_template_of_another_version_changes_nothing_that_counts() {
    let object = Object::default();
    write(
        &object,
        OLD,
        &standing(OLD, true, &[(ONE, CoverageState::Current)]),
        false,
    )
    .await;
    let current = object.roster().current;
    let other = standing(
        OLD,
        false,
        &[(ONE, CoverageState::Current), (TWO, CoverageState::Current)],
    );
    write(&object, NEW, &other, false).await;
    assert_eq!(object.roster().current, current);
    assert_eq!((object.counting(ONE), object.counting(TWO)), (Some(1), Some(1)));
}

#[tokio::test]
async fn another_run_that_writes_in_between_is_not_lost() {
    let object = Object::default();
    let other = Object::default();
    let coverage = standing(OLD, true, &[(ONE, CoverageState::Current)]);
    write(&other, OLD, &coverage, false).await;
    let others = other.body.lock().unwrap().clone().unwrap();
    object.overtaken.lock().unwrap().push(others);
    // Both were at work: what the other had counts too.
    write(&object, NEW, &coverage, true).await;
    assert_eq!((object.writes(), object.counting(ONE)), (1, Some(2)));
}

#[tokio::test]
async fn a_damaged_list_is_written_anew_and_one_of_a_newer_version_is_left() {
    let object = Object::default();
    let coverage = standing(OLD, true, &[(ONE, CoverageState::Current)]);
    *object.body.lock().unwrap() = Some("{\"format\":".to_owned());
    write(&object, OLD, &coverage, false).await;
    assert_eq!(object.counting(ONE), Some(1));
    *object.body.lock().unwrap() = Some("{\"format\":2}".to_owned());
    let desired = desired_of(OLD);
    let s3 = object.s3();
    let failed = RosterObject::new(&s3, &desired)
        .write(&coverage, false, false, |_| false)
        .await;
    let error = failed.unwrap_err();
    assert!(error.to_string().contains("format 2"), "{error}");
    assert!(error.hint().unwrap().contains("newer pipetrail"));
    let step = RosterObject::new(&s3, &desired).after(&coverage).await.unwrap();
    assert!(step.is_lacking() && step.hint.unwrap().contains("docs/permissions.md"));
}

#[tokio::test]
async fn everybody_leaves_before_a_destruction_and_is_gone_after_it() {
    let object = Object::default();
    let owner = "999988887777".parse().unwrap();
    // No list, none is made.
    leave(&object.s3(), "lake", &owner, false).await.unwrap();
    assert_eq!(object.writes(), 0);
    write(
        &object,
        OLD,
        &standing(OLD, true, &[(ONE, CoverageState::Current)]),
        false,
    )
    .await;
    leave(&object.s3(), "lake", &owner, false).await.unwrap();
    assert_eq!(object.counting(ONE), Some(0));
    leave(&object.s3(), "lake", &owner, true).await.unwrap();
    assert_eq!(object.counting(ONE), None);
}
