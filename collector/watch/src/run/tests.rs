//! What goes out before what, against answers in place of AWS.

use std::sync::Mutex;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use pipetrail_member::roster::Standing;
use pipetrail_unit::answers::{Answer, answering};

use super::*;
use crate::judge::tests::roster_of;

const REFUSED: &str = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";

/// One member, a day on the list.
fn roster() -> String {
    let member = ("000000000012/eu-west-1".parse().unwrap(), Standing::Current);
    let since = "2026-11-20T00:00:00Z".parse().unwrap();
    json!(roster_of(std::iter::once(member), since)).to_string()
}

/// Runs where nobody may look into the member and the lake does not answer; `put` and `publish` are the answers to those.
/// Gives what came of it, and what was written, in order.
async fn ran(publish: u16, put: u16) -> (Result<(), WatchError>, Vec<String>) {
    let written = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&written);
    let http = answering(move |request| -> Answer {
        let refused = |status: u16| {
            (
                status,
                if status == 200 {
                    String::new()
                } else {
                    REFUSED.to_owned()
                },
            )
        };
        if request.starts_with("GET /members/roster.json") {
            return (200, roster());
        }
        if request.starts_with("GET /members/watch.json") {
            return (404, "<Error><Code>NoSuchKey</Code></Error>".to_owned());
        }
        if request.starts_with("PUT ") {
            seen.lock().unwrap().push(request.to_owned());
            return refused(put);
        }
        if request.contains("Action=Publish") {
            seen.lock().unwrap().push(request.to_owned());
            let told = "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>";
            return if publish == 200 {
                (200, told.to_owned())
            } else {
                refused(publish)
            };
        }
        match request.contains("Action=AssumeRole") {
            true => (403, REFUSED.to_owned()),
            // Athena.
            false => (
                400,
                r#"{"__type": "InvalidRequestException", "Message": "no"}"#.to_owned(),
            ),
        }
    });
    let keys = Credentials::new("test", "test", None, None, "test");
    let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-central-1"))
        .credentials_provider(keys)
        .retry_config(RetryConfig::disabled())
        .http_client(http)
        .load()
        .await;
    let topic = "arn:aws:sns:eu-central-1:999988887777:pipetrail-operator";
    let watch = Watch::new(&config, "lake".to_owned(), topic.to_owned());
    let call = Call {
        time: "2026-11-21T00:56:00Z".to_owned(),
        compare: true,
    };
    let deadline = SystemTime::now() + Duration::from_secs(900);
    let ended = watch.run(&call, deadline).await;
    let written = written.lock().unwrap().clone();
    (ended, written)
}

/// The id of a published alert.
fn id(request: &str) -> &str {
    let (_, from) = request
        .split_once("%22id%5C%22%3A%5C%22")
        .unwrap_or_else(|| panic!("{request}"));
    &from[..32]
}

#[tokio::test]
async fn an_alert_goes_out_before_it_is_remembered_as_told() {
    let (ended, written) = ran(200, 200).await;
    // Everything else was done.
    assert!(matches!(ended, Err(WatchError::Lake(_))), "{ended:?}");
    assert_eq!(written.len(), 2, "{written:?}");
    assert!(written[0].contains("unreadable"), "{}", written[0]);
    assert!(written[1].starts_with("PUT /members/watch.json"), "{}", written[1]);
    assert!(written[1].contains("\nif-none-match: *\n"), "{}", written[1]);
}

#[tokio::test]
async fn what_could_not_be_told_is_not_remembered_and_what_is_told_again_has_its_id() {
    let (ended, written) = ran(403, 200).await;
    assert!(matches!(ended, Err(WatchError::Publish { .. })), "{ended:?}");
    assert_eq!(written.len(), 1, "nothing is remembered: {written:?}");
    // Another run was sooner: this one has told, and forgets it.
    let (ended, told) = ran(200, 412).await;
    assert!(
        matches!(ended, Err(WatchError::Store(StoreError::Overtaken { .. }))),
        "{ended:?}"
    );
    assert_eq!(id(&told[0]), id(&written[0]));
}
