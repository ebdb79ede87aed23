//! The world of a simulated settler: every call is a point at which others go on.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use jiff::Timestamp;
use pipetrail_collector::layout::is_before;

use super::store::{Health, Object, Place, Row, Shared, TABLE, listed, prefix};
use crate::choice::Listed;
use crate::entry::{Aside, Equation, Input, Output, Settled, folder};
use crate::log::Stored;
use crate::{Becomes, Inspected, Merge, Seen, World};

/// The world of one settler.
#[derive(Clone, Debug)]
pub(super) struct Settler {
    pub shared: Rc<RefCell<Shared>>,
    /// Whether it knows the newest columns.
    pub newer: bool,
    /// A network that loses answers: some puts are done, and the client that asks again finds its own.
    pub lossy: bool,
    /// What it does wrong.
    pub mistake: Option<Mistake>,
}

/// What a world may do wrong; the simulation has to find each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mistake {
    /// It reads whatever lies under a key.
    AnyRead,
    /// It deletes whatever lies under a key.
    AnyDelete,
    /// A partition that is registered elsewhere counts as registered.
    AnyLocation,
    /// It forgets rows that belong to no partition.
    ForgetsMalformed,
    /// It replaces an entry that is there.
    AnyAppend,
    /// It keeps no copy of what it cannot read.
    KeepsNoCopy,
    /// It counts rejected rows and copies, and does not write them.
    WritesNoRest,
}

/// What a world's call may say.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum Failed {
    #[error("a partition is registered elsewhere")]
    Elsewhere,
    #[error("somebody has just taken a partition out")]
    Unseen,
}

