//! What all workers have set aside, partition by partition.

use std::cmp::Reverse;
#[cfg(feature = "settle")]
use std::collections::BTreeSet;
use std::collections::{BinaryHeap, btree_map};
use std::io;

use super::aside::Aside;
use super::reader::PartitionRows;
use super::spill::{Run, Segment, Spill};
use super::stage::Spot;

/// Gives the partitions in the order of their prefixes, each once, with the rows of all workers. It holds
/// one partition of each run at a time.
pub(crate) struct Merged<'a> {
    spill: &'a Spill,
    parts: Vec<Part<'a>>,
    /// The first partition of each part, by prefix; the number of the part.
    heads: BinaryHeap<Reverse<(String, usize)>>,
}

/// Rows ordered by partition, and what comes next of them.
enum Part<'a> {
    Memory {
        arena: &'a [u8],
        partitions: btree_map::Iter<'a, String, Vec<Spot>>,
        next: &'a [Spot],
    },
    Disk {
        run: Run,
        next: Option<Segment>,
    },
}

impl<'a> Merged<'a> {
    pub(crate) fn of(aside: &'a Aside) -> io::Result<Self> {
        let mut merged = Merged {
            spill: &aside.spill,
            parts: Vec::new(),
            heads: BinaryHeap::new(),
        };
        for staged in &aside.staged {
            merged.parts.push(Part::Memory {
                arena: &staged.arena,
                partitions: staged.partitions.iter(),
                next: &[],
            });
            let runs = staged.runs.iter().map(|run| Part::Disk { run: *run, next: None });
            merged.parts.extend(runs);
        }
        for number in 0..merged.parts.len() {
            merged.advance(number)?;
        }
        Ok(merged)
    }

    /// How many partitions there are.
    #[cfg(feature = "ingest")]
    pub(crate) fn count(mut self) -> io::Result<usize> {
        let mut count = 0;
        while self.next(0)?.is_some() {
            count += 1;
        }
        Ok(count)
    }

    /// The prefixes of all partitions.
    #[cfg(feature = "settle")]
    pub(crate) fn prefixes(mut self) -> io::Result<BTreeSet<String>> {
        let mut prefixes = BTreeSet::new();
        while let Some(rows) = self.next(0)? {
            prefixes.insert(rows.prefix);
        }
        Ok(prefixes)
    }

    /// The next partition; `load` is what its rows may take in memory.
    pub(crate) fn next(&mut self, load: u64) -> io::Result<Option<PartitionRows<'a>>> {
        let Some(Reverse((prefix, _))) = self.heads.peek() else {
            return Ok(None);
        };
        let prefix = prefix.clone();
        let mut rows = PartitionRows {
            prefix,
            memory: Vec::new(),
            segments: Vec::new(),
            spill: self.spill,
            load,
        };
        while self.heads.peek().is_some_and(|Reverse((head, _))| *head == rows.prefix) {
            let Some(Reverse((_, number))) = self.heads.pop() else {
                break;
            };
            match &self.parts[number] {
                Part::Memory { arena, next, .. } => rows.memory.push((arena, next)),
                Part::Disk { next, .. } => rows.segments.extend(*next),
            }
            self.advance(number)?;
        }
        Ok(Some(rows))
    }

    /// Goes to the next partition of a part.
    fn advance(&mut self, number: usize) -> io::Result<()> {
        let prefix = match &mut self.parts[number] {
            Part::Memory { partitions, next, .. } => partitions.next().map(|(prefix, spots)| {
                *next = spots;
                prefix.clone()
            }),
            Part::Disk { run, next } => self.spill.next(run)?.map(|(prefix, segment)| {
                *next = Some(segment);
                prefix
            }),
        };
        self.heads.extend(prefix.map(|prefix| Reverse((prefix, number))));
        Ok(())
    }
}

#[cfg(test)]
#[cfg(feature = "ingest")]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use pipetrail_collector::event::Event;
    use pipetrail_collector::layout::Partition;
    use pipetrail_collector::rows::{Origin, row};

    use super::super::identity::{EventCopy, Identity};
    use super::super::stage::{Stage, Staged};
    use super::*;
    use crate::parquet::pack;

    /// Sets aside a row for each account, in this order.
    fn staged(spill: &Arc<Spill>, accounts: &[u64], budget: usize, most: usize) -> Staged {
        let mut stage = Stage::new(Arc::clone(spill), budget, most);
        for (nth, account) in accounts.iter().enumerate() {
            let text = format!(r#"{{"account":"{account:012}","time":"2026-11-20T09:27:58Z","detail":{nth}}}"#);
            let mut event = Event::parse(text.as_bytes()).unwrap();
            let (table, key) = (event.table(), event.key());
            event.redact();
            let identity = Identity {
                account: *account,
                key: [0; 16],
            };
            let copy = EventCopy {
                identity,
                content: [nth as u8; 16],
                addendum: false,
                ms: 0,
                rank: 0,
            };
            let arrived = Some(event.time());
            let row = row(&event, table, key, Origin::Stream { arrived });
            let prefix = Partition::of(&event, table).prefix();
            stage.add(&prefix, copy, |out| pack(&row, out)).unwrap();
            assert!(stage.held() <= most, "{} partitions in memory", stage.held());
        }
        stage.finish().unwrap()
    }

    #[test]
    fn every_partition_comes_once_with_all_rows_however_few_are_held() {
        let accounts = [7, 3, 9, 3, 1, 7, 8, 2, 3, 5, 9, 4, 6, 7];
        for (budget, most) in [(usize::MAX, 100), (usize::MAX, 2), (usize::MAX, 1), (1, 100), (2000, 3)] {
            let folder = tempfile::tempdir().unwrap();
            let spill = Arc::new(Spill::new(folder.path()));
            let (one, two) = accounts.split_at(6);
            let aside = Aside {
                staged: vec![staged(&spill, one, budget, most), staged(&spill, two, budget, most)],
                spill,
            };
            let mut found = BTreeMap::new();
            let mut merged = Merged::of(&aside).unwrap();
            let mut last = String::new();
            while let Some(rows) = merged.next(0).unwrap() {
                assert!(rows.prefix > last, "{} behind {last}", rows.prefix);
                last = rows.prefix.clone();
                let partition = Partition::from_key(&format!("{last}-")).unwrap();
                let account: u64 = partition.account().unwrap().parse().unwrap();
                assert_eq!(found.insert(account, rows.count()), None, "{account} again");
            }
            let mut expected = BTreeMap::new();
            for account in accounts {
                *expected.entry(account).or_insert(0) += 1;
            }
            assert_eq!(found, expected, "{budget} bytes, {most} partitions");
            assert_eq!(Merged::of(&aside).unwrap().count().unwrap(), expected.len());
        }
    }
}
