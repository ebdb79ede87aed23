//! Who subscribes to alerts, and what arrives: `pipetrail subscribe`, `subscriptions`, `unsubscribe`,
//! and the topics of single accounts.
//!
//! Unproven on AWS: MiniStack asks no topic policy, so the relay's evaluation stands for it; it confirms
//! mail by itself, and subscribes an endpoint again without looking at its attributes.

use anyhow::Result;
use aws_config::SdkConfig;
use pipetrail_tests::aws;
use pipetrail_tests::organization::subscribers::peek;
use pipetrail_tests::organization::{HOME, Organization};
use pipetrail_tests::relay::policy::{Answer, Principal, Request, evaluate};
use serde_json::{Value, json};

use crate::org;

const REJECTED: &str = include_str!("../../fixtures/cloudtrail/put-approval-rejected-sso-console.json");
const APPROVED: &str = include_str!("../../fixtures/cloudtrail/put-approval-approved-sso-console.json");

/// The JSON that a command prints.
async fn said(organization: &Organization, arguments: &[&str]) -> Result<Value> {
    let arguments: Vec<&str> = arguments.iter().copied().chain(["--output", "json"]).collect();
    Ok(serde_json::from_str(&organization.pipetrail(&arguments).await?)?)
}

/// What a command says that is wrong usage.
async fn refused(organization: &Organization, arguments: &[&str]) -> Result<String> {
    let ran = organization.run(arguments, &organization.aws_config).await?;
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(2), ""),
        "{arguments:?}: {}",
        ran.stderr
    );
    Ok(ran.stderr)
}

async fn queue(config: &SdkConfig, account: &str, name: &str) -> Result<String> {
    let sqs = aws_sdk_sqs::Client::new(config);
    sqs.create_queue().queue_name(name).send().await?;
    Ok(format!("arn:aws:sqs:{HOME}:{account}:{name}"))
}

/// The alerts about an account in a queue that takes them raw: their decisions.
async fn arrived(config: &SdkConfig, queue: &str, account: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for body in peek(config, queue).await? {
        let alert: Value = serde_json::from_str(&body)?;
        if alert["account_id"] == account {
            found.extend(alert["decision"].as_str().map(str::to_owned));
        }
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
        let audit = organization.audit().await?;
        let queue = queue(&audit, &organization.relay.cloud.audit, "rejections").await?;
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
            json!({"account_id": [own], "decision": ["Rejected"], "event_class": ["decision"]})
        );
        assert_eq!(made["remaining"][0]["policy_statement"]["Resource"], queue.as_str());
        let arn = made["subscription"]["arn"].as_str().unwrap().to_owned();
        let again = said(&organization, &asked).await?;
        assert_eq!(
            (&again["result"], &again["subscription"]),
            (&json!("unchanged"), &made["subscription"])
        );

        decide(&organization, &[&own, &other], &[REJECTED, APPROVED], "first").await?;
        assert_eq!(arrived(&audit, "rejections", &own).await?, ["Rejected"]);
        let all = peek(&audit, "rejections").await?;
        assert_eq!(all.len(), 1, "of nobody else: {all:?}");

        // Another filter is shown, and needs a yes.
        let wider = [
            "subscribe",
            "--sqs",
            &queue,
            "--raw",
            "--pipeline-prefix",
            "pay",
            "--ou",
        ];
        let root = root(&organization).await?;
        let wider = [&wider[..], &[root.as_str(), "--decision", "Rejected"]].concat();
        let unasked = refused(&organization, &wider).await?;
        assert!(
            unasked.contains("needs a yes") && unasked.contains("decision Rejected"),
            "{unasked}"
        );
        let changed = said(&organization, &[&wider[..], &["--yes"]].concat()).await?;
        assert_eq!(changed["result"], "changed");
        assert_eq!(
            changed["previous"],
            format!("account {own}; decision Rejected; class decision (raw)")
        );
        let policy = &changed["subscription"]["policy"];
        assert_eq!(policy["pipeline"], json!([{"prefix": "pay"}]));
        assert!(policy["account_id"].as_array().unwrap().contains(&json!(other)));
        decide(&organization, &[&other], &[REJECTED, APPROVED], "second").await?;
        assert_eq!(arrived(&audit, "rejections", &other).await?, ["Rejected"]);

        let listed = said(&organization, &["subscriptions", "--account", &other]).await?;
        let listed = listed["subscriptions"].as_array().unwrap();
        let ours = listed.iter().find(|one| one["arn"] == arn.as_str()).unwrap();
        assert_eq!(
            (&ours["state"], &ours["endpoint"]),
            (&json!("confirmed"), &json!(queue))
        );
        assert_eq!(&ours["policy"], policy);
        let of_another = json!({"account_id": [own], "event_class": ["decision"]});
        assert!(!listed.iter().any(|one| one["policy"] == of_another));

        assert!(
            refused(&organization, &["unsubscribe", &arn])
                .await?
                .contains("needs a yes")
        );
        let gone = said(&organization, &["unsubscribe", "--yes", "--sqs", &queue]).await?;
        assert_eq!(gone["removed"][0]["arn"], arn.as_str());
        let absent = said(&organization, &["unsubscribe", "--yes", &arn]).await?;
        assert_eq!((&absent["removed"], &absent["absent"]), (&json!([]), &json!([arn])));
        decide(&organization, &[&other], &[REJECTED, APPROVED], "third").await?;
        assert_eq!(arrived(&audit, "rejections", &other).await?, ["Rejected"]);
        Ok(())
    });
}

