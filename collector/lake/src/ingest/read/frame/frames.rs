//! An input on its way to pieces: what is known of it.

use std::io::Read;
use std::ops::ControlFlow;

use memchr::memmem;
use pipetrail_names::member::NAME_PART;

use crate::ingest::read::kind::SERVICE;
use crate::ingest::read::lookahead::Lookahead;
use crate::ingest::read::record::{Position, Reject};

/// What objects stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Container {
    /// Nothing.
    Top,
    /// A list.
    List,
    /// The list of a trail's file.
    Records,
}

/// A part of an input.
pub(in crate::ingest::read) enum Piece<'a> {
    /// An object, complete by its brackets.
    Object {
        /// From `{` to `}`.
        bytes: &'a [u8],
        /// Where it begins.
        place: Position,
    },
    /// A record of a trail's file that is another service's.
    OtherService,
    /// What is none.
    Reject(Reject<'a>),
}

/// Who is told; `Break` ends the reading.
pub(in crate::ingest::read) type Tell<'t> = &'t mut dyn FnMut(Piece<'_>) -> ControlFlow<()>;

/// An input on its way to pieces.
pub(in crate::ingest::read) struct Frames<R> {
    pub(super) window: Lookahead<R>,
    pub(super) container: Container,
    pub(super) record: u64,
    /// Whether something was refused in the container, perhaps its end with it.
    pub(super) torn: bool,
    /// Whether it was told that the input is damaged.
    pub(super) damage_told: bool,
    pub(super) service: memmem::Finder<'static>,
    pub(super) own: memmem::Finder<'static>,
}

impl<R: Read> Frames<R> {
    /// The pieces of an input.
    pub(in crate::ingest::read) fn of(source: R) -> Self {
        Self {
            window: Lookahead::new(source),
            container: Container::Top,
            record: 0,
            torn: false,
            damage_told: false,
            service: memmem::Finder::new(SERVICE),
            own: memmem::Finder::new(NAME_PART),
        }
    }

    /// The window, when all is told.
    pub(in crate::ingest::read) fn into_lookahead(self) -> Lookahead<R> {
        self.window
    }
}
