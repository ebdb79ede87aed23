//! What keeps a record, or a whole batch, from becoming rows.

use thiserror::Error;

use crate::event::EventError;
use crate::tables::Table;

/// Why a record is no row of the stream's table. Never quotes the input.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RecordError {
    #[error("the record's data is not base64")]
    NotBase64,
    #[error(transparent)]
    NotAnEvent(#[from] EventError),
    #[error("the event belongs to table {belongs}, the stream fills {fills}")]
    OtherTable { belongs: Table, fills: Table },
    #[error("the row cannot be written: {0}")]
    Unwritable(String),
    /// With this row the batch's response would pass [`RESPONSE_LIMIT`](super::RESPONSE_LIMIT).
    #[error("with this row the response would pass Lambda's 6 MB")]
    TooLarge,
}

/// A stream whose name is not `pipetrail-<table>`: no record of it can be sorted.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("delivery stream {0} fills no table of the lake; streams are called pipetrail-<table>")]
pub struct UnknownStream(pub String);
