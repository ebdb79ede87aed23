//! Histories that a review of the protocol constructed, each of which once ended badly.

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use jiff::Timestamp;

use super::store::{Health, Row, Shared, TABLE, hours, prefix};
use super::world::{Failed, Settler};
use crate::entry::{Aside, Entry, Equation, Expired, FORMAT, Input, Settled, What};
use crate::log::{Log, Stored};
use crate::{Done, Ended, RunError, Task, run};

/// A partition of October.
const OCTOBER: u8 = 2;

struct Lake {
    shared: Rc<RefCell<Shared>>,
    retention: Option<u32>,
}

impl Lake {
    /// At three in the morning of November 2nd, with these events in landing since yesterday, one file each.
    fn with(events: &[u32]) -> Self {
        let now: Timestamp = "2026-11-02T03:00:00Z".parse().unwrap();
        let lake = Lake {
            shared: Rc::new(RefCell::new(Shared::new(now))),
            retention: None,
        };
        events.iter().for_each(|event| lake.land(*event));
        lake
    }

    fn land(&self, event: u32) {
        self.put(&format!("landing/{TABLE}/2026-11-01-{event}.parquet"), &[event]);
    }

    fn put(&self, key: &str, events: &[u32]) {
        let row = |event: &u32| Row {
            partition: OCTOBER,
            event: *event,
            copy: *event,
            malformed: false,
        };
        let rows = events.iter().map(row).collect();
        self.shared.borrow_mut().put(key, rows, Health::Good);
    }

    fn pass(&self, time: i64) {
        let mut shared = self.shared.borrow_mut();
        shared.now = shared.now.checked_add(hours(time)).unwrap();
    }

    fn task(&self) -> Task {
        Task {
            lake: "s3://lake".to_owned(),
            table: TABLE,
            now: self.shared.borrow().now,
            bytes: 100_000,
            retention: self.retention,
            tidies: true,
            closes: true,
            ends: None,
        }
    }

    fn run_as(&self, task: &Task) -> Result<Done, RunError<Failed>> {
        self.ended(task).result()
    }

    fn ended(&self, task: &Task) -> Ended<Failed> {
        let world = Settler {
            shared: Rc::clone(&self.shared),
            newer: true,
            lossy: false,
            mistake: None,
        };
        let mut running = pin!(run(&world, task));
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..100_000 {
            if let Poll::Ready(ended) = running.as_mut().poll(&mut context) {
                return ended;
            }
        }
        panic!("it does not come to its end");
    }

    fn run(&self) -> Result<Done, RunError<Failed>> {
        self.run_as(&self.task())
    }

    /// Days of runs: a deletion of three may fail.
    fn days(&self, days: usize) -> Vec<Result<Done, RunError<Failed>>> {
        let day = |_| {
            self.pass(24);
            self.run()
        };
        (0..days).map(day).collect()
    }

    fn keys(&self, beginning: &str) -> Vec<String> {
        let shared = self.shared.borrow();
        shared
            .objects
            .keys()
            .filter(|key| key.starts_with(beginning))
            .cloned()
            .collect()
    }

    fn remove(&self, key: &str) {
        self.shared.borrow_mut().objects.remove(key).unwrap();
    }

    fn sees(&self, event: u32) -> bool {
        let shared = self.shared.borrow();
        shared.in_landing().contains(&(OCTOBER, event)) || shared.in_partitions().contains(&(OCTOBER, event))
    }

    /// Somebody writes an entry that fits the log.
    fn forge(&self, what: What) {
        let mut log = Log::empty("s3://lake", TABLE);
        let keys = self.keys("settlement/");
        for (key, seq) in keys.iter().zip(1..) {
            let object = self.shared.borrow().objects[key].clone();
            let (bytes, written) = (object.bytes, object.written);
            log.add(&Stored { seq, bytes, written }).unwrap();
        }
        let entry = Entry {
            format: FORMAT,
            lake: "s3://lake".to_owned(),
            table: TABLE.name().to_owned(),
            seq: log.next(),
            previous: log.last().map(str::to_owned),
            unfinished: log.unfinished(),
            at: self.shared.borrow().now,
            writer: "somebody".to_owned(),
            what,
        };
        let key = format!("settlement/{TABLE}/{:010}.json", entry.seq);
        let mut shared = self.shared.borrow_mut();
        shared.put(&key, Vec::new(), Health::Good);
        shared.objects.get_mut(&key).unwrap().bytes = entry.bytes();
    }

