//! The entries of a table's log in the store, and the store's clock.

use futures::TryStreamExt;
use jiff::Timestamp;
use object_store::path::Path;
use object_store::{Error, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use pipetrail_collector::Table;
use serde::Deserialize;

use crate::settle::error::SettleError;
use crate::store::Lake;

fn folder(lake: &Lake, table: Table) -> Path {
    lake.at(&format!("settlement/{table}"))
}

fn path(lake: &Lake, table: Table, seq: u64) -> Path {
    folder(lake, table).join(format!("{seq:010}.json"))
}

/// The number of the last entry; 0 where there is none.
///
/// # Errors
/// The store cannot be listed.
pub(super) async fn last(lake: &Lake, table: Table) -> Result<u64, SettleError> {
    let folder = folder(lake, table);
    let files = lake.store.list(Some(&folder)).try_collect::<Vec<ObjectMeta>>().await;
    let files = files.map_err(SettleError::store("list", folder.as_ref()))?;
    let number = |file: &ObjectMeta| {
        let digits = file.location.filename()?.strip_suffix(".json")?;
        (digits.len() == 10 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
    };
    Ok(files.iter().filter_map(number).max().unwrap_or(0))
}

/// An entry, and when it was written by the store's clock; `None` where there is none of that number.
///
/// # Errors
/// The store cannot be read.
pub(super) async fn get(lake: &Lake, table: Table, seq: u64) -> Result<Option<(Vec<u8>, Timestamp)>, SettleError> {
    if seq == 0 {
        return Ok(None);
    }
    let path = path(lake, table, seq);
    let got = match lake.store.get(&path).await {
        Err(Error::NotFound { .. }) => return Ok(None),
        got => got.map_err(SettleError::store("read", path.as_ref()))?,
    };
    let written = time(&got.meta)?;
    let bytes = got.bytes().await.map_err(SettleError::store("read", path.as_ref()))?;
    Ok(Some((bytes.to_vec(), written)))
}

/// Puts an entry, unless there is one of that number: then `false`.
///
/// # Errors
/// The store cannot be written.
pub(super) async fn put(lake: &Lake, table: Table, seq: u64, bytes: &[u8]) -> Result<bool, SettleError> {
    let path = path(lake, table, seq);
    let options = PutOptions::from(PutMode::Create);
    let put = lake
        .store
        .put_opts(&path, PutPayload::from(bytes.to_vec()), options)
        .await;
    match put {
        Err(Error::AlreadyExists { .. }) => Ok(false),
        put => put.map(|_| true).map_err(SettleError::store("write", path.as_ref())),
    }
}

/// The store's clock: the time of an object that is written for it.
///
/// # Errors
/// The store cannot be written or read.
pub(super) async fn clock(lake: &Lake, table: Table) -> Result<Timestamp, SettleError> {
    let path = folder(lake, table).join("clock");
    let put = lake.store.put(&path, PutPayload::from_static(b"-")).await;
    put.map_err(SettleError::store("write", path.as_ref()))?;
    let there = lake.store.head(&path).await;
    time(&there.map_err(SettleError::store("read", path.as_ref()))?)
}

/// When an object was written, by the store's clock.
///
/// # Errors
/// At no time.
pub(super) fn time(file: &ObjectMeta) -> Result<Timestamp, SettleError> {
    let ms = file.last_modified.timestamp_millis();
    Timestamp::from_millisecond(ms).map_err(|_| SettleError::Time(file.location.to_string()))
}

/// The time that an entry's writer took for now.
pub(super) fn at(bytes: &[u8]) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Entry {
        at: String,
    }
    serde_json::from_slice::<Entry>(bytes).ok()?.at.parse().ok()
}