async fn root(organization: &Organization) -> Result<String> {
    let cloud = &organization.relay.cloud;
    let client = aws_sdk_organizations::Client::new(&cloud.at(&cloud.management, HOME).await?);
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
            "--region",
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
                .await?
                .contains("is no subscription of an alert topic")
        );

        let queue = format!("arn:aws:sqs:{HOME}:{}:nobody", organization.relay.cloud.audit);
        let accounts: Vec<String> = (0..151).map(|account| format!("--account={account:012}")).collect();
        let mut many = vec!["subscribe", "--sqs", &queue, "--audit-profile", "there-is-none"];
        many.extend(accounts.iter().map(String::as_str));
        let too_many = refused(&organization, &many).await?;
        assert!(too_many.contains("151 combinations"), "{too_many}");
        let everything = refused(&organization, &["subscribe", "--sqs", &queue]).await?;
        assert!(everything.contains("--all"), "{everything}");
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

/// Whether a topic's policy lets a role of an account do something.
fn lets(policy: &Value, account: &str, action: &str, protocol: &str, topic: &str) -> bool {
    let role = format!("arn:aws:iam::{account}:role/team");
    let context = [
        ("sns:protocol", protocol),
        ("aws:securetransport", "true"),
        ("aws:principalarn", &role),
    ];
    let request = Request {
        principal: Principal::Role(role.clone()),
        action: action.to_owned(),
        resource: topic.to_owned(),
        context: context
            .map(|(key, value)| (key.to_owned(), vec![value.to_owned()]))
            .into(),
    };
    evaluate(policy, &request).unwrap() == Answer::Allowed
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
        for protocol in ["email", "https", "lambda", "sqs"] {
            assert!(
                lets(&policy, &own, "sns:Subscribe", protocol, &topic),
                "{protocol}: {policy}"
            );
            assert!(
                !lets(&policy, &other, "sns:Subscribe", protocol, &topic),
                "{protocol}: {policy}"
            );
        }
        assert!(
            !lets(&policy, &own, "sns:Subscribe", "sms", &topic),
            "at the audit account's cost"
        );
        for action in ["sns:Publish", "sns:ListSubscriptionsByTopic", "sns:SetTopicAttributes"] {
            assert!(!lets(&policy, &own, action, "sqs", &topic), "{action}: {policy}");
        }
        let function = format!("arn:aws:iam::{audit}:role/pipetrail-approval-{HOME}");
        let publishes = &policy["Statement"][0]["Condition"]["ArnEquals"]["aws:PrincipalArn"];
        assert_eq!(*publishes, function.as_str());
        let none = format!("arn:aws:sns:{HOME}:{audit}:pipetrail-alerts-{other}");
        assert!(
            sns.get_topic_attributes().topic_arn(none).send().await.is_err(),
            "only who asked has one"
        );

        // As the member does it: its own queue, its own call.
        let cloud = &organization.relay.cloud;
        let member = aws::config(&cloud.ministack, HOME, aws::keys(&own));
        let queue = queue(&member, &own, "own-topic").await?;
        let team = aws_sdk_sns::Client::new(&member);
        let subscribed = team.subscribe().topic_arn(&topic).protocol("sqs").endpoint(&queue);
        subscribed.attributes("RawMessageDelivery", "true").send().await?;
        decide(&organization, &[&own], &[REJECTED, APPROVED], "own topic").await?;
        // Nobody else's test minds an approval of that account.
        decide(&organization, &[&other], &[APPROVED], "own topic").await?;
        assert_eq!(arrived(&member, "own-topic", &own).await?, ["Approved", "Rejected"]);
        let all = peek(&member, "own-topic").await?;
        assert_eq!(all.len(), 2, "of nobody else: {all:?}");

        let listed = said(&organization, &["subscriptions", "--account", &own]).await?;
        let listed = listed["subscriptions"].as_array().unwrap();
        let ours = listed.iter().find(|one| one["endpoint"] == queue.as_str()).unwrap();
        assert_eq!((&ours["account_topic"], &ours["owner"]), (&json!(own), &json!(own)));
        Ok(())
    });
}
