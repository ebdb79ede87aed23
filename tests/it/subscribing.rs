//! Who subscribes to alerts, and what arrives: `pipetrail subscribe`, `subscriptions`, `unsubscribe`,
//! and the topics of single accounts.
//!
//! Unproven on AWS: MiniStack asks no topic policy, so that a stranger may subscribe there; confirms
//! mail by itself; and subscribes an endpoint again without looking at its attributes.

use std::time::{Duration, Instant};

use anyhow::Result;
use pipetrail_tests::organization::subscribers::peek;
use pipetrail_tests::organization::{HOME, Organization};
use serde_json::{Value, json};

use crate::org;

const REJECTED: &str = include_str!("../fixtures/cloudtrail/put-approval-rejected-sso-console.json");
const APPROVED: &str = include_str!("../fixtures/cloudtrail/put-approval-approved-sso-console.json");

/// The JSON that a command prints.
async fn said(organization: &Organization, arguments: &[&str]) -> Result<Value> {
    let arguments: Vec<&str> = arguments.iter().copied().chain(["--output", "json"]).collect();
    Ok(serde_json::from_str(&organization.pipetrail(&arguments).await?)?)
}

async fn refused(organization: &Organization, arguments: &[&str]) -> String {
    format!("{:#}", organization.pipetrail(arguments).await.unwrap_err())
}

/// A queue of an account, with the policy statement that `subscribe` names.
async fn queue(organization: &Organization, account: &str, name: &str) -> Result<String> {
    let sqs = aws_sdk_sqs::Client::new(&organization.relay.cloud.at(account, HOME).await?);
    sqs.create_queue().queue_name(name).send().await?;
    Ok(format!("arn:aws:sqs:{HOME}:{account}:{name}"))
}

/// The alerts in a queue of the audit account, without their envelope, as pipeline and decision.
async fn arrived(organization: &Organization, queue: &str) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for body in peek(&organization.audit().await?, queue).await? {
        let alert: Value = serde_json::from_str(&body)?;
        let text = |name: &str| alert[name].as_str().unwrap_or_default().to_owned();
        found.push((text("account_id"), text("decision")));
    }
    found.sort();
    Ok(found)
}

/// Plays these decisions in each member.
async fn decide(
    organization: &std::sync::Arc<Organization>,
    members: &[&str],
    decisions: &[&str],
    round: &str,
) -> Result<()> {
    let mut given = Vec::new();
    for member in members {
        for decision in decisions {
            let mut event: Value = serde_json::from_str(decision)?;
            let call = format!("{round} {member} {}", event["detail"]["eventID"]);
            event["detail"]["eventID"] = json!(pipetrail_tests::ids::uuid_of(&call));
            event["id"] = json!(pipetrail_tests::ids::uuid_of(&format!("{call} event")));
            let moved = org::moved(&event.to_string(), ("111122223333", member), (HOME, HOME));
            given.push(org::emit(&moved));
        }
    }
    org::play_all(organization, given).await?;
    Ok(())
}

