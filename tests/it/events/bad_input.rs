//! Nothing given is silently gone: it is a row, or kept with its bytes, or refused and counted.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use pipetrail_tests::day::STRANGER;
use pipetrail_tests::organization::HOME;
use pipetrail_tests::play::Input;
use pipetrail_tests::player::{Act, Given};
use pipetrail_tests::tally::tally;
use pipetrail_tests::wire::Envelope;
use serde_json::{Value, json};

use crate::{lake, org};

const APPROVAL: &str = include_str!("../../fixtures/cloudtrail/put-approval-approved-sso-console.json");
const STATE: &str = include_str!("../../fixtures/pipeline/succeeded.json");
const NOTIFICATION: &str = include_str!("../../fixtures/notifications/processed-pipeline-failed.json");

/// A fixture with some fields changed, each by a JSON pointer.
fn changed(text: &str, id: &str, changes: &[(&str, Value)]) -> Value {
    let mut event: Value = serde_json::from_str(text).unwrap();
    event["id"] = json!(pipetrail_tests::ids::uuid_of(id));
    if event["detail"]["eventID"].is_string() {
        event["detail"]["eventID"] = json!(pipetrail_tests::ids::uuid_of(&format!("event {id}")));
    }
    for (pointer, value) in changes {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        event.pointer_mut(parent).unwrap()[key] = value.clone();
    }
    event
}

fn carriable() -> Vec<Value> {
    let wrong = json!({"pipeline": 7, "execution-id": [], "state": {"a": 1}, "version": "x", "start-time": false});
    let quotes = "\"quoted\" \\ and 'so' \u{0}\u{7}\u{1b}[31m\r\n\ttab \u{2028} <b>&amp;";
    vec![
        changed(
            STATE,
            "new type",
            &[("/detail-type", json!("CodePipeline Rule Execution State Change"))],
        ),
        changed(STATE, "new state", &[("/detail/state", json!("SOME_FUTURE_STATE"))]),
        changed(STATE, "wrong types", &[("/detail", wrong)]),
        changed(STATE, "no fields", &[("/detail", json!({}))]),
        changed(STATE, "big", &[("/detail/padding", json!("x".repeat(900_000)))]),
        changed(
            APPROVAL,
            "comment",
            &[("/detail/requestParameters/result/summary", json!(quotes))],
        ),
        changed(
            APPROVAL,
            "dots",
            &[("/detail/requestParameters/pipelineName", json!(".."))],
        ),
        changed(APPROVAL, "no request", &[("/detail/requestParameters", Value::Null)]),
        changed(APPROVAL, "no name", &[("/detail/eventName", Value::Null)]),
        changed(APPROVAL, "odd identity", &[("/detail/userIdentity", json!("nobody"))]),
    ]
}

#[test]
fn whatever_is_given_is_a_row_or_kept_or_refused() {
    org::with(|organization| async move {
        let member = organization.members[org::BAD_INPUT].id.clone();
        let mut given = Vec::new();
        for event in carriable() {
            given.push(org::emit(&org::moved(
                &event.to_string(),
                ("111122223333", &member),
                (HOME, HOME),
            )));
        }
        // JSON that many a reader stumbles over.
        let nested = format!("{}{}", "[".repeat(500), "]".repeat(500));
        for (id, odd) in [
            ("lone surrogate", "\"\\ud800\""),
            ("nested", nested.as_str()),
            ("too great", "1e999"),
        ] {
            let event = changed(STATE, id, &[("/detail/note", json!("ODD"))])
                .to_string()
                .replace("\"ODD\"", odd);
            given.push(org::emit(&org::moved(&event, ("111122223333", &member), (HOME, HOME))));
        }
        let outside = changed(STATE, "outside", &[]).to_string();
        given.push(org::emit(&org::moved(
            &outside,
            ("111122223333", STRANGER),
            (HOME, HOME),
        )));
        // What no bus would carry, put straight into the streams.
        let zeros = changed(STATE, "zeros", &[])
            .to_string()
            .replace("111122223333", "000011112222");
        let misplaced = changed(APPROVAL, "misplaced", &[]).to_string();
        let cut = &STATE[..STATE.len() / 2];
        let records = [
            b"not json".as_slice(),
            b"[1,2]",
            b"{}",
            b"null",
            &[0xff, 0xfe, 0x00],
            cut.as_bytes(),
        ];
        let records = records
            .into_iter()
            .chain([NOTIFICATION.as_bytes(), zeros.as_bytes(), misplaced.as_bytes()]);
        for (number, data) in records.enumerate() {
            for table in ["pipeline_executions", "other_events"] {
                let data = data.to_vec();
                given.push(Given {
                    label: format!("record {number} into {table}"),
                    act: Act::Put {
                        table: table.to_owned(),
                        data,
                    },
                });
            }
        }
        let (total, played) = (given.len() as u64, org::play_all(&organization, given).await?);
        let tally = tally(&organization, BTreeMap::new(), &played).await?;
        assert_eq!((tally.events_in, tally.refused), (total, 1));
        assert_eq!(tally.missing, [""; 0]);
        assert_eq!(
            tally.rows["pipeline_executions"]["000011112222"], 1,
            "leading zeros are real"
        );

        let errors = lake::errors(&organization).await?;
        for data in [
            b"not json".as_slice(),
            b"[1,2]",
            &[0xff, 0xfe, 0x00],
            misplaced.as_bytes(),
        ] {
            assert!(
                errors.contains(data),
                "kept with its bytes: {}",
                String::from_utf8_lossy(data)
            );
        }
        let evidence = lake::evidence(&organization, &member).await?;
        assert!(
            evidence.iter().all(|key| !key.split('/').any(|part| part == "..")),
            "{evidence:?}"
        );
        let comments = lake::rows(&organization, "approval_calls", &member).await?;
        assert!(
            comments
                .iter()
                .any(|row| row.get("summary").is_some_and(|text| text.contains("\"quoted\"")))
        );
        Ok(())
    });
}

