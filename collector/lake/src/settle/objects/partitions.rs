//! Partitions of a table in the catalogue: what has files is there, what is kept no longer is not.

use std::collections::BTreeSet;

use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStore;
use pipetrail_collector::Table;
use pipetrail_collector::layout::Partition;

use crate::catalog::{Catalog, Folder};
use crate::settle::error::SettleError;
use crate::store::Lake;

/// How many partitions are looked at at the same time.
const AT_ONCE: usize = 16;

/// Where a partition is, by its prefix.
fn location(lake: &Lake, prefix: &str) -> String {
    format!("{}/{prefix}", lake.location)
}

/// Registers partitions, by prefix; how many were not registered before.
///
/// # Errors
/// The catalogue refuses one, or has it as something else.
pub(super) async fn register(
    catalog: &Catalog,
    lake: &Lake,
    table: Table,
    prefixes: &BTreeSet<String>,
) -> Result<usize, SettleError> {
    let folder = |prefix: &String| {
        let partition = Partition::from_key(&format!("{prefix}-"))?;
        Some(Folder {
            values: partition.values,
            location: location(lake, prefix),
        })
    };
    let folders: Vec<Folder> = prefixes.iter().filter_map(folder).collect();
    Ok(catalog.ensure(table, &folders).await?)
}

/// Takes the partitions before a month out that have no file any more.
///
/// # Errors
/// The catalogue or the store fails.
pub(super) async fn unregister(catalog: &Catalog, lake: &Lake, table: Table, month: &str) -> Result<(), SettleError> {
    let folders = catalog
        .before(table, month)
        .await
        .map_err(crate::catalog::CatalogError::from)?;
    let forget = folders.into_iter().map(|folder| async move {
        let partition = Partition {
            table,
            values: folder.values,
        };
        let prefix = partition.prefix();
        // What someone points elsewhere is not ours to judge.
        let ours = location(lake, &prefix);
        if folder.location.trim_end_matches('/') != ours.trim_end_matches('/') {
            return Ok(());
        }
        let first = lake.store.list(Some(&lake.at(&prefix))).next().await;
        match first.transpose().map_err(SettleError::store("list", prefix))? {
            Some(_) => Ok(()),
            None => {
                let forgotten = catalog.forget(table, &partition.values).await;
                Ok(forgotten.map_err(crate::catalog::CatalogError::from)?)
            }
        }
    });
    let all = futures::stream::iter(forget).buffer_unordered(AT_ONCE);
    all.try_for_each(|()| async { Ok::<_, SettleError>(()) }).await
}
