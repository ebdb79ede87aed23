//! The templates say the same as the code: columns, partition keys, patterns, environment variables.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use pipetrail_collector::{Event, Table};
use pipetrail_tests::lambda_host::{Answer, Function};
use serde_json::{Value, json};

use crate::org;
use crate::templates::template;

/// The traps among them are a named function each, in that script.
#[test]
fn every_template_passes_the_linters_and_falls_into_no_trap() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let checked = Command::new(root.join(".ci/validate-templates")).output().unwrap();
    let said = String::from_utf8_lossy(&checked.stdout).into_owned() + &String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success(), "{said}");
}

#[test]
fn glue_tables_have_the_columns_and_partition_keys_of_the_code() {
    let tables = template("data").resolved("AWS::Glue::Table");
    assert_eq!(tables.len(), Table::ALL.len());
    for table in Table::ALL {
        let input = tables
            .iter()
            .map(|glue| &glue["TableInput"])
            .find(|input| input["Name"] == table.name())
            .unwrap();
        let of = |columns: &Value| -> Vec<(String, String)> {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            columns
                .as_array()
                .unwrap()
                .iter()
                .map(|column| (text(&column["Name"]), text(&column["Type"])))
                .collect()
        };
        let expected: Vec<_> = table
            .columns()
            .iter()
            .map(|column| (column.name.to_owned(), column.ty.to_string()))
            .collect();
        assert_eq!(of(&input["StorageDescriptor"]["Columns"]), expected, "{table}");
        let keys: Vec<_> = table
            .partition_keys()
            .iter()
            .map(|key| ((*key).to_owned(), "string".to_owned()))
            .collect();
        assert_eq!(of(&input["PartitionKeys"]), keys, "{table}");
        assert!(
            input["StorageDescriptor"]["Location"]
                .as_str()
                .unwrap()
                .ends_with(&format!("/{table}/")),
            "{table}"
        );
    }
}

#[test]
fn streams_write_where_the_code_looks() {
    let streams = template("pipeline").resolved("AWS::KinesisFirehose::DeliveryStream");
    let mut seen = Vec::new();
    for stream in streams {
        let arn = format!(
            "arn:aws:firehose:eu-central-1:999988887777:deliverystream/{}",
            stream["DeliveryStreamName"].as_str().unwrap()
        );
        let table = Table::from_stream_arn(&arn).unwrap_or_else(|| panic!("{arn}"));
        let s3 = &stream["ExtendedS3DestinationConfiguration"];
        let folders: String = table
            .partition_keys()
            .iter()
            .map(|key| format!("{key}=!{{partitionKeyFromLambda:{key}}}/"))
            .collect();
        assert_eq!(s3["Prefix"], format!("{table}/{folders}"));
        assert_eq!(
            s3["ErrorOutputPrefix"],
            format!("errors/{table}/!{{firehose:error-output-type}}/")
        );
        assert_eq!(
            s3["DataFormatConversionConfiguration"]["SchemaConfiguration"]["TableName"],
            table.name()
        );
        assert_eq!(
            s3["DataFormatConversionConfiguration"]["SchemaConfiguration"]["DatabaseName"],
            "pipetrail"
        );
        seen.push(table);
    }
    seen.sort();
    assert_eq!(seen, Table::ALL);
    let notified = template("data")
        .resolved("AWS::S3::Bucket")
        .iter()
        .find_map(|bucket| {
            bucket["NotificationConfiguration"]["QueueConfigurations"]
                .as_array()
                .cloned()
        })
        .unwrap();
    let mut prefixes: Vec<_> = notified
        .iter()
        .map(|one| one["Filter"]["S3Key"]["Rules"][0]["Value"].as_str().unwrap().to_owned())
        .collect();
    prefixes.sort();
    let mut expected: Vec<_> = Table::ALL.iter().map(|table| format!("{table}/")).collect();
    expected.sort();
    assert_eq!(prefixes, expected);
}

