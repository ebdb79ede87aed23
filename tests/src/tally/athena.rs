//! Asks Athena for rows and Glue for tables and partitions.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use aws_config::SdkConfig;
use aws_sdk_athena::types::{QueryExecutionContext, QueryExecutionState as State};

use crate::names::DATABASE;

/// A table as Glue describes it.
pub(super) struct GlueTable {
    pub name: String,
    /// Its location, `s3://…/`.
    pub root: String,
    /// Its partition keys, in order.
    pub keys: Vec<String>,
}

/// Where a table's rows lie.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tier {
    Landing,
    Settled,
}

impl GlueTable {
    /// Which tier of which table of events it is; `None` for a table of something else.
    pub(super) fn tier(&self) -> Option<(Tier, &str)> {
        let landing = self.name.strip_prefix("landing_").map(|name| (Tier::Landing, name));
        landing.or_else(|| Some((Tier::Settled, self.name.strip_prefix("settled_")?)))
    }

    /// Where a partition of this table belongs.
    pub(super) fn location(&self, values: &[String]) -> String {
        let folders = self
            .keys
            .iter()
            .zip(values)
            .map(|(key, value)| format!("{key}={value}/"));
        format!("{}/{}", self.root.trim_end_matches('/'), folders.collect::<String>())
    }
}

/// How many rows with one key are in one partition.
pub(super) struct Counted {
    pub account: String,
    pub key: String,
    pub partition: Vec<String>,
    pub count: u64,
}

pub(super) async fn tables(config: &SdkConfig) -> Result<Vec<GlueTable>> {
    let client = aws_sdk_glue::Client::new(config);
    let mut pages = client.get_tables().database_name(DATABASE).into_paginator().send();
    let mut tables = Vec::new();
    while let Some(page) = pages.next().await {
        for table in page?.table_list.unwrap_or_default() {
            let root = table.storage_descriptor.and_then(|storage| storage.location);
            tables.push(GlueTable {
                root: root.with_context(|| format!("{} has no location", table.name))?,
                name: table.name,
                keys: table
                    .partition_keys
                    .unwrap_or_default()
                    .into_iter()
                    .map(|key| key.name)
                    .collect(),
            });
        }
    }
    Ok(tables)
}

/// Locations of the registered partitions of a table, by their values.
pub(super) async fn partitions(config: &SdkConfig, table: &GlueTable) -> Result<BTreeMap<Vec<String>, String>> {
    let client = aws_sdk_glue::Client::new(config);
    let pages = client.get_partitions().database_name(DATABASE).table_name(&table.name);
    let mut pages = pages.into_paginator().send();
    let mut found = BTreeMap::new();
    while let Some(page) = pages.next().await {
        for partition in page?.partitions.unwrap_or_default() {
            let location = partition
                .storage_descriptor
                .and_then(|storage| storage.location)
                .unwrap_or_default();
            let location = format!("{}/", location.trim_end_matches('/'));
            found.insert(partition.values.unwrap_or_default(), location);
        }
    }
    Ok(found)
}

/// How many rows a table has per account, key and partition.
pub(super) async fn counted(config: &SdkConfig, table: &GlueTable) -> Result<Vec<Counted>> {
    let mut columns = vec!["account_id".to_owned(), "event_key".to_owned()];
    columns.extend(table.keys.iter().map(|key| format!("\"{key}\"")));
    let columns = columns.join(", ");
    let groups: Vec<_> = (1..=table.keys.len() + 2).map(|column| column.to_string()).collect();
    let sql = format!(
        "SELECT {columns}, count(*) AS n FROM {} GROUP BY {}",
        table.name,
        groups.join(", ")
    );
    let rows = query(config, &sql).await?.into_iter().map(|row| {
        let mut values = row.into_iter().map(Option::unwrap_or_default);
        let (account, key) = (values.next().unwrap_or_default(), values.next().unwrap_or_default());
        let partition = values.by_ref().take(table.keys.len()).collect();
        let count = values
            .next()
            .unwrap_or_default()
            .parse()
            .context("a count is a number")?;
        Ok(Counted {
            account,
            key,
            partition,
            count,
        })
    });
    rows.collect()
}

/// Runs a query in the project's workgroup; the rows come without the header.
///
/// # Errors
/// When Athena refuses the query or it fails.
pub async fn query(config: &SdkConfig, sql: &str) -> Result<Vec<Vec<Option<String>>>> {
    let client = aws_sdk_athena::Client::new(config);
    let context = QueryExecutionContext::builder().database(DATABASE).build();
    let started = client
        .start_query_execution()
        .query_string(sql)
        .work_group(DATABASE)
        .query_execution_context(context);
    let id = started.send().await?.query_execution_id.context("a query without id")?;
    loop {
        let execution = client
            .get_query_execution()
            .query_execution_id(&id)
            .send()
            .await?
            .query_execution;
        let status = execution
            .and_then(|execution| execution.status)
            .context("a query without status")?;
        match status.state {
            Some(State::Succeeded) => break,
            Some(State::Failed | State::Cancelled) => {
                bail!(
                    "the query failed: {}\n{sql}",
                    status.state_change_reason.unwrap_or_default()
                )
            }
            _ => tokio::time::sleep(Duration::from_millis(30)).await,
        }
    }
    let mut pages = client
        .get_query_results()
        .query_execution_id(&id)
        .into_paginator()
        .send();
    let mut rows = Vec::new();
    while let Some(page) = pages.next().await {
        for row in page?.result_set.and_then(|set| set.rows).unwrap_or_default() {
            let data = row.data.unwrap_or_default();
            rows.push(data.into_iter().map(|datum| datum.var_char_value).collect());
        }
    }
    // The first row of a SELECT names the columns.
    Ok(rows.into_iter().skip(1).collect())
}
