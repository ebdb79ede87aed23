//! Landing to partitions, the protocol: what arrives in small files of all accounts becomes one file per account
//! and month, and no row is lost, unseen or counted twice on the way.
//!
//! [`run()`] does the work in a [`World`]: a lake, or the simulation that tests it. What was done stands in
//! one [`log`] per table; what to do next is chosen by pure functions ([`choice`]) over the log and what lies
//! in the store. Readers need no log: they read every file and count every event once.

pub mod choice;
mod days;
pub mod entry;
pub mod log;
mod run;
mod task;
mod tidying;
mod time;
mod unit;
mod world;

pub use self::run::run;
pub use self::task::{Done, Ended, Problem, RunError, Task};
pub use self::world::{Becomes, Inspected, Merge, Seen, World};

#[cfg(test)]
mod simulation;
