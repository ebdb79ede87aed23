//! What the lake, the evidence and the subscribers hold of one account.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use pipetrail_tests::organization::{HOME, Organization};
use pipetrail_tests::tally::query;
use pipetrail_tests::{aws, names};
use serde_json::Value;

/// A row: column to value; NULL columns are absent.
pub(crate) type Row = BTreeMap<String, String>;

/// All rows of an account in a table, settled or not, asked from Athena.
pub(crate) async fn rows(organization: &Organization, table: &str, account: &str) -> Result<Vec<Row>> {
    rows_of(organization, table, account, &["settled", "landing"]).await
}

/// Those that are settled.
pub(crate) async fn settled(organization: &Organization, table: &str, account: &str) -> Result<Vec<Row>> {
    rows_of(organization, table, account, &["settled"]).await
}

async fn rows_of(organization: &Organization, table: &str, account: &str, tiers: &[&str]) -> Result<Vec<Row>> {
    let config = organization.audit().await?;
    let glue = aws_sdk_glue::Client::new(&config);
    let described = glue
        .get_table()
        .database_name(names::DATABASE)
        .name(format!("settled_{table}"))
        .send()
        .await?
        .table
        .unwrap();
    let columns = described.storage_descriptor.unwrap().columns.unwrap();
    let keys = described.partition_keys.unwrap_or_default();
    let columns: Vec<_> = columns.into_iter().chain(keys).map(|column| column.name).collect();
    let list = columns
        .iter()
        .map(|name| format!("\"{name}\""))
        .collect::<Vec<_>>()
        .join(", ");
    let selects = tiers
        .iter()
        .map(|tier| format!("SELECT {list} FROM {tier}_{table} WHERE account_id = '{account}'"));
    let found = query(&config, &selects.collect::<Vec<_>>().join(" UNION ALL ")).await?;
    let named = |row: Vec<Option<String>>| {
        columns
            .iter()
            .cloned()
            .zip(row)
            .filter_map(|(c, v)| Some((c, v?)))
            .collect()
    };
    Ok(found.into_iter().map(named).collect())
}

/// Distinct event keys of an account, per table.
pub(crate) async fn keys(organization: &Organization, account: &str) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let mut keys = BTreeMap::new();
    for table in crate::expected::TABLES {
        let rows = rows(organization, table, account).await?;
        keys.insert(
            table.to_owned(),
            rows.iter().map(|row| row["event_key"].clone()).collect(),
        );
    }
    Ok(keys)
}

/// Locations of the registered partitions of an account in a table, by month.
pub(crate) async fn partitions(
    organization: &Organization,
    table: &str,
    account: &str,
) -> Result<BTreeMap<String, String>> {
    let glue = aws_sdk_glue::Client::new(&organization.audit().await?);
    let mut pages = glue
        .get_partitions()
        .database_name(names::DATABASE)
        .table_name(format!("settled_{table}"))
        .into_paginator()
        .send();
    let mut found = BTreeMap::new();
    while let Some(page) = pages.next().await {
        for partition in page?.partitions.unwrap_or_default() {
            let values = partition.values.unwrap_or_default();
            if values[0] == account {
                found.insert(
                    values[1].clone(),
                    partition.storage_descriptor.unwrap().location.unwrap(),
                );
            }
        }
    }
    Ok(found)
}

/// Keys of the evidence records of an account.
pub(crate) async fn evidence(organization: &Organization, account: &str) -> Result<Vec<String>> {
    let bucket = names::bucket("evidence", &organization.relay.cloud.audit, HOME);
    aws::object_keys(
        &aws::s3(&organization.audit().await?),
        &bucket,
        &format!("account_id={account}/"),
    )
    .await
}

/// The original bytes of the records that lie under the error prefix.
pub(crate) async fn errors(organization: &Organization) -> Result<BTreeSet<Vec<u8>>> {
    let (client, audit) = (aws::s3(&organization.audit().await?), &organization.relay.cloud.audit);
    let bucket = names::bucket("lake", audit, HOME);
    let mut found = BTreeSet::new();
    for key in aws::object_keys(&client, &bucket, names::ERRORS).await? {
        let object = client.get_object().bucket(&bucket).key(key).send().await?;
        let record: Value = serde_json::from_slice(&object.body.collect().await?.into_bytes())?;
        found.insert(aws_smithy_types::base64::decode(record["rawData"].as_str().unwrap())?);
    }
    Ok(found)
}

/// The alerts that a subscriber has about an account.
pub(crate) async fn alerts(organization: &Organization, subscriber: &str, account: &str) -> Result<Vec<Value>> {
    let mut alerts = organization.alerts().await?.remove(subscriber).unwrap();
    alerts.retain(|alert| alert["MessageAttributes"]["account_id"]["Value"] == account);
    Ok(alerts)
}
