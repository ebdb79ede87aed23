use super::*;
use crate::subscriptions::canned::{error, sns};
use serde_json::json;

const ALL: &str = "arn:aws:sns:eu-central-1:999988887777:pipetrail-alerts";

fn audit() -> AccountId {
    "999988887777".parse().unwrap()
}

fn topics() -> Topics {
    Topics {
        all: ALL.into(),
        accounts: vec!["111122223333".parse().unwrap()],
    }
}

fn listed(arn: Option<&str>) -> Listed {
    Listed {
        topic: ALL.into(),
        account_topic: None,
        arn: arn.map(str::to_owned),
        protocol: "email".into(),
        address: "someone@example.com".into(),
        owner: "999988887777".into(),
    }
}

#[test]
fn only_subscriptions_of_the_alert_topics_are_ours() {
    assert!(topics().own(&format!("{ALL}:1f2e")) && topics().own(&format!("{ALL}-111122223333:1f2e")));
    for foreign in [
        "arn:aws:sns:eu-central-1:999988887777:pipetrail-operator:1f2e",
        "arn:aws:sns:eu-central-1:999988887777:pipetrail-alerts-222222222222:1f2e",
        "arn:aws:sns:eu-west-1:999988887777:pipetrail-alerts:1f2e",
        ALL,
        "PendingConfirmation",
    ] {
        assert!(!topics().own(foreign), "{foreign}");
    }
}

#[test]
fn what_is_shown_has_no_address_and_says_what_is_not_known() {
    let told = Attributes {
        pending: false,
        settings: Settings {
            policy: Some(json!({"decision": ["Rejected"]})),
            of_message: false,
            raw: false,
        },
    };
    let shown = listed(Some("arn:aws:sns:x:y:z:1")).shown(Some(&told));
    assert_eq!(
        (shown.state, shown.filter.as_str()),
        (State::Confirmed, "decision Rejected")
    );
    let json = serde_json::to_string(&shown).unwrap();
    assert!(json.contains("s…@example.com") && !json.contains("someone"), "{json}");
    assert_eq!(listed(None).shown(None).filter, "not known before it is confirmed");
    assert_eq!(listed(None).shown(None).state, State::Pending);
    assert_eq!(
        listed(Some("arn:aws:sns:x:y:z:1")).shown(None).filter,
        "only its owner can read it"
    );
}

fn page(members: &[&str], token: Option<&str>) -> String {
    let members: String = members
        .iter()
        .map(|arn| format!("<member><SubscriptionArn>{arn}</SubscriptionArn><Owner>999988887777</Owner><Protocol>email</Protocol><Endpoint>a@example.com</Endpoint></member>"))
        .collect();
    let token = token
        .map(|token| format!("<NextToken>{token}</NextToken>"))
        .unwrap_or_default();
    format!(
        "<ListSubscriptionsByTopicResponse><ListSubscriptionsByTopicResult><Subscriptions>{members}</Subscriptions>{token}</ListSubscriptionsByTopicResult></ListSubscriptionsByTopicResponse>"
    )
}

#[tokio::test]
async fn an_empty_page_with_a_token_is_not_the_end_and_what_is_deleted_is_gone() {
    let arn = format!("{ALL}:1f2e");
    let (first, second) = (
        page(&[], Some("t")),
        page(&["PendingConfirmation", "Deleted", &arn], None),
    );
    let client = sns(&[(200, &first), (200, &second)]);
    let arns: Vec<_> = list(&client, ALL, None)
        .await
        .unwrap()
        .into_iter()
        .map(|one| one.arn)
        .collect();
    assert_eq!(arns, [None, Some(arn)]);
}

#[tokio::test]
async fn what_another_account_does_not_let_us_read_is_unknown_and_our_own_is_an_error() {
    let denied = error("AuthorizationError", "no");
    let mut one = listed(Some("arn:aws:sns:x:y:z:1"));
    let client = sns(&[(403, &denied), (403, &denied)]);
    let own = attributes(&client, &one, &audit()).await.unwrap_err();
    assert!(
        own.to_string().contains("read subscription arn:aws:sns:x:y:z:1"),
        "{own}"
    );
    one.owner = "111122223333".into();
    assert_eq!(attributes(&client, &one, &audit()).await.unwrap(), None);
}

#[tokio::test]
async fn a_subscription_that_went_meanwhile_is_no_error() {
    let client = sns(&[(404, &error("NotFound", "gone"))]);
    let told = attributes(&client, &listed(Some("arn:aws:sns:x:y:z:1")), &audit()).await;
    assert_eq!(told.unwrap(), None);
}
