//! What happens around the settlers, by a seed, and what must hold meanwhile and in the end.

mod others;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use jiff::Timestamp;
use pipetrail_collector::layout::Partition;

use super::end::{self, Told};
use super::store::{Row, Shared, TABLE, hours, prefix};
use super::tally::Tally;
use super::world::{Failed, Mistake, Settler};
use crate::choice::kept_from;
use crate::{Done, RunError, Task, run};

type Running = Pin<Box<dyn Future<Output = Result<Done, RunError<Failed>>>>>;

/// A reader that has listed the partitions and not yet landing.
struct Reader {
    began: Timestamp,
    wants: BTreeSet<(u8, u32)>,
    sees: BTreeSet<(u8, u32)>,
}

/// One story.
pub(super) struct Story {
    random: u64,
    shared: Rc<RefCell<Shared>>,
    mistake: Option<Mistake>,
    retention: Option<u32>,
    /// The shortest time for which months were ever kept.
    shortest: Option<u32>,
    running: Vec<Running>,
    reader: Option<Reader>,
    /// Every copy that can be seen, by event: the copies of it that landed.
    landed: BTreeMap<(u8, u32), BTreeSet<u32>>,
    /// Rows that no query can see: malformed ones, and those of broken files.
    aside: BTreeSet<Row>,
    events: u32,
    copies: u32,
    tally: Tally,
    /// Events that lay only in partitions that somebody took out of the catalogue.
    unseen: BTreeSet<(u8, u32)>,
    /// Files that somebody removed.
    lost: u64,
    /// How much had gone when it was last checked.
    checked: u64,
}

/// A number below that one; SplitMix64.
fn below(random: &mut u64, end: u64) -> u64 {
    *random = random.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *random;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z ^ (z >> 31)) % end
}

impl Story {
    pub(super) fn new(seed: u64) -> Self {
        let begin: Timestamp = "2026-11-01T00:30:00Z".parse().unwrap();
        let mut story = Story {
            random: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03,
            shared: Rc::new(RefCell::new(Shared::new(begin))),
            mistake: None,
            retention: None,
            shortest: None,
            running: Vec::new(),
            reader: None,
            landed: BTreeMap::new(),
            aside: BTreeSet::new(),
            events: 0,
            copies: 0,
            tally: Tally::default(),
            unseen: BTreeSet::new(),
            lost: 0,
            checked: 0,
        };
        if story.one_in(3) {
            story.retention = Some(60);
            story.shortest = story.retention;
        }
        if story.one_in(4) {
            let partition = prefix(story.below(9) as u8);
            let elsewhere = "somewhere/else/".to_owned();
            story.shared.borrow_mut().register(&partition, &elsewhere);
        }
        story
    }

    pub(super) fn with(mut self, mistake: Mistake) -> Self {
        self.mistake = Some(mistake);
        self
    }

    /// A number below that one.
    fn below(&mut self, end: u64) -> u64 {
        below(&mut self.random, end)
    }

    fn one_in(&mut self, number: u64) -> bool {
        self.below(number) == 0
    }

    /// Plays it; what was wrong, if anything was.
    pub(super) fn play(mut self) -> Result<Tally, String> {
        let steps = 80 + self.below(240);
        for _ in 0..steps {
            self.step()?;
            self.check_what_went()?;
        }
        self.quiet()?;
        let told = Told {
            landed: &self.landed,
            aside: &self.aside,
            lost: self.lost,
            retention: self.retention,
            shortest: self.shortest,
        };
        end::check(&self.shared.borrow(), &told)?;
        Ok(self.tally)
    }

    fn step(&mut self) -> Result<(), String> {
        match self.below(100) {
            0..6 => self.land(),
            6..8 => self.land_again(),
            8..10 => self.ingest(),
            10..16 => {
                let time = hours(0).checked_add(jiff::SignedDuration::from_mins(self.below(500) as i64));
                let mut shared = self.shared.borrow_mut();
                shared.now = shared.now.checked_add(time.unwrap()).unwrap();
            }
            16..20 if self.running.len() < 2 => {
                let (skew, newer, lossy) = (self.below(121) as i64 - 60, !self.one_in(4), self.one_in(4));
                let tidy = !self.one_in(3);
                self.start(skew, newer, lossy, tidy);
            }
            20..21 => {
                if self.running.pop().is_some() {
                    self.tally.crashes += 1;
                }
            }
            21..24 => self.read()?,
            24 => self.repair(),
            // Nobody is protected whose proof is taken away behind him.
            25 if self.running.is_empty() => self.lose(),
            26 if self.running.is_empty() => self.drop_partition(),
            27 if self.retention.is_some() && self.one_in(8) => self.keep_longer(),
            _ => self.go_on()?,
        }
        Ok(())
    }