#[test]
fn a_batch_whose_answer_would_be_too_big_answers_for_every_record() {
    /// The most that a function may answer, in bytes.
    const LIMIT: usize = 6 * 1024 * 1024;
    org::with(|organization| async move {
        let audit = &organization.relay.cloud.audit;
        let records: Vec<_> = (0..44).map(|number| {
            let event = changed(STATE, &number.to_string(), &[("/detail/padding", json!("y".repeat(75_000)))]);
            let data = aws_smithy_types::base64::encode(event.to_string());
            json!({"recordId": number.to_string(), "approximateArrivalTimestamp": 1_795_425_304_302_u64, "data": data})
        }).collect();
        let request = json!({"invocationId": "i", "region": HOME, "records": records,
            "deliveryStreamArn": pipetrail_tests::names::stream("pipeline_executions", audit, HOME)});
        let lambda = aws_sdk_lambda::Client::new(&organization.audit().await?);
        let payload = aws_sdk_lambda::primitives::Blob::new(request.to_string());
        assert!(payload.as_ref().len() < LIMIT, "a request that Lambda takes");
        let answer = lambda
            .invoke()
            .function_name("pipetrail-transform")
            .payload(payload)
            .send()
            .await?;
        assert_eq!(answer.function_error, None);
        let answer = answer.payload.unwrap();
        assert!(answer.as_ref().len() <= LIMIT, "{} bytes", answer.as_ref().len());
        let answer: Value = serde_json::from_slice(answer.as_ref())?;
        let results = answer["records"].as_array().unwrap();
        let ids: BTreeSet<_> = results
            .iter()
            .map(|record| record["recordId"].as_str().unwrap())
            .collect();
        assert_eq!((results.len(), ids.len()), (44, 44));
        assert!(
            results
                .iter()
                .all(|record| record["result"] == "Ok" || record["result"] == "ProcessingFailed")
        );
        Ok(())
    });
}

#[test]
fn files_of_any_content_are_read_and_what_no_bus_carries_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &[u8]| fs::write(folder.path().join(name), text).unwrap();
    write("a.json", b"not json");
    write("b.json", b"[1, \"two\", null, {}]");
    write("c.ndjson", b"{\"id\":1}\n\xff\xfe\n{\"id\":\"x\"}\n");
    write("d.json", NOTIFICATION.as_bytes());
    let wrong = [
        ("id", json!(7)),
        ("account", json!("12")),
        ("account", json!(111_122_223_333_u64)),
        ("time", json!("yesterday")),
        ("region", json!("mars-north-1")),
        ("detail", json!([])),
        ("source", json!("")),
    ];
    let wrong = wrong.map(|(key, value)| changed(STATE, key, &[(&format!("/{key}"), value)]));
    write("e.json", serde_json::to_string(&wrong).unwrap().as_bytes());
    write(
        "f.json",
        changed(STATE, "huge", &[("/detail/x", json!("x".repeat(1_100_000)))])
            .to_string()
            .as_bytes(),
    );
    write("g.json", b"");
    let given = Input::read(folder.path()).unwrap().given(&BTreeMap::new());
    assert_eq!(given.len(), 1 + 4 + 3 + 1 + 7 + 1 + 1);
    for given in given {
        assert!(matches!(given.act, Act::Refuse(_)), "{}", given.label);
    }
    assert!(Envelope::parse(STATE.as_bytes()).unwrap().carriable().is_ok());
}