#[test]
fn a_queue_gets_what_its_filter_names_until_it_is_unsubscribed() {
    org::with(|organization| async move {
        let [own, other] = org::SUBSCRIBING.map(|member| organization.members[member].id.clone());
        let queue = queue(&organization, &organization.relay.cloud.audit, "rejections").await?;
        let asked = [
            "subscribe",
            "--sqs",
            &queue,
            "--raw",
            "--account",
            &own,
            "--decision",
            "rejected",
        ];

        let made = said(&organization, &asked).await?;
        assert_eq!(made["result"], "created");
        assert_eq!(
            made["subscription"]["policy"],
            json!({"account_id": [own], "decision": ["Rejected"]})
        );
        assert_eq!(made["remaining"][0]["policy_statement"]["Resource"], queue.as_str());
        let arn = made["subscription"]["arn"].as_str().unwrap().to_owned();
        let again = said(&organization, &asked).await?;
        assert_eq!(
            (&again["result"], &again["subscription"]),
            (&json!("unchanged"), &made["subscription"])
        );

        decide(&organization, &[&own, &other], &[REJECTED, APPROVED], "first").await?;
        let rejection = |account: &str| (account.to_owned(), "Rejected".to_owned());
        assert_eq!(arrived(&organization, "rejections").await?, [rejection(&own)]);

        // Another filter is shown, and needs a yes.
        let wider = [
            "subscribe",
            "--sqs",
            &queue,
            "--raw",
            "--pipeline-prefix",
            "pay",
            "--unit",
        ];
        let units = organization.relay.cloud.management.clone();
        let root = root(&organization, &units).await?;
        let wider = [&wider[..], &[root.as_str(), "--decision", "Rejected"]].concat();
        let unasked = refused(&organization, &wider).await;
        assert!(
            unasked.contains("needs a yes") && unasked.contains("decision Rejected"),
            "{unasked}"
        );
        let changed = said(&organization, &[&wider[..], &["--yes"]].concat()).await?;
        assert_eq!(changed["result"], "changed");
        assert_eq!(changed["previous"], format!("account {own}; decision Rejected (raw)"));
        let policy = &changed["subscription"]["policy"];
        assert_eq!(policy["pipeline"], json!([{"prefix": "pay"}]));
        assert!(policy["account_id"].as_array().unwrap().contains(&json!(other)));
        decide(&organization, &[&other], &[REJECTED, APPROVED], "second").await?;
        assert_eq!(arrived(&organization, "rejections").await?.len(), 2);

        let listed = said(&organization, &["subscriptions", "--account", &other]).await?;
        let listed = listed["subscriptions"].as_array().unwrap();
        let ours = listed.iter().find(|one| one["arn"] == arn.as_str()).unwrap();
        assert_eq!(
            (&ours["state"], &ours["endpoint"]),
            (&json!("confirmed"), &json!(queue))
        );
        assert_eq!(&ours["policy"], policy);
        assert!(!listed.iter().any(|one| one["policy"] == json!({"account_id": [own]})));

        assert!(
            refused(&organization, &["unsubscribe", &arn])
                .await
                .contains("needs a yes")
        );
        let gone = said(&organization, &["unsubscribe", "--yes", "--sqs", &queue]).await?;
        assert_eq!(gone["removed"][0]["arn"], arn.as_str());
        let absent = said(&organization, &["unsubscribe", "--yes", &arn]).await?;
        assert_eq!((&absent["removed"], &absent["absent"]), (&json!([]), &json!([arn])));
        decide(&organization, &[&other], &[REJECTED, APPROVED], "third").await?;
        assert_eq!(arrived(&organization, "rejections").await?.len(), 2);
        Ok(())
    });
}

/// The organization's root.
async fn root(organization: &Organization, management: &str) -> Result<String> {
    let client = aws_sdk_organizations::Client::new(&organization.relay.cloud.at(management, HOME).await?);
    let roots = client.list_roots().send().await?.roots.unwrap_or_default();
    Ok(roots[0].id.clone().unwrap())
}

