//! What happened in simulated stories.

use crate::Done;

/// What happened, in numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub runs: u64,
    pub crashes: u64,
    pub failed: u64,
    pub units: u64,
    pub closes: u64,
    pub set_aside: u64,
    pub expired: u64,
    /// Entries whose files are kept after all.
    pub released: u64,
    pub deleted: u64,
    pub strays: u64,
    pub dropped: u64,
    /// Partitions that somebody took out of the catalogue.
    pub unregistered: u64,
    pub repetition: u64,
    pub rejected: u64,
    pub reads: u64,
}

impl Tally {
    pub(super) fn add(&mut self, other: &Tally) {
        let ours = self.numbers();
        for (ours, theirs) in ours.into_iter().zip(other.clone().numbers()) {
            *ours += *theirs;
        }
    }

    /// Whether everything happened.
    pub(super) fn is_rich(mut self) -> bool {
        self.numbers().into_iter().all(|number| *number > 0)
    }

    fn numbers(&mut self) -> [&mut u64; 15] {
        let Tally {
            runs,
            crashes,
            failed,
            units,
            closes,
            set_aside,
            expired,
            released,
            deleted,
            strays,
            dropped,
            unregistered,
            repetition,
            rejected,
            reads,
        } = self;
        [
            runs,
            crashes,
            failed,
            units,
            closes,
            set_aside,
            expired,
            released,
            deleted,
            strays,
            dropped,
            unregistered,
            repetition,
            rejected,
            reads,
        ]
    }

    pub(super) fn of(&mut self, done: &Done) {
        self.units += done.days;
        self.closes += done.closes;
        self.set_aside += done.set_aside.len() as u64;
        self.expired += done.expired;
        self.released += done.released;
        self.deleted += done.deleted;
        self.strays += done.strays;
        for rows in [&done.settled, &done.closed] {
            self.dropped += rows.duplicates + rows.conflicts;
            self.repetition += rows.repetition;
            self.rejected += rows.rejected;
        }
    }
}
