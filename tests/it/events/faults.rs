//! Nothing is lost and every decision is told, wherever a function is killed or a call fails.
//!
//! The real binaries run against the emulator through a proxy that breaks the n-th AWS call, for
//! every n and every kind of fault; SQS's part (deliver again what failed or was not answered) is
//! played here.

mod bench;
mod gates;
mod planted;

use aws_config::SdkConfig;
use bytes::Bytes;
use pipetrail_tests::fault_proxy::Fault;
use pipetrail_tests::lambda_host::{Answer, Function};
use pipetrail_tests::organization::{HOME, Organization};
use pipetrail_tests::{aws, names};
use serde_json::{Value, json};

use self::bench::Bench;
use crate::org;

const FAULTS: [Fault; 3] = [Fault::Refused, Fault::AnswerLost, Fault::Hangs];

fn topic_arn(org: &Organization) -> String {
    format!("arn:aws:sns:{HOME}:{}:{}", org.relay.cloud.audit, names::ALERTS)
}

fn bucket(org: &Organization, kind: &str) -> String {
    names::bucket(kind, &org.relay.cloud.audit, HOME)
}

fn decision(account: &str, event_id: &str) -> String {
    json!({
        "version": "0", "id": "1a2b3c3a-103a-403a-9196-00a1b2c3d51a", "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.codepipeline", "account": account, "time": "2026-11-20T09:27:58Z", "region": "eu-central-1", "resources": [],
        "detail": {
            "eventVersion": "1.11", "eventTime": "2026-11-20T09:27:58Z", "eventName": "PutApprovalResult", "eventID": event_id,
            "userIdentity": {"type": "IAMUser", "userName": "dana", "arn": format!("arn:aws:iam::{account}:user/dana")},
            "requestParameters": {
                "pipelineName": "payments-api", "stageName": "Prod", "actionName": "ApproveProd",
                "result": {"status": "Approved", "summary": "CAB-118 ok"}, "token": "0b6c1d2e-3f40-4a5b-8c6d-7e8f90a1b2c3"
            },
            "recipientAccountId": account
        }
    })
    .to_string()
}

/// Event keys of the alerts that arrived, in order.
async fn alerts(config: &SdkConfig, queue: &str) -> Vec<String> {
    let sqs = aws_sdk_sqs::Client::new(config);
    let mut found = Vec::new();
    loop {
        let received = sqs
            .receive_message()
            .queue_url(queue)
            .max_number_of_messages(10)
            .wait_time_seconds(1)
            .send()
            .await
            .unwrap();
        if received.messages().is_empty() {
            return found;
        }
        for message in received.messages() {
            let alert: Value = serde_json::from_str(message.body().unwrap()).unwrap();
            found.push(alert["event_key"].as_str().unwrap().to_owned());
            sqs.delete_message()
                .queue_url(queue)
                .receipt_handle(message.receipt_handle().unwrap())
                .send()
                .await
                .unwrap();
        }
    }
}

/// A queue that hears of one account only, so that tests do not disturb each other.
async fn subscribed(config: &SdkConfig, topic: &str, account: &str, name: &str) -> String {
    let sqs = aws_sdk_sqs::Client::new(config);
    let queue = sqs
        .create_queue()
        .queue_name(format!("alerts-{account}-{name}"))
        .send()
        .await
        .unwrap()
        .queue_url
        .unwrap();
    let arn = sqs
        .get_queue_attributes()
        .queue_url(&queue)
        .attribute_names(aws_sdk_sqs::types::QueueAttributeName::QueueArn)
        .send()
        .await
        .unwrap()
        .attributes
        .unwrap()
        .remove(&aws_sdk_sqs::types::QueueAttributeName::QueueArn)
        .unwrap();
    aws_sdk_sns::Client::new(config)
        .subscribe()
        .topic_arn(topic)
        .protocol("sqs")
        .endpoint(arn)
        .attributes("RawMessageDelivery", "true")
        .attributes("FilterPolicy", json!({"account_id": [account]}).to_string())
        .send()
        .await
        .unwrap();
    queue
}

