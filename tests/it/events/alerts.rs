//! Who hears of a decision.

use pipetrail_tests::organization::HOME;
use pipetrail_tests::organization::subscribers::EVERYONE;
use serde_json::Value;

use crate::{lake, org};

const DECISION: &str = include_str!("../../fixtures/cloudtrail/put-approval-rejected-sso-console.json");

#[test]
fn a_decision_reaches_its_accounts_subscriber_and_the_organizations_and_nobody_else() {
    org::with(|organization| async move {
        let [deciding, other] = org::ALERTS.map(|member| organization.members[member].id.clone());
        let event = org::moved(DECISION, ("111122223333", &deciding), (HOME, HOME));
        org::play_all(&organization, vec![org::emit(&event)]).await?;

        let own = lake::alerts(&organization, &deciding, &deciding).await?;
        assert_eq!(own.len(), 1);
        let attribute = |name: &str| own[0]["MessageAttributes"][name]["Value"].clone();
        assert_eq!(attribute("account_id"), Value::from(deciding.as_str()));
        assert_eq!(attribute("region"), HOME);
        assert_eq!(attribute("pipeline"), "payments-api");
        assert_eq!(attribute("decision"), "Rejected");
        assert!(own[0]["Subject"].as_str().is_some_and(|subject| subject.len() < 100));
        let token = event.value("detail").unwrap()["requestParameters"]["token"].clone();
        assert!(
            !own[0].to_string().contains(token.as_str().unwrap()),
            "the token is no part of an alert"
        );

        assert_eq!(lake::alerts(&organization, EVERYONE, &deciding).await?.len(), 1);
        for (subscriber, alerts) in organization.alerts().await? {
            let about = |alert: &&Value| alert["MessageAttributes"]["account_id"]["Value"] == deciding.as_str();
            if subscriber != EVERYONE && subscriber != deciding {
                assert_eq!(alerts.iter().filter(about).count(), 0, "{subscriber}");
            }
        }
        assert!(lake::alerts(&organization, &other, &other).await?.is_empty());
        Ok(())
    });
}
