//! Real clients against answers in the shapes of STS. That AWS's own STS answers so is unproven.

use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region};
use aws_sdk_sts::config::{Credentials, SharedHttpClient};
use jiff::{SignedDuration, Timestamp};
use pipetrail_unit::answers::answering;

use super::identity::Identity;
use super::profiles::Way;
use super::*;
use crate::failure::Explain;

const ROLE: &str = "arn:aws:iam::999988887777:role/audit";

/// What was asked for.
struct Request {
    action: String,
    /// The access key that signed it.
    key: String,
    body: String,
}

type Seen = Arc<Mutex<Vec<Request>>>;

/// Gives `answer` of the action and how often it was asked for.
fn sts(answer: impl Fn(&str, usize) -> (u16, String) + Send + 'static) -> (SharedHttpClient, Seen) {
    let seen = Seen::default();
    let requests = Arc::clone(&seen);
    let client = answering(move |text| {
        let request = read(text);
        let action = request.action.clone();
        let mut seen = requests.lock().unwrap();
        seen.push(request);
        let count = seen.iter().filter(|seen| seen.action == action).count();
        answer(&action, count)
    });
    (client, seen)
}

fn read(text: &str) -> Request {
    let until = |from: &str, end: char| {
        let (_, rest) = text.split_once(from).unwrap_or_default();
        rest.split(end).next().unwrap_or_default().to_owned()
    };
    Request {
        action: until("Action=", '&'),
        key: until("Credential=", '/'),
        body: text.lines().last().unwrap_or_default().to_owned(),
    }
}

fn caller(account: &str) -> (u16, String) {
    let arn = format!("arn:aws:iam::{account}:user/eve");
    let body = format!(
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>{arn}</Arn><Account>{account}</Account>\
         </GetCallerIdentityResult></GetCallerIdentityResponse>"
    );
    (200, body)
}

fn keys(number: usize, until: Timestamp) -> (u16, String) {
    let body = format!(
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>KEY{number}</AccessKeyId>\
         <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>{until}</Expiration>\
         </Credentials></AssumeRoleResult></AssumeRoleResponse>"
    );
    (200, body)
}

async fn base(client: &SharedHttpClient) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(client.clone())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("BASE", "secret", None, None, "test"))
        .load()
        .await
}

fn identity() -> Identity {
    Identity {
        account: "audit",
        setting: "audit.profile",
        role_arn: Some(ROLE.parse().unwrap()),
        ..Identity::default()
    }
}

#[tokio::test]
async fn credentials_of_a_role_are_renewed_before_they_expire() {
    let (client, seen) = sts(|action, count| match action {
        "AssumeRole" => {
            // Within the time that the SDK keeps in hand, so the next call needs new ones.
            let until = Timestamp::now() + SignedDuration::from_secs(5);
            keys(count, until)
        }
        _ => caller("999988887777"),
    });
    let way = Way::new(identity(), base(&client).await).await;
    assert_eq!(way.account().await.unwrap(), "999988887777");
    aws_sdk_sts::Client::new(&way.config)
        .get_caller_identity()
        .send()
        .await
        .unwrap();
    let seen = seen.lock().unwrap();
    let seen: Vec<(&str, &str)> = seen
        .iter()
        .map(|seen| (seen.action.as_str(), seen.key.as_str()))
        .collect();
    let expected = [
        ("AssumeRole", "BASE"),
        ("GetCallerIdentity", "KEY1"),
        ("AssumeRole", "BASE"),
        ("GetCallerIdentity", "KEY2"),
    ];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_role_that_is_refused_is_named_with_its_caller_and_what_to_do() {
    let (client, _) = sts(|action, _| match action {
        "AssumeRole" => {
            let error = "<Code>AccessDenied</Code><Message>User is not authorized</Message>";
            (403, format!("<ErrorResponse><Error>{error}</Error></ErrorResponse>"))
        }
        _ => caller("111122223333"),
    });
    let way = Way::new(identity(), base(&client).await).await;
    let error = way.account().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "arn:aws:iam::111122223333:user/eve may not assume arn:aws:iam::999988887777:role/audit of the audit \
         account: AccessDenied: User is not authorized"
    );
    let hint = error.hint().unwrap();
    assert!(
        hint.contains("trust policy") && hint.contains("audit.external_id"),
        "{hint}"
    );
}

