//! A removed gate is told wherever a call fails or the function dies, and two calls at once both find their place.

use super::*;

/// A call that left a gate behind, or none, in a second of its own.
fn call(account: &str, name: &str, second: u32, gate: bool) -> String {
    let category = if gate { "Approval" } else { "Build" };
    let action = json!({"name": "Approve", "actionTypeId": {"category": category}});
    let pipeline = json!({"name": "shop", "version": second, "stages": [{"name": "Prod", "actions": [action]}]});
    let time = format!("2026-11-20T09:27:{second:02}Z");
    json!({
        "detail-type": "AWS API Call via CloudTrail", "source": "aws.codepipeline", "account": account,
        "time": time, "region": "eu-central-1",
        "detail": {
            "eventTime": time, "eventName": name, "eventID": format!("{account} {second}"),
            "userIdentity": {"type": "IAMUser", "userName": "dana"}, "recipientAccountId": account,
            "responseElements": {"pipeline": pipeline}
        }
    })
    .to_string()
}

fn environment(org: &Organization) -> Vec<(&'static str, String)> {
    vec![
        ("EVIDENCE_BUCKET", bucket(org, "evidence")),
        ("LAKE_BUCKET", bucket(org, "lake")),
        ("ALERT_TOPIC_ARN", topic_arn(org)),
        ("ACCOUNT_TOPICS", "none".to_owned()),
    ]
}

/// The texts of the records about gates of an account.
async fn records(org: &Organization, account: &str) -> anyhow::Result<Vec<String>> {
    let (s3, bucket) = (aws::s3(&org.audit().await?), bucket(org, "evidence"));
    let mut texts = Vec::new();
    for key in aws::object_keys(&s3, &bucket, &format!("gate_changes/account_id={account}/")).await? {
        let record = s3.get_object().bucket(&bucket).key(key).send().await?;
        texts.push(String::from_utf8(record.body.collect().await?.to_vec())?);
    }
    Ok(texts)
}

#[test]
fn a_removed_gate_is_told_wherever_a_call_fails_or_the_function_dies() {
    org::with(|org| async move {
        let (config, topic) = (org.audit().await?, topic_arn(&org));
        let batch = |account: &str| {
            let created = call(account, "CreatePipeline", 1, true);
            [created, call(account, "UpdatePipeline", 2, false)]
        };
        let bench = Bench::new(&org, "approval", environment(&org)).await;
        let queue = subscribed(&config, &topic, "000000000650", "all").await;
        assert_eq!(bench.deliver(&batch("000000000650"), None).await, 1);
        let calls = bench.proxy.calls();
        assert_eq!(
            calls, 8,
            "known gates read and put, twice; marker, record, alert, marker"
        );
        assert_eq!(alerts(&config, &queue).await.len(), 1);

        let [first, second, third] = [0, 1, 2].map(|kind| {
            let (org, config, topic, fault) = (&org, &config, &topic, FAULTS[kind]);
            async move {
                let bench = Bench::new(org, "approval", environment(org)).await;
                for n in 1..=calls {
                    let account = format!("0000065{kind:02}{n:03}");
                    let queue = subscribed(config, topic, &account, "all").await;
                    assert!(
                        bench.deliver(&batch(&account), Some((n, fault))).await > 1,
                        "{fault:?} at {n}"
                    );
                    bench.deliver(&batch(&account), None).await;
                    let told = alerts(config, &queue).await;
                    let kept = records(org, &account).await?;
                    // Where the creation comes second, the update is told as unknown first.
                    let removed = kept
                        .iter()
                        .filter(|record| record.contains("Prod/Approve: removed"))
                        .count();
                    assert_eq!(removed, 1, "{fault:?} at {n}: {kept:?}");
                    for record in &kept {
                        let times = told.iter().filter(|key| record.contains(key.as_str())).count();
                        assert!(times >= 1, "{fault:?} at {n}: {told:?} {record}");
                    }
                    assert!(told.len() <= kept.len() + 1, "{fault:?} at {n}: {told:?}");
                }
                anyhow::Ok(())
            }
        });
        tokio::try_join!(first, second, third)?;
        Ok(())
    });
}

#[test]
fn calls_of_one_pipeline_that_are_handled_at_once_all_find_their_place() {
    org::with(|org| async move {
        let (config, account) = (org.audit().await?, "000000000659");
        let queue = subscribed(&config, &topic_arn(&org), account, "all").await;
        let bench = Bench::new(&org, "approval", environment(&org)).await;
        bench.deliver(&[call(account, "CreatePipeline", 1, true)], None).await;
        // The gate comes and goes: three times it is removed.
        let calls: Vec<String> = (2..8)
            .map(|second| call(account, "UpdatePipeline", second, second % 2 == 1))
            .collect();
        let mut running = tokio::task::JoinSet::new();
        for call in calls {
            let mut function = Function::start(&bench.binary, &bench.environment).await?;
            let batch = json!({"Records": [{"messageId": "0", "body": call}]}).to_string();
            running.spawn(async move {
                let answer = function.invoke(Bytes::from(batch)).await?;
                function.kill().await?;
                anyhow::Ok(answer)
            });
        }
        for answer in running.join_all().await {
            assert_eq!(answer?, Answer::Response(json!({"batchItemFailures": []})));
        }
        // Once more where a later call came first.
        let removed = records(&org, account).await?.join("\n");
        assert!(removed.matches("Prod/Approve: removed").count() >= 3, "{removed}");
        assert!(!removed.contains("Gates unknown"), "{removed}");
        assert!(alerts(&config, &queue).await.len() >= 3);
        let key = format!("gates/account_id={account}/{HOME}/shop.json");
        let known = aws::s3(&config)
            .get_object()
            .bucket(bucket(&org, "lake"))
            .key(key)
            .send()
            .await?;
        let known: Value = serde_json::from_slice(&known.body.collect().await?.to_vec())?;
        let versions: Vec<_> = known["calls"]
            .as_array()
            .unwrap()
            .iter()
            .map(|call| &call["version"])
            .collect();
        assert_eq!(versions, [1, 2, 3, 4, 5, 6, 7]);
        Ok(())
    });
}
