//! A record becomes a row of its partition.

use std::borrow::Cow;
use std::io;

use pipetrail_collector::event::{Event, EventError, Uncarried};
use pipetrail_collector::layout::Partition;
use pipetrail_collector::rows::{Origin, row};
use serde::Deserialize;
use thiserror::Error;

use super::read::{Form, Record};
use super::to::To;
use crate::parquet::pack;
use crate::staging::{EventCopy, Identity, Stage, account, hash, key};

/// What became of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Accepted {
    /// Its row is set aside.
    Row,
    /// The cloud path would not have brought it to the lake.
    Uncarried(Uncarried),
    /// It is of a table that was not asked for.
    OtherTable,
    /// It is of a month that is kept no longer.
    Expired,
    /// There can be no row of it.
    Refused(Refused),
}

/// Why a record becomes no row. The messages never quote it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is no event.
    #[error(transparent)]
    NoEvent(#[from] EventError),
    /// A row without what it was made of.
    #[error("a row without texts in `event_key` and `raw`")]
    NoRow,
    /// A row that was made of something else.
    #[error("a row of which `raw` is no event: {0}")]
    RawIsNoEvent(EventError),
    /// A row that is another event's, or of which something that makes the key was redacted.
    #[error("a row whose `event_key` cannot be checked: that of its `raw`, which is redacted, is another one")]
    OtherKey,
}

/// `source` of a row, and which of several rows of one event is kept, the lowest: an envelope says
/// more than the record in it, and a row was redacted before.
fn source(form: Form) -> (&'static str, u8) {
    match form {
        Form::Envelope => ("backfill:events", 0),
        Form::CloudTrail => ("backfill:cloudtrail", 1),
        Form::Row => ("backfill:rows", 2),
    }
}

/// What is read of a row: all else of it follows from the event.
#[derive(Deserialize)]
struct Finished<'a> {
    #[serde(borrow)]
    event_key: Cow<'a, str>,
    #[serde(borrow)]
    raw: Cow<'a, str>,
}

/// Sets the row of a record aside, if it is to have one. `file` is where the record stands.
///
/// # Errors
/// Nothing can be set aside any more.
pub(super) fn accept(record: &Record<'_>, file: &str, to: To<'_>, stage: &mut Stage) -> io::Result<Accepted> {
    let finished: Option<Finished<'_>> = match record.form {
        Form::Row => serde_json::from_slice(record.bytes).ok(),
        Form::Envelope | Form::CloudTrail => None,
    };
    let event = match (record.form, &finished) {
        (Form::Envelope, _) => Event::parse(record.bytes).map_err(Refused::from),
        (Form::CloudTrail, _) => Event::from_cloudtrail(record.bytes).map_err(Refused::from),
        (Form::Row, Some(finished)) => Event::parse(finished.raw.as_bytes()).map_err(Refused::RawIsNoEvent),
        (Form::Row, None) => Err(Refused::NoRow),
    };
    let mut event = match event {
        Ok(event) => event,
        Err(why) => return Ok(Accepted::Refused(why)),
    };
    if let Some(why) = event.uncarried() {
        return Ok(Accepted::Uncarried(why));
    }
    let (source, rank) = source(record.form);
    let table = event.table_in_file();
    if to.only.is_some_and(|only| only != table) {
        return Ok(Accepted::OtherTable);
    }
    let event_key = event.key();
    if finished
        .as_ref()
        .is_some_and(|finished| finished.event_key != event_key)
    {
        return Ok(Accepted::Refused(Refused::OtherKey));
    }
    let identity = Identity {
        account: account(event.account().as_bytes()).unwrap_or_default(),
        key: key(event_key.as_bytes()).unwrap_or_default(),
    };
    let partition = Partition::of(&event, table);
    if to.kept_from.is_some_and(|month| partition.month() < month) {
        return Ok(Accepted::Expired);
    }
    match finished {
        Some(_) => event.redact_again(),
        None => event.redact(),
    }
    let origin = Origin::File {
        read: to.ingested,
        name: file,
        source,
    };
    let row = row(&event, table, event_key, origin);
    let content = row.common.content_sha256.as_deref().unwrap_or_default();
    let copy = EventCopy {
        identity,
        content: hash(content.as_bytes()).unwrap_or_default(),
        addendum: row.is_addendum(),
        ms: event.time().millis(),
        rank,
    };
    stage.add(&partition.prefix(), copy, |out| pack(&row, out))?;
    Ok(Accepted::Row)
}