    fn input(&self, key: &str, rows: u64) -> Input {
        let etag = self.shared.borrow().objects[key].etag.clone();
        let key = key.to_owned();
        Input { key, etag, rows }
    }
}

#[test]
fn an_output_that_somebody_replaced_is_no_proof_not_even_through_a_close() {
    let lake = Lake::with(&[1]);
    lake.put(&format!("landing/{TABLE}/2026-11-01-two.parquet"), &[2, 3]);
    lake.run().unwrap();
    let output = lake.keys(&prefix(OCTOBER)).remove(0);
    lake.put(&output, &[1]);
    lake.put(&format!("{}ingest-a.parquet", prefix(OCTOBER)), &[4]);
    let ended = lake.days(12);
    assert!(
        ended
            .iter()
            .any(|done| done.as_ref().is_ok_and(|done| done.closes == 1))
    );
    assert!(lake.sees(2) && lake.sees(3));
}

#[test]
fn a_gap_in_the_log_is_told_and_not_filled() {
    let lake = Lake::with(&[]);
    for event in [1, 2, 3] {
        lake.land(event);
        lake.run().unwrap();
    }
    let second = format!("settlement/{TABLE}/0000000002.json");
    let object = lake.shared.borrow().objects[&second].clone();
    lake.remove(&second);
    for ended in lake.days(2) {
        assert!(matches!(ended, Err(RunError::Log(error)) if error.seq == 2));
    }
    assert_eq!((lake.keys("settlement/").len(), lake.keys("landing/").len()), (2, 3));
    lake.shared.borrow_mut().objects.insert(second, object);
    lake.days(4).into_iter().for_each(|ended| drop(ended.unwrap()));
    assert!(lake.keys("landing/").is_empty());
}

#[test]
fn a_clock_that_is_ahead_ends_no_month() {
    let lake = Lake {
        retention: Some(60),
        ..Lake::with(&[1])
    };
    let task = Task {
        now: "2036-11-02T03:00:00Z".parse().unwrap(),
        ..lake.task()
    };
    assert_eq!(lake.run_as(&task).unwrap().expired, 0);
    lake.days(3);
    assert!(lake.sees(1));
}

#[test]
fn a_forged_entry_deletes_nothing() {
    let landed = |lake: &Lake| lake.keys("landing/").remove(0);
    // A month ends that is kept.
    let lake = Lake::with(&[1]);
    lake.run().unwrap();
    let output = lake.keys(&prefix(OCTOBER)).remove(0);
    let before = "9999-01".to_owned();
    let inputs = vec![lake.input(&output, 0)];
    lake.forge(What::Expire(Expired { before, inputs }));
    lake.days(3);
    assert!(lake.sees(1), "an end that is none");
    // A file was set aside, and there is no copy.
    let lake = Lake::with(&[1]);
    let Input { key, etag, .. } = lake.input(&landed(&lake), 1);
    let copy = format!("errors/{TABLE}/damaged/none.parquet");
    let why = String::new();
    lake.forge(What::SetAside(vec![Aside {
        key,
        etag,
        size: 200,
        copy,
        why,
    }]));
    lake.days(3);
    assert!(lake.sees(1), "a copy that is none");
    // Rows have expired, and are kept.
    let lake = Lake::with(&[1]);
    let inputs = vec![lake.input(&landed(&lake), 1)];
    let equation = Equation {
        rows_in: 1,
        expired: 1,
        ..Equation::default()
    };
    let kept_from = Some("9999-01".to_owned());
    lake.forge(What::Day(Settled {
        inputs,
        equation,
        kept_from,
        ..Settled::default()
    }));
    lake.days(3);
    assert!(lake.sees(1), "an expiry that is none");
}

