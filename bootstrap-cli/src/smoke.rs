//! Trying pipetrail in an audit account that nobody uses yet: what AWS is asked, and what that proves. Everything that it
//! makes is taken away again, but records under Object Lock.
//!
//! What is claimed is a list ([`claim`]), what an observation means is pure ([`judge`]); the steps observe.

pub(crate) mod claim;
pub(crate) mod clean;
pub(crate) mod findings;
mod forwarder;
pub(crate) mod ground;
pub(crate) mod guard;
mod judge;
mod lake;
pub(crate) mod records;
mod sample;
pub(crate) mod scratch;
pub(crate) mod steps;
mod wait;
