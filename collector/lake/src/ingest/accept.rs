//! A record becomes a row of its partition.

use std::io;

use pipetrail_collector::event::{Event, EventError, Uncarried};
use pipetrail_collector::layout::Partition;
use pipetrail_collector::rows::{Origin, row};
use pipetrail_collector::time::Instant;

use super::read::{Form, Record};
use crate::parquet::pack;
use crate::staging::{EventCopy, Identity, Stage, account, hash, key};

/// What became of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Accepted {
    /// Its row is set aside.
    Row,
    /// The cloud path would not have brought it to the lake.
    Uncarried(Uncarried),
    /// It is no event.
    NoEvent(EventError),
}

/// `source` of a row, and which of several rows of one event is kept, the lowest: an envelope says
/// more than the record in it.
fn source(form: Form) -> (&'static str, u8) {
    match form {
        Form::Envelope => ("backfill:events", 0),
        Form::CloudTrail => ("backfill:cloudtrail", 1),
    }
}

/// Sets the row of a record aside, if it is to have one. `file` is where the record stands.
///
/// # Errors
/// Nothing can be set aside any more.
pub(super) fn accept(record: &Record<'_>, file: &str, read: Instant, stage: &mut Stage) -> io::Result<Accepted> {
    let event = match record.form {
        Form::Envelope => Event::parse(record.bytes),
        Form::CloudTrail => Event::from_cloudtrail(record.bytes),
    };
    let mut event = match event {
        Ok(event) => event,
        Err(error) => return Ok(Accepted::NoEvent(error)),
    };
    if let Some(why) = event.uncarried() {
        return Ok(Accepted::Uncarried(why));
    }
    let (source, rank) = source(record.form);
    let (table, event_key) = (event.table(), event.key());
    let identity = Identity {
        account: account(event.account().as_bytes()).unwrap_or_default(),
        key: key(event_key.as_bytes()).unwrap_or_default(),
    };
    event.redact();
    let prefix = Partition::of(&event, table).prefix();
    let name = file;
    let row = row(&event, table, event_key, Origin::File { read, name, source });
    let content = row.common.content_sha256.as_deref().unwrap_or_default();
    let copy = EventCopy {
        identity,
        content: hash(content.as_bytes()).unwrap_or_default(),
        addendum: row.is_addendum(),
        ms: event.time().millis(),
        rank,
    };
    stage.add(&prefix, copy, |out| pack(&row, out))?;
    Ok(Accepted::Row)
}
