//! Looks at the footers of files that landed.

use pipetrail_collector::Table;
use pipetrail_settlement::Inspected;
use pipetrail_settlement::choice::Listed;

use crate::settle::error::SettleError;
use crate::settle::rows::{Look, TAIL, look};
use crate::staging::{is_change, unchanged};
use crate::store::Lake;

/// Looks at the footer of a file.
///
/// # Errors
/// The store cannot be read.
pub(super) async fn inspect(lake: &Lake, table: Table, file: &Listed) -> Result<Inspected, SettleError> {
    let path = lake.path(&file.key).map_err(SettleError::store("read", &file.key))?;
    let mut length = TAIL;
    loop {
        if file.size == 0 {
            return Ok(Inspected::Damaged("it is empty".to_owned()));
        }
        let range = file.size.saturating_sub(length)..file.size;
        let read = async {
            let got = unchanged(&*lake.store, &path, &file.etag, Some(range)).await?;
            got.bytes().await
        };
        let tail = match read.await {
            Err(error) if is_change(&error) => return Ok(Inspected::Changed),
            read => read.map_err(SettleError::store("read", &file.key))?,
        };
        match look(table, file.size, &tail) {
            Look::Seen(inspected) => return Ok(inspected),
            // Once more with all of it; a second time it would be the same.
            Look::Longer(needed) if needed > length => length = needed,
            Look::Longer(_) => return Ok(Inspected::Changed),
        }
    }
}
