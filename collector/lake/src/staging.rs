//! Rows between reading and writing: what `ingest` and `settle` share.
//!
//! Rows are set aside packed, by the folder that they go to, in bounded memory ([`stage`], [`spill`]). Then
//! each folder's rows are read back ([`merged`], [`reader`]), and what is to be written of them becomes a new
//! file ([`output`]).

#![cfg_attr(not(feature = "ingest"), expect(unreachable_pub, reason = "ingest gives them on"))]

mod aside;
mod error;
mod files;
mod guarded;
mod identity;
mod limits;
mod merged;
mod output;
mod ranges;
mod reader;
mod spill;
mod stage;
mod unchanged;

pub use self::aside::Aside;
pub use self::error::PartitionError;
pub(crate) use self::files::is_data;
#[cfg(feature = "settle")]
pub(crate) use self::files::is_visible;
pub(crate) use self::guarded::guarded;
pub(crate) use self::identity::{APART_MS, EventCopy, Identity, account, hash, key};
pub use self::limits::Limits;
pub(crate) use self::merged::Merged;
pub(crate) use self::output::File;
#[cfg(feature = "settle")]
pub(crate) use self::output::Written;
pub(crate) use self::ranges::{Failure, Ranges};
pub(crate) use self::reader::{Entry, PartitionRows, Reader};
pub(crate) use self::spill::Spill;
pub(crate) use self::stage::Stage;
#[cfg(feature = "ingest")]
pub(crate) use self::stage::Staged;
pub(crate) use self::unchanged::is_change;
#[cfg(feature = "settle")]
pub(crate) use self::unchanged::unchanged;
