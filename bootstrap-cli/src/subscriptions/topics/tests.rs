use super::*;
use serde_json::json;

const ALL: &str = "arn:aws:sns:eu-central-1:999988887777:pipetrail-alerts";

fn topics() -> Topics {
    Topics {
        all: ALL.into(),
        accounts: vec!["111122223333".into()],
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
