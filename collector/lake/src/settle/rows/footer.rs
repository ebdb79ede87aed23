//! What the end of a file says of it, without its rows.

use parquet::file::metadata::{FooterTail, ParquetMetaDataReader};
use pipetrail_collector::Table;
use pipetrail_settlement::Inspected;

use super::shape::{Tier, Unfit, unfit};
use crate::staging::guarded;

/// Bytes at a file's end that hold the footers of nearly all files.
pub(in crate::settle) const TAIL: u64 = 64 << 10;

/// Most bytes of a footer that are read.
const MOST: u64 = 64 << 20;

/// What a look at a file's end gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::settle) enum Look {
    Seen(Inspected),
    /// The footer has so many bytes at the file's end.
    Longer(u64),
}

/// Looks at the last bytes of a file of a table's landing; `size` is that of the whole file.
pub(in crate::settle) fn look(table: Table, size: u64, tail: &[u8]) -> Look {
    let damaged = |why: &str| Look::Seen(Inspected::Damaged(why.to_owned()));
    let Some((rest, end)) = tail.split_last_chunk() else {
        return damaged("it is no Parquet file: it is too short");
    };
    let Ok(end) = FooterTail::try_new(end) else {
        return damaged("it is no Parquet file: its end is none's");
    };
    if end.is_encrypted_footer() {
        return damaged("its footer is encrypted");
    }
    // Behind the footer its length and four letters, at the file's begin the same letters.
    let length = end.metadata_length() as u64;
    if length + 12 > size || length > MOST {
        return damaged("its footer is longer than it can be");
    }
    let Some(begin) = rest.len().checked_sub(end.metadata_length()) else {
        return Look::Longer(length + 8);
    };
    let decoded = guarded(|| {
        let footer = rest.get(begin..).unwrap_or_default();
        ParquetMetaDataReader::decode_metadata(footer).map_err(|error| format!("its footer cannot be read: {error}"))
    });
    Look::Seen(match decoded {
        Err(why) => Inspected::Damaged(why),
        Ok(footer) => match unfit(table, Tier::Landing, footer.file_metadata().schema()) {
            None => Inspected::Good,
            Some(Unfit::Damaged(why)) => Inspected::Damaged(why),
            Some(Unfit::Newer(column)) => Inspected::Newer(column),
        },
    })
}
