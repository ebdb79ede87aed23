//! The rows of files that were chosen, turned into new files: one of each partition.
//!
//! `source` reads the files, `gather` sets their rows aside, `partition` makes a file of those of each
//! partition, by the rules of `fate`. Nothing is written before every file was read to its end, but for rows
//! that belong nowhere (`rejected`).

mod budget;
mod copies;
mod delivery;
mod fate;
mod footer;
mod gather;
mod job;
mod merge;
mod names;
mod outputs;
mod partition;
mod picked;
mod rejected;
mod shape;
mod source;
mod stop;
mod values;
mod write;

#[cfg(test)]
pub(super) mod fixture;
#[cfg(test)]
mod tests;

pub(super) use self::footer::{Look, TAIL, look};
pub(super) use self::job::{Job, WHOLE};
pub(super) use self::merge::merge;
pub(super) use self::shape::Tier;
