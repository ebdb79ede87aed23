//! Replacing the stack that a [`crate::desired::Flow`] runs through, without losing what runs: rules off,
//! streams drained, the stack deleted and created, the archive replayed.
//!
//! `record` is what survives the caller, as an `object`; `next` decides what is to be done, `calls` does it.

mod calls;
mod events;
mod next;
mod object;
mod record;
mod signs;

pub(crate) use calls::FlowCalls;
pub(crate) use events::{has_archive, replay_state};
pub use record::{Record, Span};
