//! Why a part of an input is refused. Nothing here quotes the input.

use thiserror::Error;

use super::damage::Damage;

/// Why a part of an input is no record.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Reason {
    /// Text, or JSON that is broken.
    #[error("not a JSON object")]
    NotJson,
    /// The input ends in the middle.
    #[error("it ends before its last brace")]
    Unfinished,
    /// Longer than [`LONGEST`](super::LONGEST).
    #[error("longer than 8 MiB")]
    TooLong,
    /// A list without its end.
    #[error("the file ends before its list of records does")]
    EndMissing,
    /// What unpacks the input can go no further.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// No JSON text at all.
    #[error("the file is {0}, not JSON text")]
    Foreign(&'static str),
    /// More than the list of records in a trail's file.
    #[error("it stands behind the list of records of a trail's file")]
    BehindRecords,
    /// A Firehose error whose data cannot be read.
    #[error("`rawData` is not base64")]
    NotBase64,
    /// A Firehose error without data.
    #[error("`rawData` is empty")]
    NoData,
    /// A Firehose error whose data is no JSON text.
    #[error("`rawData` is {0}, not JSON text")]
    ForeignData(&'static str),
    /// What Firehose failed to write after the transform.
    #[error("a row of the lake, not the event it was made of: `--rows` reads it")]
    Row,
    /// A `.parquet` file that is none.
    #[error("the file is no Parquet file, or its end is damaged")]
    NotParquet,
    /// A Parquet file without a column that is needed.
    #[error("the file has no column {0} with texts, so no rows of a lake")]
    NoColumn(&'static str),
    /// A row group with damage.
    #[error("rows of a Parquet file that cannot be read: a part of it is damaged")]
    DamagedRows,
}
