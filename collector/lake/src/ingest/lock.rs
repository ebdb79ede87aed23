//! One run at a time writes to a folder.
//!
//! The lock is the system's own: it ends with the process, however that ends. A bucket has none. Two
//! runs at once may bring an event twice there, which no audit counts twice.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use pipetrail_collector::Table;

use super::error::IngestError;
use crate::store::{Lake, Location};

/// The lock's name in the lake's folder.
const NAME: &str = ".ingest.lock";

/// Held while a run writes.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "closing it ends the lock")] Option<File>);

impl Lock {
    /// Takes it, and removes what a run that was killed has left half-written.
    ///
    /// # Errors
    /// Another run has it, or the folder cannot be written.
    pub fn take(lake: &Lake) -> Result<Self, IngestError> {
        let Location::Folder(folder) = &lake.location else {
            return Ok(Lock(None));
        };
        let of = |cause| IngestError::Lock {
            lake: lake.location.to_string(),
            cause,
        };
        let mut options = File::options();
        options.create(true).truncate(false).write(true);
        let file = options.open(folder.join(NAME)).map_err(of)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(IngestError::Locked(lake.location.to_string())),
            Err(TryLockError::Error(cause)) => return Err(of(cause)),
        }
        for table in Table::ALL {
            remove_unfinished(&folder.join(table.name()));
        }
        Ok(Lock(Some(file)))
    }
}

/// Removes what the store calls `<name of a file of ours>#<number>` until it is complete. What cannot
/// be removed is no data to anyone, and shows when the partition is written.
fn remove_unfinished(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            remove_unfinished(&entry.path());
        } else if entry.file_name().to_str().is_some_and(is_unfinished) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn is_unfinished(name: &str) -> bool {
    let number = name
        .strip_prefix("ingest-")
        .and_then(|name| name.split_once(".parquet#"))
        .map(|(_, number)| number);
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_run_left_half_written_is_removed() {
        assert!(is_unfinished("ingest-00ff.parquet#1"));
        for kept in [
            "ingest-00ff.parquet",
            "ingest-00ff.parquet#",
            "ingest-00ff.parquet#x",
            "pipetrail-approval-calls-1.parquet#1",
        ] {
            assert!(!is_unfinished(kept), "{kept}");
        }
    }
}
