//! A record becomes a row of its partition.

use std::io;

use pipetrail_collector::event::{Event, EventError, Uncarried};
use pipetrail_collector::layout::Partition;
use pipetrail_collector::rows::row;
use pipetrail_collector::time::Instant;

use super::read::{Form, Record};
use super::stage::{Identity, Stage};

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

/// Sets the row of a record aside, if it is to have one.
///
/// # Errors
/// Nothing can be set aside any more.
pub(super) fn accept(record: &Record<'_>, ingested: Instant, stage: &mut Stage) -> io::Result<Accepted> {
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
    let (table, text) = (event.table(), event.key());
    let identity = Identity {
        key: key(text.as_bytes()).unwrap_or_default(),
        ms: event.time().millis(),
        rank,
    };
    event.redact();
    let partition = Partition::of(&event, table);
    let mut row = row(&event, table, text, ingested);
    row.common.source = Some(source.into());
    stage.add(partition, identity, &row)?;
    Ok(Accepted::Row)
}

/// A key's 32 hex digits as bytes; `None` for any other text.
pub(super) fn key(text: &[u8]) -> Option<[u8; 16]> {
    let mut key = [0; 16];
    let (pairs, rest) = text.as_chunks::<2>();
    if pairs.len() != key.len() || !rest.is_empty() {
        return None;
    }
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    for (byte, [high, low]) in key.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_thirty_two_hex_digits_in_lower_case() {
        let text = b"000102030405060708090a0b0c0d0eff";
        let bytes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255];
        assert_eq!(key(text), Some(bytes));
        for wrong in [
            &b""[..],
            b"0001",
            &[b'g'; 32],
            &[b'A'; 32],
            &[b'0'; 33],
            "é".repeat(16).as_bytes(),
        ] {
            assert_eq!(key(wrong), None, "{wrong:?}");
        }
    }
}