#[test]
fn what_was_rejected_is_proof_too() {
    let lake = Lake::with(&[1]);
    let row = Row {
        partition: OCTOBER,
        event: 9,
        copy: 9,
        malformed: true,
    };
    let key = format!("landing/{TABLE}/2026-11-01-malformed.parquet");
    lake.shared.borrow_mut().put(&key, vec![row], Health::Good);
    lake.run().unwrap();
    let rejected = lake.keys(&format!("errors/{TABLE}/rejected/")).remove(0);
    lake.remove(&rejected);
    lake.days(3);
    assert_eq!(lake.keys(&key).len(), 1);
}

#[test]
fn one_partition_that_is_registered_elsewhere_keeps_no_other_from_being_deleted() {
    let lake = Lake::with(&[1]);
    lake.run().unwrap();
    let elsewhere = "somewhere/else/".to_owned();
    let row = Row {
        partition: OCTOBER + 3,
        event: 2,
        copy: 2,
        malformed: false,
    };
    lake.shared.borrow_mut().register(&prefix(row.partition), &elsewhere);
    let key = format!("landing/{TABLE}/2026-11-01-elsewhere.parquet");
    lake.shared.borrow_mut().put(&key, vec![row], Health::Good);
    assert!(lake.days(4).iter().all(Result::is_err));
    assert_eq!(lake.keys("landing/"), [key]);
}

#[test]
fn what_was_done_is_told_though_an_error_ended_the_run() {
    let lake = Lake::with(&[1]);
    lake.shared.borrow_mut().register(&prefix(OCTOBER), "somewhere/else/");
    let key = format!("landing/{TABLE}/2026-11-01-damaged.parquet");
    lake.shared.borrow_mut().put(&key, Vec::new(), Health::Footer);
    let ended = lake.ended(&lake.task());
    assert!(
        matches!(ended.error, Some(RunError::World(Failed::Elsewhere))),
        "{ended:?}"
    );
    assert_eq!(ended.done.set_aside.len(), 1, "{ended:?}");
    assert_eq!(ended.done.waits_since.as_deref(), Some("2026-11-01"));
}

#[test]
fn inputs_stay_while_a_query_may_run_that_was_planned_before_their_partition_was_registered_again() {
    let lake = Lake::with(&[1]);
    lake.run().unwrap();
    lake.pass(24);
    lake.shared.borrow_mut().glue.clear();
    assert_eq!(lake.run().unwrap().repaired, 1);
    lake.pass(1);
    assert_eq!(
        lake.run().unwrap(),
        Done::default(),
        "it is registered, and was not six hours ago"
    );
    lake.pass(5);
    lake.days(2);
    assert!(lake.keys("landing/").is_empty() && lake.sees(1));
}

#[test]
fn a_partition_that_somebody_took_out_is_registered_again_when_nothing_else_is_to_be_done() {
    let lake = Lake::with(&[1]);
    lake.run().unwrap();
    lake.days(3);
    assert!(lake.keys("landing/").is_empty());
    lake.shared.borrow_mut().glue.clear();
    assert!(!lake.sees(1));
    assert_eq!(lake.run().unwrap().repaired, 1);
    assert!(lake.sees(1));
}

#[test]
fn a_close_that_died_behind_its_file_is_done_again_at_once() {
    let lake = Lake::with(&[1]);
    lake.run().unwrap();
    lake.pass(7 * 24);
    lake.put(&format!("{}run-late.parquet", prefix(OCTOBER)), &[2]);
    lake.pass(1);
    lake.put(&format!("{}closed-died.parquet", prefix(OCTOBER)), &[1, 2]);
    assert_eq!(lake.run().unwrap().closes, 1);
}

#[test]
fn an_entry_of_the_future_holds_up_no_other() {
    let lake = Lake::with(&[1]);
    lake.run().unwrap();
    let entry = lake.keys("settlement/").remove(0);
    let now = lake.shared.borrow().now;
    lake.shared.borrow_mut().objects.get_mut(&entry).unwrap().written = now.checked_add(hours(9_000)).unwrap();
    lake.land(2);
    lake.days(4);
    assert_eq!(lake.keys("landing/").len(), 1);
}