#[tokio::test]
async fn a_members_role_is_assumed_in_its_partition_under_the_tools_name() {
    let later = Timestamp::now() + SignedDuration::from_hours(1);
    let (client, seen) = sts(move |action, count| match action {
        "AssumeRole" => keys(count, later),
        _ => caller("111122223333"),
    });
    let base = base(&client).await;
    let session = Session::over(client, base);
    let member = session
        .member(
            &"111122223333".parse().unwrap(),
            "Reader",
            &"us-gov-west-1".parse().unwrap(),
        )
        .await;
    assert_eq!(account("management", None, &member).await.unwrap(), "111122223333");
    let seen = seen.lock().unwrap();
    let expected = "RoleArn=arn%3Aaws-us-gov%3Aiam%3A%3A111122223333%3Arole%2FReader";
    assert!(seen[0].body.contains(expected), "{}", seen[0].body);
    assert!(
        seen[0]
            .body
            .contains(concat!("RoleSessionName=pipetrail-", env!("CARGO_PKG_VERSION")))
    );
}

#[tokio::test]
async fn credentials_that_sts_refuses_are_to_be_renewed() {
    let error = "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>expired</Message></Error></ErrorResponse>";
    let (client, _) = sts(move |_, _| (403, error.to_owned()));
    let error = account("audit", None, &base(&client).await).await.unwrap_err();
    assert_eq!(
        pipetrail_names::chain(&error),
        "cannot ask who the audit profile belongs to: ExpiredToken: expired"
    );
    assert!(error.hint().unwrap().contains("aws sso login"));
}

#[tokio::test]
async fn an_answer_that_is_kept_is_a_numbered_file_without_secrets_and_reaches_its_client_as_it_came() {
    let folder = std::env::temp_dir().join(format!("pipetrail-captures-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let identity = "<GetCallerIdentityResponse><GetCallerIdentityResult>\
        <Arn>arn:aws:sts::999988887777:assumed-role/Admin/dana@example.com</Arn><UserId>the-token</UserId>\
        <Account>999988887777</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";
    let keys = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>AKID</AccessKeyId>\
        <SecretAccessKey>secret</SecretAccessKey><SessionToken>session</SessionToken>\
        <Expiration>2030-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
    let dead = r#"{"Messages":[{"MessageId":"1","Body":"{\"summary\":\"private\"}","MessageAttributes":{"ERROR_CODE":{"DataType":"String","StringValue":"NO_PERMISSIONS"}}}]}"#;
    let config = crate::canned::serve(&[
        ("GetCallerIdentity", 200, identity),
        ("AssumeRole", 200, keys),
        ("", 200, dead),
    ]);
    let captures = Arc::new(Captures::open(&folder).unwrap());
    captures.hide("the-token");
    let http = super::calls::watched(
        config.http_client().unwrap(),
        "audit",
        false,
        Some(Arc::clone(&captures)),
    );
    let config = config.to_builder().http_client(http).build();
    let sts = aws_sdk_sts::Client::new(&config);
    let caller = sts.get_caller_identity().send().await.unwrap();
    assert_eq!(
        (caller.account(), caller.user_id()),
        (Some("999988887777"), Some("the-token"))
    );
    let assumed = sts
        .assume_role()
        .role_arn(ROLE)
        .role_session_name("xx")
        .send()
        .await
        .unwrap();
    assert_eq!(assumed.credentials().unwrap().secret_access_key(), "secret");
    let sqs = aws_sdk_sqs::Client::new(&config);
    let received = sqs
        .receive_message()
        .queue_url("https://sqs.test/1/pipetrail-forward-dlq")
        .send()
        .await
        .unwrap();
    assert!(received.messages()[0].body().unwrap().contains("private"));

    assert_eq!(Captures::open(&folder).unwrap().count(), 3, "numbers go on");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let first = read("0001-sts-GetCallerIdentity.json");
    let (second, third) = (read("0002-sts-AssumeRole.json"), read("0003-sqs-ReceiveMessage.json"));
    let _ = std::fs::remove_dir_all(&folder);
    let capture: serde_json::Value = serde_json::from_str(&first).unwrap();
    assert_eq!(
        (&capture["status"], &capture["account"]),
        (&200.into(), &"audit".into())
    );
    assert!(first.contains("<Account>999988887777</Account>"), "{first}");
    assert!(third.contains("NO_PERMISSIONS"), "{third}");
    for secret in [
        "dana",
        "the-token",
        "AKID",
        "\"secret\"",
        ">secret<",
        "session<",
        "private",
    ] {
        assert!(
            !format!("{first}{second}{third}").contains(secret),
            "{secret} in {first}{second}{third}"
        );
    }
}