/// Envelopes of the fixtures, and odd ones.
fn envelopes() -> Vec<(String, Value)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut found = Vec::new();
    for folder in ["pipeline", "stage", "action", "cloudtrail"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            found.push((
                path.display().to_string(),
                serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap(),
            ));
        }
    }
    let base = json!({"version": "0", "id": "1", "source": "aws.codepipeline", "account": "000000000012", "time": "2026-11-20T09:27:58Z",
        "region": "eu-central-1", "resources": [], "detail-type": "AWS API Call via CloudTrail", "detail": {}});
    let mut odd = |name: &str, change: Value| {
        let mut event = base.clone();
        event
            .as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        found.push((name.to_owned(), event));
    };
    odd("a call without a name", json!({}));
    odd("a call whose name is null", json!({"detail": {"eventName": null}}));
    odd("a call whose name is a number", json!({"detail": {"eventName": 7}}));
    odd(
        "a read",
        json!({"detail": {"eventName": "GetPipelineState", "readOnly": true}}),
    );
    odd(
        "a decision with a null error",
        json!({"detail": {"eventName": "PutApprovalResult", "errorCode": null}}),
    );
    odd(
        "a new detail-type",
        json!({"detail-type": "CodePipeline Rule Execution State Change"}),
    );
    odd(
        "a state change without detail",
        json!({"detail-type": "CodePipeline Stage Execution State Change"}),
    );
    odd(
        "a heartbeat",
        json!({"source": "pipetrail.heartbeat", "detail-type": "pipetrail heartbeat"}),
    );
    odd(
        "a heartbeat dressed as a decision",
        json!({"source": "pipetrail.heartbeat", "detail": {"eventName": "PutApprovalResult"}}),
    );
    odd(
        "a forged state change",
        json!({"source": "my.app", "detail-type": "CodePipeline Pipeline Execution State Change"}),
    );
    found
}

#[test]
fn the_bus_sorts_every_event_into_the_one_table_that_the_code_says() {
    let rules: BTreeMap<String, String> = template("pipeline")
        .resolved("AWS::Events::Rule")
        .iter()
        .map(|rule| {
            let pattern = rule["EventPattern"]
                .as_str()
                .map_or_else(|| rule["EventPattern"].to_string(), str::to_owned);
            (
                rule["Name"]
                    .as_str()
                    .unwrap()
                    .strip_prefix("pipetrail-")
                    .unwrap()
                    .to_owned(),
                pattern,
            )
        })
        .collect();
    org::with(|org| async move {
        let events = aws_sdk_eventbridge::Client::new(&org.audit().await?);
        for (name, envelope) in envelopes() {
            let text = envelope.to_string();
            let mut matching = Vec::new();
            for (rule, pattern) in &rules {
                let tested = events
                    .test_event_pattern()
                    .event_pattern(pattern)
                    .event(&text)
                    .send()
                    .await
                    .unwrap();
                if tested.result() {
                    matching.push(rule.as_str());
                }
            }
            let table = Event::parse(text.as_bytes()).unwrap().table();
            let decided = matching.contains(&"decisions");
            matching.retain(|rule| *rule != "decisions");
            assert_eq!(matching, [table.name()], "{name}");
            let counts = table == Table::ApprovalCalls && envelope["detail"]["errorCode"].is_null();
            assert_eq!(decided, counts, "{name}");
        }
        Ok(())
    });
}

#[test]
fn functions_start_with_the_template_s_environment_and_not_with_less() {
    let functions = template("pipeline").resolved("AWS::Lambda::Function");
    assert_eq!(functions.len(), 3);
    org::with(|org| async move {
        for function in functions {
            let name = function["FunctionName"]
                .as_str()
                .unwrap()
                .strip_prefix("pipetrail-")
                .unwrap();
            let binary = org.function(name);
            let variables = function["Environment"]["Variables"]
                .as_object()
                .cloned()
                .unwrap_or_default();
            let all: Vec<(&str, String)> = variables
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str().unwrap().to_owned()))
                .collect();
            let empty = match name {
                "transform" => {
                    json!({"deliveryStreamArn": "arn:aws:firehose:x:y:deliverystream/pipetrail-approval-calls", "records": []})
                }
                _ => json!({"Records": []}),
            };
            assert!(
                matches!(answer(&binary, &all, &empty).await, Answer::Response(_)),
                "{name}"
            );
            for left_out in 0..all.len() {
                let mut less = all.clone();
                let (missing, _) = less.remove(left_out);
                assert_eq!(
                    answer(&binary, &less, &empty).await,
                    Answer::Died,
                    "{name} without {missing}"
                );
            }
        }
        Ok(())
    });
}

async fn answer(binary: &Path, variables: &[(&str, String)], event: &Value) -> Answer {
    let mut environment = vec![("AWS_REGION", "eu-central-1".to_owned())];
    environment.extend(variables.iter().cloned());
    let mut function = Function::start(binary, &environment).await.unwrap();
    function.invoke(event.to_string().into()).await.unwrap()
}