#[test]
fn a_mail_address_is_shown_nowhere_and_what_cannot_be_is_refused_before_any_call() {
    org::with(|organization| async move {
        let mail = [
            "subscribe",
            "--email",
            "someone@example.com",
            "--region-of-origin",
            "mx-central-1",
        ];
        let made = organization.pipetrail(&mail).await?;
        let listed = organization.pipetrail(&["subscriptions"]).await?;
        for shown in [&made, &listed] {
            assert!(
                shown.contains("s…@example.com") && !shown.contains("someone"),
                "{shown}"
            );
        }
        let foreign = format!(
            "arn:aws:sns:{HOME}:{}:pipetrail-operator:1",
            organization.relay.cloud.audit
        );
        assert!(
            refused(&organization, &["unsubscribe", "--yes", &foreign])
                .await
                .contains("(exit status: 2)")
        );

        let queue = format!("arn:aws:sqs:{HOME}:{}:nobody", organization.relay.cloud.audit);
        let accounts: Vec<String> = (0..151).map(|account| format!("--account={account:012}")).collect();
        let mut many = vec!["subscribe", "--sqs", &queue, "--audit-profile", "there-is-none"];
        many.extend(accounts.iter().map(String::as_str));
        let too_many = refused(&organization, &many).await;
        assert!(
            too_many.contains("(exit status: 2)") && too_many.contains("151 combinations"),
            "{too_many}"
        );
        let everything = refused(&organization, &["subscribe", "--sqs", &queue]).await;
        assert!(
            everything.contains("--all") && everything.contains("(exit status: 2)"),
            "{everything}"
        );
        assert!(!organization.pipetrail(&["subscriptions"]).await?.contains(&queue));

        organization
            .pipetrail(&["unsubscribe", "--yes", "--email", "Someone@example.com"])
            .await?;
        assert!(
            !organization
                .pipetrail(&["subscriptions"])
                .await?
                .contains("s…@example.com")
        );
        Ok(())
    });
}

#[test]
fn an_account_with_a_topic_of_its_own_subscribes_itself_and_hears_of_nobody_else() {
    org::with(|organization| async move {
        let [own, other] = [org::OWN_TOPIC, org::SUBSCRIBING[0]].map(|member| organization.members[member].id.clone());
        let audit = &organization.relay.cloud.audit;
        let topic = format!("arn:aws:sns:{HOME}:{audit}:pipetrail-alerts-{own}");
        let sns = aws_sdk_sns::Client::new(&organization.audit().await?);
        let attributes = sns
            .get_topic_attributes()
            .topic_arn(&topic)
            .send()
            .await?
            .attributes
            .unwrap();
        let policy: Value = serde_json::from_str(&attributes["Policy"])?;
        let allowed: Vec<_> = policy["Statement"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["Effect"] == "Allow")
            .collect();
        assert_eq!(allowed.len(), 2, "{policy}");
        assert_eq!(
            allowed[0]["Principal"]["AWS"],
            format!("arn:aws:iam::{audit}:role/pipetrail-approval-{HOME}")
        );
        assert_eq!(allowed[1]["Principal"]["AWS"], format!("arn:aws:iam::{own}:root"));
        assert_eq!(allowed[1]["Action"], "sns:Subscribe");
        assert!(
            policy["Statement"]
                .as_array()
                .unwrap()
                .iter()
                .all(|one| one["Resource"] == topic.as_str())
        );
        let none = format!("arn:aws:sns:{HOME}:{audit}:pipetrail-alerts-{other}");
        assert!(
            sns.get_topic_attributes().topic_arn(none).send().await.is_err(),
            "only who asked has one"
        );

        let queue = queue(&organization, audit, "own-topic").await?;
        let subscribed = sns
            .subscribe()
            .topic_arn(&topic)
            .protocol("sqs")
            .endpoint(&queue)
            .attributes("RawMessageDelivery", "true");
        subscribed.send().await?;
        decide(&organization, &[&own], &[REJECTED, APPROVED], "own topic").await?;
        // Nobody else's test minds an approval of that account.
        decide(&organization, &[&other], &[APPROVED], "own topic").await?;
        let until = Instant::now() + Duration::from_secs(5);
        while arrived(&organization, "own-topic").await?.len() < 2 && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let both = ["Approved", "Rejected"].map(|decision| (own.clone(), decision.to_owned()));
        assert_eq!(arrived(&organization, "own-topic").await?, both);

        let listed = said(&organization, &["subscriptions", "--account", &own]).await?;
        let listed = listed["subscriptions"].as_array().unwrap();
        assert!(
            listed
                .iter()
                .any(|one| one["account_topic"] == own.as_str() && one["endpoint"] == queue.as_str())
        );
        Ok(())
    });
}
