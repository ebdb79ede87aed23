//! One input, as bytes, to the records in it: EventBridge envelopes, and CloudTrail records of CodePipeline and
//! of what may be our own in a member, in whatever they stand, with bounded memory (twice [`LONGEST`] and what the
//! decompression takes).
//!
//! What is no record is refused with its place and its bytes and stops nothing. What cannot matter
//! (records of other services, which are nearly all of a trail) is told by its brackets and two searches
//! for names, and only counted.

mod damage;
mod frame;
mod kind;
mod lookahead;
mod mask;
mod reason;
mod record;
mod scan;

#[cfg(test)]
mod tests;

use std::io::{self, Read};
use std::ops::ControlFlow;

use serde::Serialize;

pub use damage::Damage;
use frame::{Frames, Piece};
use kind::Kind;
use memchr::memmem;
use pipetrail_names::member::NAME_PART;
pub use reason::Reason;
pub use record::{Form, Found, LONGEST, Position, Record, Reject};

/// What was passed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// CloudTrail records of other services.
    pub other_services: u64,
    /// Records of CloudTrail Insights.
    pub insights: u64,
    /// Digest files of a trail.
    pub digests: u64,
}

impl Skipped {
    /// All of it.
    pub fn total(&self) -> u64 {
        let Skipped {
            other_services,
            insights,
            digests,
        } = self;
        other_services + insights + digests
    }
}

/// What an input held.
#[derive(Debug, Default)]
pub struct Counts {
    /// Records told.
    pub records: u64,
    /// Rejects told.
    pub rejects: u64,
    /// What was passed over.
    pub skipped: Skipped,
    /// Bytes, unpacked.
    pub bytes: u64,
    /// Why it could not be read to its end; what was told before counts.
    pub unread: Option<io::Error>,
}

/// Reads an input, already unpacked, and tells its records in order. A row of the lake is a record where
/// `rows` says so, and is refused elsewhere.
///
/// # Errors
/// What the sink answers ends the reading.
pub fn records<E>(
    source: impl Read,
    rows: bool,
    mut sink: impl FnMut(Found<'_>) -> Result<(), E>,
) -> Result<Counts, E> {
    let mut failed = None;
    let mut sorter = Sorter {
        rows,
        counts: Counts::default(),
        sink: &mut |found| match sink(found) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        },
    };
    let mut frames = Frames::of(source);
    // What broke it off is in `failed`.
    let _ = frames.tell(&mut |piece| sorter.piece(piece));
    let mut counts = sorter.counts;
    let lookahead = frames.into_lookahead();
    counts.bytes = lookahead.read();
    counts.unread = lookahead.unread();
    match failed {
        Some(error) => Err(error),
        None => Ok(counts),
    }
}

/// Whether a record may be of something of ours: it is not parsed for that.
fn names_ours(record: &[u8]) -> bool {
    memmem::find(record, NAME_PART.as_bytes()).is_some()
}

/// Sorts pieces, and counts them.
struct Sorter<'s> {
    rows: bool,
    counts: Counts,
    sink: &'s mut dyn FnMut(Found<'_>) -> ControlFlow<()>,
}

impl Sorter<'_> {
    fn piece(&mut self, piece: Piece<'_>) -> ControlFlow<()> {
        match piece {
            Piece::Object { bytes, place } => self.object(bytes, place),
            Piece::OtherService => self.skip(|skipped| &mut skipped.other_services),
            Piece::Reject(reject) => self.reject(reject),
        }
    }

    fn object(&mut self, bytes: &[u8], place: Position) -> ControlFlow<()> {
        match kind::of(bytes) {
            Kind::Envelope => self.record(Form::Envelope, bytes, place),
            Kind::CodePipeline => self.record(Form::CloudTrail, bytes, place),
            Kind::OwnService if names_ours(bytes) => self.record(Form::CloudTrail, bytes, place),
            Kind::OwnService | Kind::OtherService => self.skip(|skipped| &mut skipped.other_services),
            Kind::Insight => self.skip(|skipped| &mut skipped.insights),
            Kind::Digest => self.skip(|skipped| &mut skipped.digests),
            Kind::TrailFile => self.trail_file(bytes, place),
            Kind::FirehoseError => self.firehose_error(bytes, place),
            Kind::Row => self.row(bytes, place),
        }
    }

    fn row(&mut self, bytes: &[u8], place: Position) -> ControlFlow<()> {
        match self.rows {
            true => self.record(Form::Row, bytes, place),
            false => self.refuse(Reason::Row, bytes, place),
        }
    }

    fn skip(&mut self, which: impl FnOnce(&mut Skipped) -> &mut u64) -> ControlFlow<()> {
        *which(&mut self.counts.skipped) += 1;
        ControlFlow::Continue(())
    }

    /// A trail's file that is not told by its beginning: it is in memory.
    fn trail_file(&mut self, bytes: &[u8], place: Position) -> ControlFlow<()> {
        let Ok(file) = serde_json::from_slice::<kind::TrailFile<'_>>(bytes) else {
            return self.refuse(Reason::NotJson, bytes, place);
        };
        file.records.iter().try_for_each(|record| {
            let bytes = record.get().as_bytes();
            if bytes.starts_with(b"{") {
                self.object(bytes, place)
            } else {
                self.refuse(Reason::NotJson, bytes, place)
            }
        })
    }

    /// What Firehose could not deliver: envelopes or rows, one after the other, in base64.
    fn firehose_error(&mut self, bytes: &[u8], place: Position) -> ControlFlow<()> {
        let Ok(error) = serde_json::from_slice::<kind::FirehoseError<'_>>(bytes) else {
            return self.refuse(Reason::NotJson, bytes, place);
        };
        let Ok(data) = base64_simd::STANDARD.decode_to_vec(error.raw_data.trim_ascii().as_bytes()) else {
            return self.refuse(Reason::NotBase64, bytes, place);
        };
        if data.trim_ascii().is_empty() {
            return self.refuse(Reason::NoData, bytes, place);
        }
        Frames::of(data.as_slice()).tell(&mut |piece| match piece {
            Piece::OtherService => self.skip(|skipped| &mut skipped.other_services),
            Piece::Object { bytes, .. } => match kind::of(bytes) {
                Kind::CodePipeline => self.record(Form::CloudTrail, bytes, place),
                Kind::OwnService | Kind::OtherService => self.skip(|skipped| &mut skipped.other_services),
                Kind::Row => self.row(bytes, place),
                // Not unpacked once more.
                _ => self.record(Form::Envelope, bytes, place),
            },
            Piece::Reject(Reject {
                reason: Reason::Foreign(what),
                ..
            }) => {
                let what = what.strip_suffix(" twice").unwrap_or(what);
                self.refuse(Reason::ForeignData(what), bytes, place)
            }
            Piece::Reject(reject) => self.reject(Reject { place, ..reject }),
        })
    }

    fn record(&mut self, form: Form, bytes: &[u8], place: Position) -> ControlFlow<()> {
        self.counts.records += 1;
        (self.sink)(Found::Record(Record { form, bytes, place }))
    }

    fn refuse(&mut self, reason: Reason, bytes: &[u8], place: Position) -> ControlFlow<()> {
        let length = bytes.len() as u64;
        self.reject(Reject {
            place,
            reason,
            bytes,
            length,
        })
    }

    fn reject(&mut self, reject: Reject<'_>) -> ControlFlow<()> {
        self.counts.rejects += 1;
        (self.sink)(Found::Reject(reject))
    }
}