    /// Whether a partition is of a month that some clock may take for one that is kept no longer.
    fn expires(&self, prefix: &str, now: Timestamp) -> bool {
        let Some(days) = self.shortest else { return false };
        let before = kept_from(now.checked_add(hours(2)).unwrap(), days);
        Partition::from_key(&format!("{prefix}x")).is_some_and(|partition| *partition.month() < *before)
    }

    fn start(&mut self, skew: i64, newer: bool, lossy: bool, tidy: bool) {
        let now = self.shared.borrow().now;
        let clock = now.checked_add(jiff::SignedDuration::from_mins(skew)).unwrap();
        let second = clock.as_second().div_euclid(3600) * 3600;
        let task = Task {
            lake: "s3://lake".to_owned(),
            table: TABLE,
            now: Timestamp::from_second(second).unwrap(),
            bytes: 400 + 100 * self.below(10),
            retention: self.retention,
            tidies: tidy,
            closes: tidy,
            ends: None,
        };
        let world = Settler {
            shared: Rc::clone(&self.shared),
            newer,
            lossy,
            mistake: self.mistake,
        };
        self.tally.runs += 1;
        self.running
            .push(Box::pin(async move { run(&world, &task).await.result() }));
    }

    /// One of the settlers goes on until its next call.
    fn go_on(&mut self) -> Result<(), String> {
        if self.running.is_empty() {
            return Ok(());
        }
        let nth = self.below(self.running.len() as u64) as usize;
        // Mostly one goes on for some calls, so that runs come to their end.
        for _ in 0..=self.below(12) {
            let mut context = Context::from_waker(Waker::noop());
            match self.running[nth].as_mut().poll(&mut context) {
                Poll::Pending => {}
                Poll::Ready(result) => {
                    drop(self.running.remove(nth));
                    return self.ended(result);
                }
            }
        }
        Ok(())
    }

    fn ended(&mut self, result: Result<Done, RunError<Failed>>) -> Result<(), String> {
        match result {
            Ok(done) => self.tally.of(&done),
            Err(RunError::Log(error)) => return Err(error.to_string()),
            Err(RunError::Entry(why)) => return Err(why),
            Err(_) => self.tally.failed += 1,
        }
        Ok(())
    }

    /// The events that must be seen.
    fn wanted(&self) -> BTreeSet<(u8, u32)> {
        let now = self.shared.borrow().now;
        let is_seen = |event: &(u8, u32)| !self.unseen.contains(event) && !self.expires(&prefix(event.0), now);
        let kept = |(event, _): (&(u8, u32), _)| is_seen(event).then_some(*event);
        self.landed.iter().filter_map(kept).collect()
    }

    /// A query lists the partitions first, and landing up to four hours later.
    fn read(&mut self) -> Result<(), String> {
        let now = self.shared.borrow().now;
        let Some(mut reader) = self.reader.take() else {
            let sees = self.shared.borrow().in_partitions();
            self.reader = Some(Reader {
                began: now,
                wants: self.wanted(),
                sees,
            });
            return Ok(());
        };
        if now.duration_since(reader.began) > hours(4) {
            return Ok(());
        }
        self.tally.reads += 1;
        reader.sees.extend(self.shared.borrow().in_landing());
        let wants = self.wanted();
        match reader
            .wants
            .intersection(&wants)
            .find(|event| !reader.sees.contains(event))
        {
            Some(event) => Err(format!("a query missed {event:?}")),
            None => Ok(()),
        }
    }

    /// What was seen is seen until something goes.
    fn check_what_went(&mut self) -> Result<(), String> {
        let went = self.shared.borrow().went;
        match std::mem::replace(&mut self.checked, went) == went {
            true => Ok(()),
            false => self.check(),
        }
    }

    fn check(&self) -> Result<(), String> {
        let shared = self.shared.borrow();
        let (landing, partitions) = (shared.in_landing(), shared.in_partitions());
        let unseen = |event: &(u8, u32)| !landing.contains(event) && !partitions.contains(event);
        match self.wanted().into_iter().find(unseen) {
            Some(event) => Err(format!("{event:?} is not seen any more")),
            None => Ok(()),
        }
    }

    /// Nothing new comes, everything works, and time passes: long enough for late rows to be closed again.
    fn quiet(&mut self) -> Result<(), String> {
        self.check()?;
        self.running.clear();
        self.repair();
        for round in 0..13 {
            let now = self.shared.borrow().now;
            let pause = match round {
                // A deletion may fail, and strays are looked for in their first week alone.
                0..7 => 25,
                7 => 31 * 24,
                _ => 53,
            };
            self.shared.borrow_mut().now = now.checked_add(hours(pause)).unwrap();
            self.start(0, true, false, true);
            for calls in 0.. {
                if self.running.is_empty() {
                    break;
                }
                if calls > 20_000 {
                    return Err("a run does not come to its end".to_owned());
                }
                self.go_on()?;
                self.check_what_went()?;
            }
            // A whole run has seen to it that every partition is registered.
            self.unseen.clear();
            self.check()?;
        }
        Ok(())
    }
}