#[test]
fn a_run_whose_time_is_over_begins_no_unit_and_says_so() {
    let lake = Lake::with(&[1]);
    let task = Task {
        ends: Some(Instant::now()),
        ..lake.task()
    };
    let done = lake.run_as(&task).unwrap();
    assert!(done.unfinished && done.days == 0, "{done:?}");
    assert!(lake.keys("settlement/").is_empty() && lake.sees(1));
    assert_eq!(lake.run().unwrap().days, 1);
}

#[test]
fn months_that_are_kept_for_longer_before_they_went_stay_and_can_expire_again() {
    let mut lake = Lake {
        retention: Some(60),
        ..Lake::with(&[1])
    };
    lake.run().unwrap();
    lake.days(2);
    lake.pass(70 * 24);
    assert_eq!(lake.run().unwrap().expired, 1);
    lake.retention = None;
    lake.pass(24);
    let done = lake.run().unwrap();
    assert_eq!((done.released, done.deleted), (1, 0), "{done:?}");
    lake.days(3)
        .into_iter()
        .for_each(|done| assert_eq!(done.unwrap(), Done::default()));
    assert!(lake.sees(1));
    lake.retention = Some(90);
    lake.pass(90 * 24);
    assert_eq!(lake.run().unwrap().expired, 1);
    lake.days(3);
    assert!(!lake.sees(1) && lake.keys(&prefix(OCTOBER)).is_empty());
}

#[test]
fn a_file_of_copies_that_no_entry_names_goes_after_a_day_and_no_other() {
    let lake = Lake::with(&[]);
    let twice = |copy: u32| Row {
        partition: OCTOBER,
        event: 1,
        copy,
        malformed: false,
    };
    let stray = format!("copies/month=2026-10/{TABLE}-died.parquet");
    // Entries of before and after it, which have come to their end when it is a day old.
    for day in 0..6 {
        let key = format!("landing/{TABLE}/2026-11-01-{day}.parquet");
        let rows = vec![twice(2 * day), twice(2 * day + 1)];
        lake.shared.borrow_mut().put(&key, rows, Health::Good);
        if day == 2 {
            lake.put(&stray, &[1]);
        }
        lake.run().unwrap();
        assert_eq!(lake.keys(&stray).len(), usize::from((2..4).contains(&day)), "day {day}");
        lake.pass(25);
    }
    assert_eq!(lake.keys("copies/").len(), 6);
}

#[test]
fn files_in_folders_below_that_of_their_partition_are_closed_too() {
    let lake = Lake::with(&[1]);
    lake.put(&format!("{}2026/10/ingest-a.parquet", prefix(OCTOBER)), &[2]);
    lake.run().unwrap();
    lake.days(12);
    let left = lake.keys(&prefix(OCTOBER));
    assert!(matches!(left.as_slice(), [one] if !one.contains("ingest")), "{left:?}");
    assert!(lake.sees(1) && lake.sees(2));
}

#[test]
fn copies_of_an_entry_that_a_long_run_has_not_read_are_no_strays() {
    let mut kept = 0;
    // Somebody else settles at each of the long run's calls.
    for calls in 0.. {
        let lake = Lake::with(&[]);
        let task = lake.task();
        let world = Settler {
            shared: Rc::clone(&lake.shared),
            newer: true,
            lossy: false,
            mistake: None,
        };
        let mut long = pin!(run(&world, &task));
        let mut context = Context::from_waker(Waker::noop());
        if (0..calls).any(|_| long.as_mut().poll(&mut context).is_ready()) {
            break;
        }
        let copy = |copy: u32| Row {
            partition: OCTOBER,
            event: 1,
            copy,
            malformed: false,
        };
        let key = format!("landing/{TABLE}/2026-11-01-twice.parquet");
        lake.shared.borrow_mut().put(&key, vec![copy(1), copy(2)], Health::Good);
        lake.run().unwrap();
        let entered = lake.keys("copies/");
        assert_eq!(entered.len(), 1);
        lake.pass(25);
        while long.as_mut().poll(&mut context).is_pending() {}
        // The long run may have left one of its own.
        assert!(lake.keys("copies/").contains(&entered[0]), "after {calls} calls");
        kept += 1;
    }
    assert!(kept > 10, "{kept}");
}
