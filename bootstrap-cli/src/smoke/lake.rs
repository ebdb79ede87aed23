//! The lake of a run: what its bucket holds, of whom its rows are, and `ingest` of what was set aside.

use std::collections::BTreeSet;

use pipetrail_collector::Table;
use pipetrail_lake::answer::Value;
use pipetrail_lake::catalog::Catalog;
use pipetrail_lake::engine::{Embedded, Engine};
use pipetrail_lake::ingest::Ingested;
use pipetrail_lake::ingest::input::{self, Inputs};
use pipetrail_lake::store::{Lake, Location};
use pipetrail_lake::tiers::Tier;
use pipetrail_names::audit::{Bucket, DATABASE};
use pipetrail_stacksets::from_sdk;

use super::ground::Ground;
use crate::failure::Result;
use crate::lake::files::bring;

/// Whether there is such a bucket, and it holds anything.
///
/// # Errors
/// A refused call.
pub(super) async fn holds(ground: &Ground, bucket: &str) -> Result<bool> {
    Ok(!keys(ground, bucket, "", Some(1)).await?.is_empty())
}

/// The keys below a prefix, or the first of them; none where there is no such bucket.
///
/// # Errors
/// A refused call.
pub(super) async fn keys(ground: &Ground, bucket: &str, prefix: &str, most: Option<i32>) -> Result<Vec<String>> {
    let list = ground.clients.s3.list_objects_v2().bucket(bucket).prefix(prefix);
    let list = list.expected_bucket_owner(ground.account().as_str()).set_max_keys(most);
    let (mut keys, mut token) = (Vec::new(), None);
    loop {
        let page = list.clone().set_continuation_token(token).send().await;
        let page = match page.map_err(from_sdk(format!("list bucket {bucket}"))) {
            Err(error) if error.code() == Some("NoSuchBucket") => return Ok(keys),
            page => page?,
        };
        keys.extend(
            page.contents()
                .iter()
                .filter_map(|object| object.key().map(str::to_owned)),
        );
        token = page.next_continuation_token.filter(|_| most.is_none());
        if token.is_none() {
            return Ok(keys);
        }
    }
}

async fn open(ground: &Ground) -> Result<Lake> {
    let location = Location::Bucket {
        bucket: ground.bucket(Bucket::Lake),
        prefix: String::new(),
    };
    let config = ground.audit().clone();
    Ok(Lake::open(&location, async || config).await?)
}

/// The accounts that the lake has rows of. It is emptied by what this says, so whatever cannot be read is an error.
///
/// # Errors
/// It cannot be read.
pub(super) async fn accounts(ground: &Ground) -> Result<BTreeSet<String>> {
    let bucket = ground.bucket(Bucket::Lake);
    let folders = ["landing", "settlement"];
    let folders = folders.into_iter().chain(Table::ALL.map(Table::name));
    let mut has_table = false;
    for folder in folders {
        has_table = has_table || !keys(ground, &bucket, &format!("{folder}/"), Some(1)).await?.is_empty();
    }
    if !has_table {
        return Ok(BTreeSet::new());
    }
    let engine = Engine::Embedded(Embedded::over(&open(ground).await?)?);
    let of = |table: &Table| format!("SELECT account_id FROM {table}");
    let sql = Table::ALL.iter().map(of).collect::<Vec<_>>().join(" UNION ");
    Ok(texts(&engine, &sql).await?.into_iter().collect())
}

/// What an engine answers that is text, row by row.
///
/// # Errors
/// It refuses, or cannot be reached.
pub(super) async fn texts(engine: &Engine, sql: &str) -> Result<Vec<String>> {
    let answer = engine.ask(sql).await?.collect().await?;
    let texts = answer.rows.into_iter().flatten().filter_map(|value| match value {
        Value::Text(text) => Some(text),
        _ => None,
    });
    Ok(texts.collect())
}

/// Which of these events Athena finds rows of, in a tier of their tables.
///
/// # Errors
/// Athena refuses.
pub(super) async fn found(ground: &Ground, events: &[(Table, &str)], tier: Tier) -> Result<BTreeSet<String>> {
    // Keys are hexadecimal digits of our own making.
    let of =
        |(table, key): &(Table, &str)| format!("SELECT event_key FROM {} WHERE event_key = '{key}'", tier.of(*table));
    let sql = events.iter().map(of).collect::<Vec<_>>().join(" UNION ALL ");
    Ok(texts(&ground.athena(), &sql).await?.into_iter().collect())
}

/// Runs `ingest --rows` on what lies under `errors/`, into the same lake.
///
/// # Errors
/// The lake cannot be read or written.
pub(super) async fn ingest(ground: &Ground) -> Result<Ingested> {
    let lake = open(ground).await?;
    let mut inputs = Inputs::new(true);
    input::find_in_bucket(&ground.bucket(Bucket::Lake), "errors", &lake.store, &mut inputs).await;
    let catalog = Catalog::new(ground.audit(), DATABASE.to_owned());
    bring(inputs.found, lake, Some(catalog), true, None).await
}
