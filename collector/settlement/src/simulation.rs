//! The protocol under random interleavings: [`crate::run()`] itself, over a world in memory whose every call is a
//! point at which somebody else may go on, or the run may end for good.
//!
//! Beside one or two settlers whose clocks are wrong by up to an hour, Firehose lands files (some twice, some
//! damaged, some late), `ingest` writes into partitions, somebody takes partitions out of the
//! catalogue or points them elsewhere, and an operator repairs it. After every step
//! each row that ever landed is seen by a reader: in landing, or in a file of a partition that the catalogue
//! knows. After a quiet week everything is settled, closed, and in exactly one entry.

mod end;
mod histories;
mod store;
mod story;
mod tally;
mod world;

use std::num::NonZero;
use std::{env, thread};

use story::Story;
use tally::Tally;
use world::Mistake;

/// Seeds of a run in CI.
const SEEDS: u64 = 10_000;

#[test]
fn every_row_is_seen_at_any_time_and_settled_once_in_the_end() {
    // `.ci/long simulation` asks for more of them.
    let number = |name: &str| env::var(name).ok().and_then(|value| value.parse().ok());
    let first: u64 = number("PIPETRAIL_SIMULATION_FIRST").unwrap_or(0);
    let count: u64 = number("PIPETRAIL_SIMULATION_SEEDS").unwrap_or(SEEDS);
    let threads = thread::available_parallelism().map_or(1, NonZero::get) as u64;
    let played = |thread: u64| {
        let mut tally = Tally::default();
        for seed in (first + thread..first + count).step_by(threads as usize) {
            match Story::new(seed).play() {
                Ok(told) => tally.add(&told),
                Err(why) => panic!("seed {seed}: {why}"),
            }
        }
        tally
    };
    let mut tally = Tally::default();
    thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|thread| scope.spawn(move || played(thread))).collect();
        for one in all {
            tally.add(&one.join().expect("a seed that fails says which it is"));
        }
    });
    // A simulation in which nothing happens proves nothing.
    assert!(tally.is_rich(), "{tally:?}");
    println!("{count} seeds: {tally:?}");
}

/// What a simulation cannot find is not held by it.
#[test]
fn every_mistake_of_a_world_is_found() {
    let mistakes = [
        Mistake::AnyRead,
        Mistake::AnyDelete,
        Mistake::AnyLocation,
        Mistake::ForgetsMalformed,
        Mistake::AnyAppend,
        Mistake::KeepsNoCopy,
        Mistake::WritesNoRest,
    ];
    for mistake in mistakes {
        let found = (0..2_000).find(|seed| Story::new(*seed).with(mistake).play().is_err());
        assert!(found.is_some(), "{mistake:?} is not found");
    }
}
