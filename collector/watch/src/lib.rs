//! λ watch: what nothing inside of a member account can prove.
//!
//! Once an hour it reads the list of members that `apply` wrote, asks the lake what was heard of each, and every
//! third hour looks into all of them and compares. [`judge`] is pure: from what was known before and what was
//! observed now it gives what is known next and what is to be told. Alerts go out before the new state is
//! stored: a crash in between may repeat one, with the same id, and loses none.
//!
//! An account that joins an enrolled unit by itself is on no list: it joins with its first heartbeat. One that was
//! never heard is found by `pipetrail status`, which asks the stack set.

pub mod alert;
pub mod condition;
pub mod judge;
mod look;
pub mod pass;
pub mod run;
pub mod state;
mod store;
