//! The templates say the same as the code: columns, partition keys, patterns, environment variables.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use pipetrail_collector::columns::ColumnType;
use pipetrail_collector::gates::call::CALLS;
use pipetrail_collector::{Event, Table, layout};
use pipetrail_tests::lambda_host::{Answer, Function};
use serde_json::{Value, json};

use crate::org;
use crate::templates::{AUDIT, HOME, template};

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
    assert_eq!(tables.len(), Table::ALL.len() + Table::DELIVERED.len() + 1);
    let input = |name: &str| {
        let mut inputs = tables.iter().map(|glue| &glue["TableInput"]);
        inputs.find(|input| input["Name"] == name).unwrap().clone()
    };
    let pair = |(name, ty): (&str, ColumnType)| (name.to_owned(), ty.to_string());
    let lies = |input: &Value, place: &str| {
        let location = input["StorageDescriptor"]["Location"].as_str().unwrap();
        assert_eq!(location, format!("s3://pipetrail-lake-{AUDIT}-{HOME}/{place}"));
    };
    for table in Table::ALL {
        let columns = table.columns().into_iter().map(|column| (column.name, column.ty));
        let columns: Vec<_> = columns.map(pair).collect();
        let keys = table.partition_keys().iter().map(|key| (*key, ColumnType::String));
        let keys: Vec<_> = keys.map(pair).collect();
        let settled = input(&format!("settled_{table}"));
        assert_eq!(of(&settled["StorageDescriptor"]["Columns"]), columns, "{table}");
        assert_eq!(of(&settled["PartitionKeys"]), keys, "{table}");
        lies(&settled, &format!("{table}/"));
        if !table.is_delivered() {
            continue;
        }
        // In landing no folder says whose a row is.
        let landing = input(&format!("landing_{table}"));
        assert_eq!(
            of(&landing["StorageDescriptor"]["Columns"]),
            [columns, keys].concat(),
            "{table}"
        );
        assert_eq!(landing["PartitionKeys"], Value::Null, "{table}");
        lies(&landing, &layout::landing(table));
    }
    // Its columns are held to the code by a test beside it.
    lies(&input("copies"), "copies/");
}

/// Names and types of columns.
fn of(columns: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let columns = columns.as_array().unwrap().iter();
    columns
        .map(|column| (text(&column["Name"]), text(&column["Type"])))
        .collect()
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
        let prefix = format!("{}!{{timestamp:yyyy-MM-dd}}-", layout::landing(table));
        assert_eq!(s3["Prefix"], prefix);
        let key = format!("{}a.parquet", prefix.replace("!{timestamp:yyyy-MM-dd}", "2026-11-30"));
        assert_eq!(layout::arrival_day(table, &key), Some("2026-11-30"));
        assert_eq!(
            s3["ErrorOutputPrefix"],
            format!("errors/{table}/!{{firehose:error-output-type}}/")
        );
        assert_eq!(
            s3["DataFormatConversionConfiguration"]["SchemaConfiguration"]["TableName"],
            format!("landing_{table}")
        );
        assert_eq!(
            s3["DataFormatConversionConfiguration"]["SchemaConfiguration"]["DatabaseName"],
            "pipetrail"
        );
        seen.push(table);
    }
    seen.sort();
    assert_eq!(seen, Table::DELIVERED);
}

#[test]
fn each_table_is_settled_by_a_schedule_of_its_own_and_members_are_watched_by_one() {
    let schedules = template("pipeline").resolved("AWS::Scheduler::Schedule");
    let function = format!("arn:aws:lambda:{HOME}:{AUDIT}:function:pipetrail-settle");
    let (mut settled, mut watched) = (Vec::new(), 0);
    for schedule in schedules {
        let target = &schedule["Target"];
        let input = target["Input"].as_str().unwrap();
        let sent = input.replace("<aws.scheduler.scheduled-time>", "2026-11-30T03:00:00Z");
        let call: Value = serde_json::from_str(&sent).unwrap();
        assert_eq!(call["time"], "2026-11-30T03:00:00Z");
        if schedule["Name"] == "pipetrail-watch" {
            assert_eq!(target["Arn"], function.replace("settle", "watch"));
            watched += 1;
            continue;
        }
        assert_eq!(target["Arn"], *function);
        let table = call["table"].as_str().unwrap();
        assert_eq!(schedule["Name"], format!("pipetrail-settle-{table}"));
        settled.extend(Table::from_name(table));
    }
    settled.sort();
    assert_eq!((settled.as_slice(), watched), (&Table::ALL[..], 1));
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
    let both = ["pipeline", "data"].map(|name| template(name).resolved("AWS::Events::Rule"));
    let rules: BTreeMap<String, String> = both
        .iter()
        .flatten()
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
            let call = Event::parse(text.as_bytes()).unwrap();
            let of_gate = table == Table::ApiCalls && call.event_name().is_some_and(|name| CALLS.contains(&name));
            let counts = (table == Table::ApprovalCalls || of_gate) && envelope["detail"]["errorCode"].is_null();
            assert_eq!(decided, counts, "{name}");
        }
        Ok(())
    });
}

#[test]
fn functions_start_with_the_template_s_environment_and_not_with_less() {
    let functions = template("pipeline").resolved("AWS::Lambda::Function");
    assert_eq!(functions.len(), 4);
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
                // Found out before any call to AWS is made.
                "settle" | "watch" => json!({"table": "none", "time": "never"}),
                _ => json!({"Records": []}),
            };
            match answer(&binary, &all, &empty).await {
                Answer::Response(_) if !matches!(name, "settle" | "watch") => {}
                Answer::Error(error) if name == "settle" => {
                    assert!(error.to_string().contains("table none"), "{error}");
                }
                Answer::Error(error) if name == "watch" => {
                    assert!(error.to_string().contains("time never"), "{error}");
                }
                other => panic!("{name}: {other:?}"),
            }
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
