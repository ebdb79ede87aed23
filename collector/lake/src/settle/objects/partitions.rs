//! Partitions in the catalogue of months that are kept no longer.

use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStore;
use pipetrail_collector::Table;

use crate::catalog::{Catalog, CatalogError};
use crate::settle::error::SettleError;
use crate::store::Lake;
use crate::tiers::{COPIES, COPIES_KEYS, Tier};

/// How many partitions are looked at at the same time.
const AT_ONCE: usize = 16;

/// Takes the partitions before a month out that have no file any more, those of copies too.
///
/// # Errors
/// The catalogue or the store fails.
pub(super) async fn unregister(catalog: &Catalog, lake: &Lake, table: Table, month: &str) -> Result<(), SettleError> {
    let settled = Tier::Settled.of(table).to_string();
    for (glue, folder, keys) in [
        (settled.as_str(), table.name(), table.partition_keys()),
        (COPIES, COPIES, COPIES_KEYS),
    ] {
        let Some(key) = keys.last() else { continue };
        let folders = catalog.before(glue, key, month).await.map_err(CatalogError::from)?;
        let forget = folders.into_iter().map(|there| async move {
            let values = keys
                .iter()
                .zip(&there.values)
                .map(|(key, value)| format!("{key}={value}/"));
            let prefix = format!("{folder}/{}", values.collect::<String>());
            // What someone points elsewhere is not ours to judge.
            let ours = format!("{}/{prefix}", lake.location);
            if there.location.trim_end_matches('/') != ours.trim_end_matches('/') {
                return Ok(());
            }
            let first = lake.store.list(Some(&lake.at(&prefix))).next().await;
            match first.transpose().map_err(SettleError::store("list", prefix))? {
                Some(_) => Ok(()),
                None => {
                    let forgotten = catalog.forget(glue, &there.values).await;
                    Ok(forgotten.map_err(CatalogError::from)?)
                }
            }
        });
        let all = futures::stream::iter(forget).buffer_unordered(AT_ONCE);
        all.try_for_each(|()| async { Ok::<_, SettleError>(()) }).await?;
    }
    Ok(())
}