/// Lets others go on.
async fn pause() {
    let mut paused = false;
    poll_fn(move |_| {
        if std::mem::replace(&mut paused, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

impl Settler {
    async fn with<T>(&self, call: impl FnOnce(&mut Shared) -> T) -> T {
        pause().await;
        let done = call(&mut self.shared.borrow_mut());
        pause().await;
        done
    }

    fn log_key(seq: u64) -> String {
        format!("settlement/{TABLE}/{seq:010}.json")
    }

    async fn list(&self, of: fn(&Place) -> bool) -> Vec<Listed> {
        let matching = |shared: &mut Shared| {
            let objects = shared.objects.iter().filter(|(_, object)| of(&object.place));
            objects.map(|(key, object)| listed(key, object)).collect()
        };
        self.with(matching).await
    }
}

impl World for Settler {
    type Error = Failed;

    async fn last_entry(&self) -> Result<u64, Failed> {
        let last = |shared: &mut Shared| {
            let keys = shared.objects.keys().filter(|key| key.starts_with("settlement/"));
            keys.filter_map(|key| key.get(key.len() - 15..key.len() - 5)?.parse().ok())
                .max()
        };
        Ok(self.with(last).await.unwrap_or(0))
    }

    async fn entry(&self, seq: u64) -> Result<Option<Stored>, Failed> {
        let get = |shared: &mut Shared| {
            let object = shared.objects.get(&Self::log_key(seq))?;
            Some(Stored {
                seq,
                bytes: object.bytes.clone(),
                written: object.written,
            })
        };
        Ok(self.with(get).await)
    }

    async fn append(&self, seq: u64, bytes: &[u8]) -> Result<bool, Failed> {
        let key = Self::log_key(seq);
        let put = |shared: &mut Shared| {
            if shared.objects.contains_key(&key) && self.mistake != Some(Mistake::AnyAppend) {
                return false;
            }
            shared.put(&key, Vec::new(), Health::Good);
            if let Some(object) = shared.objects.get_mut(&key) {
                object.bytes = bytes.to_vec();
            }
            // The client asks again after an answer that was lost, and finds what it has put.
            !(self.lossy && seq.is_multiple_of(3))
        };
        Ok(self.with(put).await)
    }

    async fn clock(&self) -> Result<Timestamp, Failed> {
        Ok(self.with(|shared| shared.now).await)
    }

    async fn landing(&self) -> Result<Vec<Listed>, Failed> {
        Ok(self.list(|place| *place == Place::Landing).await)
    }

    async fn partitions(&self) -> Result<Vec<Listed>, Failed> {
        Ok(self.list(|place| matches!(place, Place::Partition(_))).await)
    }

    async fn copies(&self) -> Result<Vec<Listed>, Failed> {
        Ok(self.list(|place| *place == Place::Copies).await)
    }

    async fn head(&self, key: &str) -> Result<Option<(u64, String)>, Failed> {
        let head = |shared: &mut Shared| {
            let object = shared.objects.get(key)?;
            let listed = listed(key, object);
            Some((listed.size, listed.etag))
        };
        Ok(self.with(head).await)
    }

    async fn inspect(&self, files: &[&Listed]) -> Result<Vec<Inspected>, Failed> {
        let knows = self.newer;
        let look = |shared: &mut Shared| {
            let of = |file: &&Listed| match shared.objects.get(&file.key) {
                Some(object) if object.etag == file.etag => match object.state {
                    Health::Good | Health::Page => Inspected::Good,
                    Health::Newer if knows => Inspected::Good,
                    Health::Newer => Inspected::Newer("novelty".to_owned()),
                    Health::Footer => Inspected::Damaged("it is no Parquet".to_owned()),
                },
                _ => Inspected::Changed,
            };
            files.iter().map(of).collect()
        };
        Ok(self.with(look).await)
    }

    async fn copy_aside(&self, file: &Listed, why: &str) -> Result<Option<Aside>, Failed> {
        let copy = format!(
            "errors/{TABLE}/damaged/{}",
            file.key.rsplit('/').next().unwrap_or_default()
        );
        let keep = |shared: &mut Shared| {
            let object = shared
                .objects
                .get(&file.key)
                .filter(|object| object.etag == file.etag)?
                .clone();
            if self.mistake != Some(Mistake::KeepsNoCopy) {
                shared.put(&copy, object.rows, object.state);
            }
            Some(Aside {
                key: file.key.clone(),
                etag: file.etag.clone(),
                size: file.size,
                copy: copy.clone(),
                why: why.to_owned(),
            })
        };
        Ok(self.with(keep).await)
    }

    async fn merge(&self, files: &[&Listed], into: Becomes, kept_from: Option<&str>) -> Result<Merge, Failed> {
        let mut inputs = Vec::new();
        let mut rows = Vec::new();
        // One file after the other is read: others go on meanwhile.
        for file in files {
            let read = self.with(|shared| {
                let is_it = |object: &&Object| object.etag == file.etag || self.mistake == Some(Mistake::AnyRead);
                let object = shared.objects.get(&file.key).filter(is_it);
                object.map(|object| (object.rows.clone(), object.state))
            });
            match read.await {
                None => return Ok(Merge::Changed),
                Some((_, Health::Page)) => {
                    return Ok(Merge::Damaged(file.key.clone(), "a page is broken".to_owned()));
                }
                Some((read, _)) => {
                    inputs.push(Input {
                        key: file.key.clone(),
                        etag: file.etag.clone(),
                        rows: read.len() as u64,
                    });
                    rows.extend(read);
                }
            }
        }
        let mut equation = Equation {
            rows_in: rows.len() as u64,
            ..Equation::default()
        };
        let mut settled = Settled {
            inputs,
            kept_from: kept_from.map(str::to_owned),
            ..Settled::default()
        };
        rows.sort_unstable();
        let mut partitions: BTreeMap<u8, Vec<Row>> = BTreeMap::new();
        let (mut dropped, mut rejected) = (Vec::new(), Vec::new());
        for row in rows {
            let kept = partitions.entry(row.partition).or_default();
            if row.malformed {
                if self.mistake != Some(Mistake::ForgetsMalformed) {
                    rejected.push(row);
                }
            } else if kept_from.is_some_and(|month| *month > *month_of(row.partition)) {
                equation.expired += 1;
            } else if kept.last().is_some_and(|last| *last == row) {
                equation.repetition += 1;
            } else if kept.last().is_some_and(|last| last.event == row.event) {
                match dropped.last() == Some(&row) {
                    true => equation.repetition += 1,
                    false => dropped.push(row),
                }
            } else {
                kept.push(row);
            }
        }
        partitions.retain(|_, kept| !kept.is_empty());
        equation.duplicates = dropped.len() as u64;
        equation.rejected = rejected.len() as u64;
        let form = if into == Becomes::Closed { "closed-" } else { "run-" };
        for (partition, kept) in &partitions {
            equation.rows_out += kept.len() as u64;
            settled
                .outputs
                .push(self.write(&format!("{}{form}", prefix(*partition)), kept.clone()).await);
        }
        let mut copies: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        for row in dropped {
            copies.entry(month_of(row.partition)).or_default().push(row);
        }
        for (month, rows) in copies {
            let beginning = format!("copies/month={month}/{TABLE}-");
            settled.copies.push(self.write(&beginning, rows).await);
        }
        if !rejected.is_empty() {
            settled
                .rejected
                .push(self.write(&format!("errors/{TABLE}/rejected/"), rejected).await);
        }
        settled.equation = equation;
        let prefixes = partitions.keys().map(|partition| prefix(*partition));
        let copies = settled.copies.iter().map(|copies| format!("{}/", folder(&copies.key)));
        self.register(&prefixes.chain(copies).collect()).await?;
        Ok(Merge::Settled(settled))
    }

    async fn register(&self, partitions: &BTreeSet<String>) -> Result<Seen, Failed> {
        let mut seen = Seen::default();
        for prefix in partitions {
            let create = |shared: &mut Shared| match shared.glue.get(prefix) {
                None => {
                    shared.register(prefix, prefix);
                    true
                }
                Some(_) => false,
            };
            seen.repaired += usize::from(self.with(create).await);
            let Some(known) = self.with(|shared| shared.glue.get(prefix).cloned()).await else {
                return Err(Failed::Unseen);
            };
            if known.location != *prefix && self.mistake != Some(Mistake::AnyLocation) {
                return Err(Failed::Elsewhere);
            }
            seen.since = seen.since.max(Some(known.since));
        }
        Ok(seen)
    }

    async fn unregister_before(&self, month: &str) -> Result<(), Failed> {
        let forget = |shared: &mut Shared| {
            let empty = |prefix: &str| !shared.objects.keys().any(|key| key.starts_with(prefix));
            let of_copies = |prefix: &str| is_before(TABLE, &format!("{prefix}{TABLE}-x.parquet"), month);
            let old = |prefix: &str| is_before(TABLE, &format!("{prefix}x"), month) || of_copies(prefix);
            let gone: Vec<String> = shared
                .glue
                .keys()
                .filter(|prefix| old(prefix) && empty(prefix))
                .cloned()
                .collect();
            shared.went += gone.len() as u64;
            gone.iter().for_each(|prefix| _ = shared.glue.remove(prefix));
        };
        self.with(forget).await;
        Ok(())
    }

    async fn delete(&self, files: &[(&str, &str)]) -> Result<BTreeSet<String>, Failed> {
        let mut failed = BTreeSet::new();
        for (key, etag) in files {
            self.with(|shared| {
                let is_it = |object: &Object| object.etag == *etag || self.mistake == Some(Mistake::AnyDelete);
                if !shared.objects.get(*key).is_some_and(is_it) {
                    return;
                }
                // Three keys of a batch may fail.
                if shared.fresh().is_multiple_of(11) {
                    failed.insert((*key).to_owned());
                    return;
                }
                shared.objects.remove(*key);
                shared.went += 1;
            })
            .await;
        }
        Ok(failed)
    }
}

impl Settler {
    async fn write(&self, beginning: &str, rows: Vec<Row>) -> Output {
        let forgets = self.mistake == Some(Mistake::WritesNoRest) && !beginning.starts_with(TABLE.name());
        let put = |shared: &mut Shared| {
            let key = format!("{beginning}{:016}.parquet", shared.fresh());
            let count = rows.len() as u64;
            let listed = shared.put(&key, rows, Health::Good);
            if forgets {
                shared.objects.remove(&key);
            }
            Output {
                key,
                size: listed.size,
                etag: listed.etag,
                sha256: String::new(),
                rows: count,
            }
        };
        self.with(put).await
    }
}

/// The month of a simulated partition.
fn month_of(partition: u8) -> String {
    let prefix = prefix(partition);
    let month = prefix.rsplit_once("month=").map_or("", |(_, month)| month);
    month.trim_end_matches('/').to_owned()
}
