//! S3 and Glue in memory, as far as the protocol sees them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use pipetrail_collector::Table;
use pipetrail_collector::layout::{Partition, arrival_day, copies_month};

use crate::choice::Listed;

pub(super) const TABLE: Table = Table::ApprovalCalls;

/// A copy of an event: which event, of which partition, and what tells it from other copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    pub partition: u8,
    pub event: u32,
    /// Of several copies the lowest is kept.
    pub copy: u32,
    /// What is no row of any partition.
    pub malformed: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Object {
    pub etag: String,
    pub written: Timestamp,
    pub rows: Vec<Row>,
    /// Of the log.
    pub bytes: Vec<u8>,
    pub state: Health,
    pub place: Place,
}

/// Where a file lies, by its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Landing,
    Copies,
    /// With the prefix.
    Partition(String),
    Elsewhere,
}

impl Place {
    fn of(key: &str) -> Self {
        match Partition::from_key(key) {
            Some(partition) => Place::Partition(partition.prefix()),
            None if arrival_day(TABLE, key).is_some() => Place::Landing,
            None if copies_month(TABLE, key).is_some() => Place::Copies,
            None => Place::Elsewhere,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    Good,
    /// Its footer is broken.
    Footer,
    /// A page behind a good footer is broken.
    Page,
    /// It has a column of a newer version.
    Newer,
}

/// A partition as the catalogue knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Registered {
    pub location: String,
    pub since: Timestamp,
}

/// What all share.
#[derive(Debug)]
pub(super) struct Shared {
    /// The store's clock.
    pub now: Timestamp,
    pub objects: BTreeMap<String, Object>,
    /// Every partition that the catalogue knows, by prefix.
    pub glue: BTreeMap<String, Registered>,
    /// Rows of every file there ever was, by ETag.
    pub history: BTreeMap<String, u64>,
    next: u64,
    /// Files and partitions that went.
    pub went: u64,
}

impl Shared {
    pub(super) fn new(now: Timestamp) -> Self {
        Shared {
            now,
            objects: BTreeMap::new(),
            glue: BTreeMap::new(),
            history: BTreeMap::new(),
            next: 1,
            went: 0,
        }
    }

    pub(super) fn fresh(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(super) fn put(&mut self, key: &str, rows: Vec<Row>, state: Health) -> Listed {
        let etag = format!("e{}", self.fresh());
        let object = Object {
            etag,
            written: self.now,
            rows,
            bytes: Vec::new(),
            state,
            place: Place::of(key),
        };
        let listed = listed(key, &object);
        self.history.insert(object.etag.clone(), object.rows.len() as u64);
        self.objects.insert(key.to_owned(), object);
        listed
    }

    /// The events that a reader sees in landing.
    pub(super) fn in_landing(&self) -> BTreeSet<(u8, u32)> {
        self.events(|place| *place == Place::Landing)
    }

    /// The events that a reader sees in the partitions that the catalogue knows.
    pub(super) fn in_partitions(&self) -> BTreeSet<(u8, u32)> {
        self.events(|place| match place {
            Place::Partition(prefix) => self.registered(prefix),
            _ => false,
        })
    }

    /// Whether the catalogue has a partition where its files are.
    pub(super) fn registered(&self, prefix: &str) -> bool {
        self.glue.get(prefix).is_some_and(|known| known.location == prefix)
    }

    /// Registers a partition at a place, from now on.
    pub(super) fn register(&mut self, prefix: &str, location: &str) {
        let (location, since) = (location.to_owned(), self.now);
        self.glue.insert(prefix.to_owned(), Registered { location, since });
    }

    fn events(&self, visible: impl Fn(&Place) -> bool) -> BTreeSet<(u8, u32)> {
        let files = self.objects.values().filter(|object| visible(&object.place));
        files
            .flat_map(|object| &object.rows)
            .map(|row| (row.partition, row.event))
            .collect()
    }
}

/// The prefix of a simulated partition: three accounts, two months.
pub(super) fn prefix(partition: u8) -> String {
    let month = ["2026-08", "2026-09", "2026-10"][usize::from(partition % 3)];
    format!("{TABLE}/account_id={:012}/month={month}/", partition / 3)
}

/// As a listing shows it.
pub(super) fn listed(key: &str, object: &Object) -> Listed {
    Listed {
        key: key.to_owned(),
        etag: object.etag.clone(),
        size: 100 * (1 + object.rows.len() as u64),
        written: object.written,
    }
}

/// So many hours.
pub(super) fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}
