//! λ settle: wherever one of its calls fails or it dies, the next hour completes what it began.
//!
//! The real function runs against the emulator through a proxy that breaks the n-th call to S3 or Glue, for
//! every n and every kind of fault. Each time it has a lake of its own.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use aws_config::SdkConfig;
use aws_sdk_glue::types::{Column, DatabaseInput, SerDeInfo, StorageDescriptor, TableInput};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::CreateBucketConfiguration;
use bytes::Bytes;
use pipetrail_tests::fault_proxy::{Fault, FaultProxy};
use pipetrail_tests::lambda_host::{Answer, Function};
use pipetrail_tests::organization::{HOME, Organization};
use pipetrail_tests::tally::query;
use pipetrail_tests::{aws, printer};
use serde_json::json;

use crate::lake_folder::LakeFolder;
use crate::{folder_lake, landed, org};

const FAULTS: [Fault; 3] = [Fault::Refused, Fault::AnswerLost, Fault::Hangs];
const DECISION: &str = include_str!("../../fixtures/cloudtrail/put-approval-approved-sso-console.json");
const PARTITION: &str = "account_id=111122223333/month=2026-11";

/// Files of landing with one decision, delivered twice; the copies say different things.
fn landing() -> Vec<(String, Vec<u8>)> {
    let place = LakeFolder::new();
    let file = place.write("decision.json", DECISION.as_bytes());
    let made = place.path("made");
    let ran = place.run(&["ingest", &file, "--lake", made.to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    landed::land(&made, &place.lake());
    let files = folder_lake::files(&place.lake());
    let key = |file: &std::path::Path| file.strip_prefix(place.lake()).unwrap().to_str().unwrap().to_owned();
    files
        .iter()
        .map(|file| (key(file), std::fs::read(file).unwrap()))
        .collect()
}

/// Makes a bucket with those files and a database of the same name.
async fn lake(config: &SdkConfig, name: &str, files: &[(String, Vec<u8>)]) -> Result<()> {
    let here = CreateBucketConfiguration::builder()
        .location_constraint(HOME.into())
        .build();
    let s3 = aws::s3(config);
    s3.create_bucket()
        .bucket(name)
        .create_bucket_configuration(here)
        .send()
        .await?;
    for (key, bytes) in files {
        let put = s3.put_object().bucket(name).key(key);
        put.body(ByteStream::from(bytes.clone())).send().await?;
    }
    let glue = aws_sdk_glue::Client::new(config);
    let database = DatabaseInput::builder().name(name).build()?;
    glue.create_database().database_input(database).send().await?;
    let columns = |names: &[&str]| -> Result<Vec<Column>> {
        names
            .iter()
            .map(|name| Ok(Column::builder().name(*name).r#type("string").build()?))
            .collect()
    };
    for (table, folder, keys) in [
        ("settled_approval_calls", "approval_calls", &["account_id", "month"][..]),
        ("copies", "copies", &["month"]),
    ] {
        let serde = SerDeInfo::builder().serialization_library("parquet").build();
        let storage = StorageDescriptor::builder().input_format("parquet").serde_info(serde);
        let storage = storage
            .location(format!("s3://{name}/{folder}/"))
            .set_columns(Some(columns(&["event_key"])?));
        let input = TableInput::builder().name(table).storage_descriptor(storage.build());
        let input = input
            .set_partition_keys(Some(columns(keys)?))
            .set_parameters(Some([("classification".to_owned(), "parquet".to_owned())].into()));
        glue.create_table()
            .database_name(name)
            .table_input(input.build()?)
            .send()
            .await?;
    }
    Ok(())
}

/// Calls the function as the schedule does, until it answers; how often it was called.
async fn settle(org: &Organization, proxy: &FaultProxy, name: &str, fault: Option<(usize, Fault)>) -> Result<usize> {
    proxy.place(fault);
    let environment = [
        ("AWS_ENDPOINT_URL", proxy.endpoint.clone()),
        ("AWS_ACCESS_KEY_ID", org.relay.cloud.audit.clone()),
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
        ("AWS_REGION", HOME.to_owned()),
        ("AWS_MAX_ATTEMPTS", "1".to_owned()),
        ("DATABASE", name.to_owned()),
        ("LAKE_BUCKET", name.to_owned()),
        ("RETENTION_DAYS", "0".to_owned()),
    ];
    // When all three arrival days are over; at no hour at which it would tidy.
    let event = Bytes::from(json!({"table": "approval_calls", "time": "2026-11-25T04:24:00Z"}).to_string());
    for calls in 1..=5 {
        let mut function = Function::start(&org.function("settle"), &environment).await?;
        let killed = async {
            match fault {
                Some((_, Fault::Hangs)) if calls == 1 => proxy.reached().await,
                _ => std::future::pending().await,
            }
        };
        let answer = tokio::select! {
            answer = function.invoke(event.clone()) => answer?,
            () = killed => Answer::Died,
        };
        function.kill().await?;
        match answer {
            Answer::Response(_) => return Ok(calls),
            Answer::Died => proxy.place(None),
            Answer::Error(_) => {}
        }
    }
    anyhow::bail!("it still fails after 5 calls, fault {fault:?}")
}

/// Everything is settled, once, and seen: the decision, its copy, and both in registered partitions.
async fn check(config: &SdkConfig, name: &str) -> Result<()> {
    let keys = query(
        config,
        &format!("SELECT DISTINCT event_key FROM \"{name}\".settled_approval_calls"),
    )
    .await?;
    ensure!(keys.len() == 1, "{} decisions", keys.len());
    let copies = query(config, &format!("SELECT DISTINCT event_id FROM \"{name}\".copies")).await?;
    ensure!(copies.len() == 1, "{} copies", copies.len());
    let glue = aws_sdk_glue::Client::new(config);
    for (table, place) in [
        ("settled_approval_calls", format!("approval_calls/{PARTITION}/")),
        ("copies", "copies/month=2026-11/".to_owned()),
    ] {
        let found = glue
            .get_partitions()
            .database_name(name)
            .table_name(table)
            .send()
            .await?;
        let location = |partition: &aws_sdk_glue::types::Partition| {
            let storage = partition.storage_descriptor();
            storage
                .and_then(|storage| storage.location())
                .unwrap_or_default()
                .to_owned()
        };
        let locations: Vec<String> = found.partitions().iter().map(location).collect();
        ensure!(locations == [format!("s3://{name}/{place}")], "{table}: {locations:?}");
    }
    let entries = aws::object_keys(&aws::s3(config), name, "settlement/approval_calls/0").await?;
    ensure!(entries.len() == 1, "entered once: {entries:?}");
    let landed = aws::object_keys(&aws::s3(config), name, "landing/").await?;
    ensure!(landed.len() == 2, "nothing is deleted yet: {landed:?}");
    Ok(())
}

#[test]
fn a_table_is_settled_and_seen_wherever_a_call_fails_or_the_function_dies() {
    org::with(|org| async move {
        let config = org.audit().await?;
        let files = landing();
        let days: BTreeSet<&str> = files
            .iter()
            .map(|(key, _)| &key["landing/approval_calls/".len()..][..10])
            .collect();
        assert_eq!((files.len(), days.len()), (2, 1), "{files:?}");
        let proxy = FaultProxy::start(&org.relay.cloud.ministack).await?;
        lake(&config, "settling-undisturbed", &files).await?;
        assert_eq!(settle(&org, &proxy, "settling-undisturbed", None).await?, 1);
        let calls = proxy.calls();
        check(&config, "settling-undisturbed").await?;
        printer::progress(&format!("{calls} calls to S3 and Glue"));
        // A second call of the same hour finds nothing to do.
        assert_eq!(settle(&org, &proxy, "settling-undisturbed", None).await?, 1);
        check(&config, "settling-undisturbed").await?;
        for (kind, fault) in FAULTS.into_iter().enumerate() {
            for n in 1..=calls {
                let name = format!("settling-{kind}-{n}");
                lake(&config, &name, &files).await?;
                settle(&org, &proxy, &name, Some((n, fault))).await?;
                let checked = check(&config, &name).await;
                assert!(checked.is_ok(), "{fault:?} at call {n}: {checked:?}");
            }
        }
        Ok(())
    });
}
