//! What everybody but the settlers does: Firehose, `ingest`, operators, and somebody who breaks things.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use pipetrail_collector::layout::arrival_day;

use super::super::store::{Health, Row, TABLE, hours, prefix};
use super::{Story, below};
use crate::entry::What;
use crate::log::{Log, Stored};

impl Story {
    /// Firehose puts a file; it may hold copies of what came before, and may be broken.
    pub(super) fn land(&mut self) {
        let late = self.one_in(5);
        let state = match self.below(40) {
            0 => Health::Footer,
            1 => Health::Page,
            2 => Health::Newer,
            _ => Health::Good,
        };
        let broken = matches!(state, Health::Footer | Health::Page);
        let mut rows = Vec::new();
        for _ in 0..=self.below(4) {
            let malformed = !broken && self.one_in(12);
            rows.push(self.row(broken || malformed, malformed));
        }
        let aside = rows.iter().filter(|row| broken || row.malformed);
        self.aside.extend(aside.copied());
        let mut shared = self.shared.borrow_mut();
        let arrived = shared.now.checked_sub(hours(if late { 30 } else { 0 })).unwrap();
        let day = arrived.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d").to_string();
        let number = shared.fresh();
        shared.put(&format!("landing/{TABLE}/{day}-{number:08}.parquet"), rows, state);
    }

    /// A row of a new event, or another copy of one that landed.
    fn row(&mut self, unseen: bool, malformed: bool) -> Row {
        self.copies += 1;
        // Later copies may come before earlier ones in the readers' order.
        let copy = self.copies ^ (self.below(4) as u32) << 20;
        if !unseen && !self.landed.is_empty() && self.one_in(3) {
            let nth = self.below(self.landed.len() as u64) as usize;
            let (&(partition, event), copies) = self.landed.iter_mut().nth(nth).unwrap();
            copies.insert(copy);
            return Row {
                partition,
                event,
                copy,
                malformed,
            };
        }
        self.events += 1;
        let (partition, event) = (self.below(9) as u8, self.events);
        if !unseen {
            self.landed.insert((partition, event), BTreeSet::from([copy]));
        }
        Row {
            partition,
            event,
            copy,
            malformed,
        }
    }

    /// Firehose puts a file a second time, with a row more.
    pub(super) fn land_again(&mut self) {
        let keys: Vec<String> = {
            let shared = self.shared.borrow();
            let files = shared
                .objects
                .iter()
                .filter(|(key, object)| arrival_day(TABLE, key).is_some() && object.state == Health::Good);
            files.map(|(key, _)| key.clone()).collect()
        };
        if keys.is_empty() {
            return;
        }
        let key = &keys[self.below(keys.len() as u64) as usize];
        let row = self.row(false, false);
        let mut shared = self.shared.borrow_mut();
        let mut rows = shared.objects[key].rows.clone();
        rows.push(row);
        shared.put(key, rows, Health::Good);
    }

    /// `ingest` registers a partition and writes into it.
    pub(super) fn ingest(&mut self) {
        let row = self.row(false, false);
        let prefix = prefix(row.partition);
        let mut shared = self.shared.borrow_mut();
        if !shared.glue.contains_key(&prefix) {
            shared.register(&prefix, &prefix);
        }
        if !shared.registered(&prefix) || self.expires(&prefix, shared.now) {
            drop(shared);
            let copies = self.landed.get_mut(&(row.partition, row.event)).unwrap();
            copies.remove(&row.copy);
            if copies.is_empty() {
                self.landed.remove(&(row.partition, row.event));
            }
            return;
        }
        let number = shared.fresh();
        let deeper = if number.is_multiple_of(4) { "deeper/" } else { "" };
        let key = format!("{prefix}{deeper}ingest-{number:08}.parquet");
        shared.put(&key, vec![row], Health::Good);
    }

    /// An operator keeps months for longer, or for ever.
    pub(super) fn keep_longer(&mut self) {
        self.retention = match self.one_in(2) {
            true => Some(75),
            false => None,
        };
    }

    /// An operator points partitions where they belong.
    pub(super) fn repair(&mut self) {
        let mut shared = self.shared.borrow_mut();
        let prefixes: Vec<String> = shared.glue.keys().cloned().collect();
        let elsewhere = prefixes
            .iter()
            .filter(|prefix| !shared.registered(prefix))
            .cloned()
            .collect::<Vec<_>>();
        elsewhere.iter().for_each(|prefix| shared.register(prefix, prefix));
    }

    /// Somebody takes a partition out of the catalogue. What was seen there alone is seen no more until it is
    /// registered again; what waits in landing too must stay until then.
    pub(super) fn drop_partition(&mut self) {
        let shared = &mut *self.shared.borrow_mut();
        let ours: Vec<String> = shared
            .glue
            .keys()
            .filter(|prefix| shared.registered(prefix))
            .cloned()
            .collect();
        if ours.is_empty() {
            return;
        }
        let before = shared.in_partitions();
        let mut random = self.random;
        shared
            .glue
            .remove(&ours[below(&mut random, ours.len() as u64) as usize]);
        self.random = random;
        let (after, landing) = (shared.in_partitions(), shared.in_landing());
        let unseen = before
            .into_iter()
            .filter(|event| !after.contains(event) && !landing.contains(event));
        self.unseen.extend(unseen);
        self.tally.unregistered += 1;
    }

    /// Somebody removes a file of a partition, of which all inputs are still there.
    pub(super) fn lose(&mut self) {
        let mut shared = self.shared.borrow_mut();
        let mut log = Log::empty("s3://lake", TABLE);
        let stored: Vec<Stored> = (shared.objects.iter())
            .filter(|(key, _)| key.starts_with("settlement/"))
            .zip(1..)
            .map(|((_, object), seq)| Stored {
                seq,
                bytes: object.bytes.clone(),
                written: object.written,
            })
            .collect();
        if stored.iter().any(|stored| log.add(stored).is_err()) {
            return;
        }
        let is_there = |(key, etag): &(&str, &str)| shared.objects.get(*key).is_some_and(|object| object.etag == *etag);
        let lost = log.pending().find_map(|(_, kept)| {
            let What::Day(day) = &kept.entry.what else { return None };
            let output = day
                .outputs
                .first()
                .filter(|output| shared.objects.contains_key(&output.key))?;
            kept.entry.what.taken().iter().all(is_there).then(|| output.key.clone())
        });
        if let Some(key) = lost {
            shared.objects.remove(&key);
            shared.went += 1;
            self.lost += 1;
        }
    }
}
