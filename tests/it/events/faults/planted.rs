//! What somebody put into the evidence bucket before the function suppresses neither record nor alert, but for the
//! decision's own record and marker, to the letter.

use std::fs::File;
use std::process::Stdio;

use pipetrail_collector::decision::{Decision, Reading};
use pipetrail_collector::evidence::{Marker, beside};
use pipetrail_collector::sha256_hex;

use super::*;

async fn approval(org: &Organization) -> Bench {
    let environment = vec![
        ("EVIDENCE_BUCKET", bucket(org, "evidence")),
        ("LAKE_BUCKET", bucket(org, "lake")),
        ("ALERT_TOPIC_ARN", topic_arn(org)),
        ("ACCOUNT_TOPICS", "none".to_owned()),
    ];
    Bench::new(org, "approval", environment).await
}

/// Delivers a decision; gives how many foreign objects the function tells by its metric, and whether it wants the
/// message again.
async fn delivered(bench: &Bench, body: &str) -> (usize, bool) {
    let log = tempfile::NamedTempFile::new().unwrap();
    let stdout = Stdio::from(File::create(log.path()).unwrap());
    let started = Function::start_with(&bench.binary, &bench.environment, stdout).await;
    let mut function = started.unwrap();
    let batch = json!({"Records": [{"messageId": "0", "body": body}]});
    let answer = function.invoke(Bytes::from(batch.to_string())).await.unwrap();
    let Answer::Response(response) = answer else {
        panic!("{answer:?}")
    };
    let fails = response != json!({"batchItemFailures": []});
    function.kill().await.unwrap();
    let lines = std::fs::read_to_string(log.path()).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let told = lines.filter_map(|line| line["ForeignEvidence"].as_u64());
    (usize::try_from(told.sum::<u64>()).unwrap(), fails)
}

#[test]
fn a_decision_whose_every_place_is_taken_is_told_and_comes_again() {
    org::with(|org| async move {
        let (config, bench) = (org.audit().await?, approval(&org).await);
        let (s3, topic, bucket) = (aws::s3(&config), topic_arn(&org), bucket(&org, "evidence"));
        let account = "000000600099";
        let queue = subscribed(&config, &topic, account, "all").await;
        let body = decision(account, "planted");
        let Reading::Record(decided, _) = Decision::of(body.as_bytes())? else {
            panic!("no decision")
        };
        let (key, digest) = (decided.record_key(), sha256_hex(&decided.record()));
        for key in [key.clone(), beside(&key, &digest)] {
            let put = s3.put_object().bucket(&bucket).key(key);
            put.body(b"forged".to_vec().into()).send().await?;
        }
        assert_eq!(delivered(&bench, &body).await, (2, true));
        assert_eq!(alerts(&config, &queue).await, [decided.event_key.as_str()]);
        Ok(())
    });
}

#[test]
fn a_marker_that_s3_does_not_hand_out_suppresses_nothing() {
    org::with(|org| async move {
        let (config, bench) = (org.audit().await?, approval(&org).await);
        let account = "000000600098";
        let queue = subscribed(&config, &topic_arn(&org), account, "all").await;
        let body = decision(account, "planted");
        // As S3 answers for an object in an archive.
        bench.proxy.place(Some((1, Fault::Error("InvalidObjectState"))));
        assert_eq!(delivered(&bench, &body).await, (0, false));
        assert_eq!(alerts(&config, &queue).await.len(), 1);
        Ok(())
    });
}

/// The limit of what the function can tell: both follow from the decision, so whoever knows it can write them. The
/// bucket's policy is what keeps everybody else out.
#[test]
fn the_decisions_own_record_and_marker_are_believed() {
    org::with(|org| async move {
        let (config, bench) = (org.audit().await?, approval(&org).await);
        let (s3, bucket, account) = (aws::s3(&config), bucket(&org, "evidence"), "000000600097");
        let queue = subscribed(&config, &topic_arn(&org), account, "all").await;
        let body = decision(account, "planted");
        let Reading::Record(decided, _) = Decision::of(body.as_bytes())? else {
            panic!("no decision")
        };
        let (record, record_key) = (decided.record(), decided.record_key());
        let digest = sha256_hex(&record);
        let marker = Marker {
            digest,
            record_key: record_key.clone(),
        };
        for (key, text) in [(record_key, record), (decided.evidence().marker_key(), marker.text())] {
            let put = s3.put_object().bucket(&bucket).key(key);
            put.body(text.into_bytes().into()).send().await?;
        }
        assert_eq!(delivered(&bench, &body).await, (0, false));
        assert_eq!(alerts(&config, &queue).await, [""; 0]);
        Ok(())
    });
}

#[test]
fn planted_records_and_markers_suppress_neither_record_nor_alert() {
    org::with(|org| async move {
        let (config, bench) = (org.audit().await?, approval(&org).await);
        let (s3, topic, bucket) = (aws::s3(&config), topic_arn(&org), bucket(&org, "evidence"));
        let forged = "Decision          Rejected\n";
        let too_large = "x".repeat((1 << 20) + 1);
        // What is planted as record and as marker, and how many objects the function complains of.
        let cases: [(Option<&str>, Option<&str>, usize); 7] = [
            (None, Some(""), 1),
            (None, Some("ours"), 0),
            (Some(forged), None, 1),
            (Some(forged), Some("ours"), 2),
            (Some(forged), Some("of the forged"), 2),
            (Some(&too_large), Some(&too_large), 2),
            (Some("ours"), Some(""), 1),
        ];
        for (number, (record, marker, complaints)) in cases.into_iter().enumerate() {
            let account = format!("0000006{number:05}");
            let queue = subscribed(&config, &topic, &account, "all").await;
            let body = decision(&account, "planted");
            let Reading::Record(decided, _) = Decision::of(body.as_bytes())? else {
                panic!("no decision")
            };
            let (own, record_key) = (decided.record(), decided.record_key());
            let of = |text: &str| {
                let (digest, record_key) = (sha256_hex(text), record_key.clone());
                Marker { digest, record_key }.text()
            };
            let planted = [
                (record_key.clone(), record.map(|text| text.replace("ours", &own))),
                (
                    decided.evidence().marker_key(),
                    marker.map(|text| match text {
                        "ours" => of(&own),
                        "of the forged" => of(forged),
                        text => text.to_owned(),
                    }),
                ),
            ];
            for (key, text) in planted {
                if let Some(text) = text {
                    let put = s3.put_object().bucket(&bucket).key(key);
                    put.body(text.into_bytes().into()).send().await?;
                }
            }

            assert_eq!(delivered(&bench, &body).await, (complaints, false), "case {number}");
            assert_eq!(
                alerts(&config, &queue).await,
                [decided.event_key.as_str()],
                "case {number}"
            );
            let there = match record.is_some_and(|text| text != "ours") {
                true => beside(&record_key, &sha256_hex(&own)),
                false => record_key,
            };
            let kept = s3.get_object().bucket(&bucket).key(there).send().await?;
            assert_eq!(kept.body.collect().await?.to_vec(), own.as_bytes(), "case {number}");

            assert_eq!(delivered(&bench, &body).await, (0, false), "case {number}");
            assert_eq!(
                alerts(&config, &queue).await,
                Vec::<String>::new(),
                "case {number}: a duplicate is not told again"
            );
        }
        Ok(())
    });
}
