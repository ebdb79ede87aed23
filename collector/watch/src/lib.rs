//! λ watch: finds members that differ from what was rolled out or are silent, and tells the operator.
//!
//! Once an hour it reads the list of members that `apply` wrote, asks the lake what was heard of each, and every
//! third hour looks into all of them and compares. `judge` is pure: from what was known before and what was
//! observed now it gives what is known next and what is to be told. Alerts go out before the new state is
//! stored: a crash in between may repeat one, with the same id, and loses none.
//!
//! An account that joins an enrolled unit by itself is on no list: it joins with its first heartbeat. One that was
//! never heard is found by `pipetrail status`, which asks the stack set.

mod alert;
mod condition;
mod judge;
mod look;
mod pass;
pub mod run;
mod state;
mod store;