#[test]
fn a_decision_is_recorded_once_and_told_at_least_once_wherever_a_call_fails_or_the_function_dies() {
    org::with(|org| async move {
        let config = org.audit().await?;
        let s3 = aws::s3(&config);
        let topic = topic_arn(&org);
        let bucket = bucket(&org, "evidence");
        let own = vec![
            ("EVIDENCE_BUCKET", bucket.clone()),
            ("LAKE_BUCKET", self::bucket(&org, "lake")),
            ("ALERT_TOPIC_ARN", topic.clone()),
            ("ACCOUNT_TOPICS", "none".to_owned()),
        ];
        let bench = Bench::new(&org, "approval", own.clone()).await;

        let account = "000000000700";
        let queue = subscribed(&config, &topic, account, "all").await;
        let batch = [decision(account, "undisturbed-1"), decision(account, "undisturbed-2")];
        assert_eq!(bench.deliver(&batch, None).await, 1);
        let calls = bench.proxy.calls();
        assert_eq!(calls, 8, "look for the marker, record, alert, marker; two decisions");
        assert_eq!(alerts(&config, &queue).await.len(), 2);
        assert_eq!(bench.deliver(&batch, None).await, 1);
        assert_eq!(
            alerts(&config, &queue).await,
            Vec::<String>::new(),
            "a duplicate is not told again"
        );
        let addendum = decision(account, "late").replace("09:27:58Z", "09:28:03Z").replace(
            "\"eventVersion\"",
            "\"addendum\":{\"originalEventID\":\"undisturbed-1\"},\"eventVersion\"",
        );
        assert_eq!(bench.deliver(&[addendum], None).await, 1);
        assert_eq!(
            alerts(&config, &queue).await,
            Vec::<String>::new(),
            "nor is an addendum"
        );
        assert_eq!(
            aws::object_keys(&s3, &bucket, &format!("account_id={account}/"))
                .await?
                .len(),
            2
        );

        // Each kind of fault at a bench of its own, all at once: most of it is waiting for alerts.
        let [first, second, third] = [0, 1, 2].map(|kind| {
            let (org, own, config, topic) = (&org, own.clone(), &config, &topic);
            let (s3, bucket, fault) = (&s3, &bucket, FAULTS[kind]);
            async move {
                let bench = Bench::new(org, "approval", own).await;
                for n in 1..=calls {
                    let account = format!("0000007{kind:02}{n:03}");
                    let queue = subscribed(config, topic, &account, "all").await;
                    let batch = [decision(&account, "a"), decision(&account, "b")];
                    let deliveries = bench.deliver(&batch, Some((n, fault))).await;
                    assert!(deliveries > 1, "{fault:?} at call {n} did not disturb anything");
                    let records = aws::object_keys(s3, bucket, &format!("account_id={account}/")).await?;
                    assert_eq!(records.len(), 2, "{fault:?} at call {n}: {records:?}");
                    let told = alerts(config, &queue).await;
                    for record in &records {
                        let times = told.iter().filter(|key| record.contains(key.as_str())).count();
                        assert!(
                            (1..=2).contains(&times),
                            "{fault:?} at call {n}: {record} told {times} times"
                        );
                    }
                    // From now on it is over: another duplicate tells nobody.
                    bench.deliver(&batch, None).await;
                    let again = alerts(config, &queue).await;
                    assert_eq!(again, Vec::<String>::new(), "{fault:?} at call {n}");
                }
                anyhow::Ok(())
            }
        });
        tokio::try_join!(first, second, third)?;
        Ok(())
    });
}

#[test]
fn an_account_with_a_topic_of_its_own_is_told_there_as_surely_as_on_the_topic_of_all() {
    org::with(|org| async move {
        let config = org.audit().await?;
        let all = topic_arn(&org);
        let accounts = FAULTS.map(|fault| format!("{:012}", 610 + FAULTS.iter().position(|f| *f == fault).unwrap()));
        let environment = vec![
            ("EVIDENCE_BUCKET", bucket(&org, "evidence")),
            ("LAKE_BUCKET", bucket(&org, "lake")),
            ("ALERT_TOPIC_ARN", all.clone()),
            ("ACCOUNT_TOPICS", accounts.join(",")),
        ];
        let bench = Bench::new(&org, "approval", environment).await;
        for (fault, account) in FAULTS.into_iter().zip(&accounts) {
            let sns = aws_sdk_sns::Client::new(&config);
            let name = format!("{}-{account}", names::ALERTS);
            let own = sns.create_topic().name(name).send().await?.topic_arn.unwrap();
            let everyone = subscribed(&config, &all, account, "all").await;
            let team = subscribed(&config, &own, account, "own").await;
            let batch = [decision(account, "own")];
            // Marker, record, topic of all, own topic, marker: the fourth call is the own topic's.
            assert!(bench.deliver(&batch, Some((4, fault))).await > 1, "{fault:?}");
            let (heard, told) = (alerts(&config, &everyone).await, alerts(&config, &team).await);
            assert!(
                (1..=2).contains(&heard.len()) && (1..=2).contains(&told.len()),
                "{fault:?}: {heard:?} {told:?}"
            );
            bench.deliver(&batch, None).await;
            assert_eq!(alerts(&config, &team).await, Vec::<String>::new(), "{fault:?}");
        }
        Ok(())
    });
}

#[test]
fn an_account_whose_own_topic_is_gone_holds_nobody_up() {
    org::with(|org| async move {
        let (config, all, account) = (org.audit().await?, topic_arn(&org), "000000000620");
        let environment = vec![
            ("EVIDENCE_BUCKET", bucket(&org, "evidence")),
            ("LAKE_BUCKET", bucket(&org, "lake")),
            ("ALERT_TOPIC_ARN", all.clone()),
            ("ACCOUNT_TOPICS", account.to_owned()),
        ];
        let bench = Bench::new(&org, "approval", environment).await;
        let everyone = subscribed(&config, &all, account, "all").await;
        assert_eq!(bench.deliver(&[decision(account, "gone")], None).await, 1);
        assert_eq!(alerts(&config, &everyone).await.len(), 1);
        Ok(())
    });
}

#[test]
fn messages_that_can_never_succeed_fail_alone_and_so_reach_the_dead_letter_queue() {
    org::with(|org| async move {
        let topic = topic_arn(&org);
        let own = vec![
            ("EVIDENCE_BUCKET", bucket(&org, "evidence")),
            ("LAKE_BUCKET", bucket(&org, "lake")),
            ("ALERT_TOPIC_ARN", topic),
            ("ACCOUNT_TOPICS", "none".to_owned()),
        ];
        let bench = Bench::new(&org, "approval", own).await;
        let refused = decision("000000000900", "refused")
            .replace("\"eventVersion\"", "\"errorCode\":\"AccessDenied\",\"eventVersion\"");
        let state = json!({"account": "000000000900", "time": "2026-11-20T09:27:58Z", "source": "aws.codepipeline"});
        let bodies = [
            "{broken".to_owned(),
            state.to_string(),
            refused,
            decision("000000000900", "good"),
        ];
        assert_eq!(failed(&bench, &bodies).await, ["0", "1"]);
        Ok(())
    });
}

async fn failed(bench: &Bench, bodies: &[String]) -> Vec<String> {
    let mut function = Function::start(&bench.binary, &bench.environment).await.unwrap();
    let records: Vec<Value> = bodies
        .iter()
        .enumerate()
        .map(|(i, body)| json!({"messageId": i.to_string(), "body": body}))
        .collect();
    let answer = function
        .invoke(Bytes::from(json!({"Records": records}).to_string()))
        .await
        .unwrap();
    function.kill().await.unwrap();
    let Answer::Response(response) = answer else {
        panic!("{answer:?}")
    };
    response["batchItemFailures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["itemIdentifier"].as_str().unwrap().to_owned())
        .collect()
}
