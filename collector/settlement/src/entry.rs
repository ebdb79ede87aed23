//! One entry of the log: what a unit took, what it made of it, and the equation between the two.
//!
//! Entries are JSON objects, `settlement/<table>/<number, ten digits>.json`, without gaps. Each has the
//! SHA-256 of the one before. Keys in it are relative to the lake.

use std::collections::BTreeSet;

use jiff::Timestamp;
use pipetrail_collector::Table;
use pipetrail_collector::layout::{Partition, arrival_day, is_before, is_landed};
use serde::{Deserialize, Serialize};

/// The format of entries that this version reads and writes.
pub const FORMAT: u32 = 1;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// [`FORMAT`].
    pub format: u32,
    /// The lake that the log belongs to.
    pub lake: String,
    /// The table's name.
    pub table: String,
    /// Its number: 1, 2, 3…
    pub seq: u64,
    /// SHA-256 of the entry before, 64 hex digits; none in the first.
    pub previous: Option<String>,
    /// The oldest entry of which files may still have to be deleted when this one was written, itself
    /// where there is none: nobody needs to read further back.
    pub unfinished: u64,
    /// The time that the run took for now.
    #[serde(with = "as_text")]
    pub at: Timestamp,
    /// Who wrote it, with the version.
    pub writer: String,
    /// What was done.
    pub what: What,
}

/// What an entry says was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum What {
    /// Files of landing became files of partitions.
    Day(Settled),
    /// The files of partitions became one each.
    Close(Settled),
    /// These files are of months that are kept no longer.
    Expire(Expired),
    /// These files of landing cannot be read; a copy is kept elsewhere.
    SetAside(Vec<Aside>),
    /// The inputs of these entries are gone.
    Deleted(Vec<u64>),
    /// The inputs of these entries stay: their months were kept no longer, and now they are.
    Released(Vec<u64>),
}

/// Rows that went from files to files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settled {
    pub inputs: Vec<Input>,
    pub outputs: Vec<Output>,
    /// Files of the table `copies`: copies of events that are rows no more.
    pub copies: Vec<Output>,
    /// Files of rows that belong to no partition.
    pub rejected: Vec<Output>,
    /// Rows of months before this one, `yyyy-mm`, are kept no longer.
    pub kept_from: Option<String>,
    pub equation: Equation,
}

/// Files that are kept no longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expired {
    /// Months before this one, `yyyy-mm`.
    pub before: String,
    pub inputs: Vec<Input>,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub key: String,
    pub etag: String,
    /// By its footer.
    pub rows: u64,
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    pub key: String,
    /// Bytes.
    pub size: u64,
    pub etag: String,
    /// Of its bytes, 64 hex digits.
    pub sha256: String,
    /// By its footer.
    pub rows: u64,
}

/// A file that was set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aside {
    pub key: String,
    pub etag: String,
    /// Bytes, of its copy too.
    pub size: u64,
    /// Where its copy is.
    pub copy: String,
    /// What is wrong with it.
    pub why: String,
}

/// What became of the rows: `rows_in` is the sum of all others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Equation {
    /// Rows by the footers of the inputs.
    pub rows_in: u64,
    /// Rows by the footers of the outputs.
    pub rows_out: u64,
    /// Copies that say what the row says that was kept.
    pub duplicates: u64,
    /// Copies that say something else.
    pub conflicts: u64,
    /// The very same row again: a run before this one wrote it too.
    pub repetition: u64,
    /// Rows without an account, month or key.
    pub rejected: u64,
    /// Rows of months that are kept no longer.
    pub expired: u64,
}

impl Equation {
    /// The sum of two.
    pub fn add(&mut self, other: &Equation) {
        self.rows_in += other.rows_in;
        self.rows_out += other.rows_out;
        self.duplicates += other.duplicates;
        self.conflicts += other.conflicts;
        self.repetition += other.repetition;
        self.rejected += other.rejected;
        self.expired += other.expired;
    }

    /// Whether every row is accounted for.
    pub fn balances(&self) -> bool {
        let Equation {
            rows_in,
            rows_out,
            duplicates,
            conflicts,
            repetition,
            rejected,
            expired,
        } = *self;
        let parts = [rows_out, duplicates, conflicts, repetition, rejected, expired];
        parts.into_iter().try_fold(0_u64, u64::checked_add) == Some(rows_in)
    }
}

impl Entry {
    /// As it is stored.
    pub fn bytes(&self) -> Vec<u8> {
        // Text, numbers and lists: nothing in it that JSON cannot have.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// What is wrong with it, as entry `seq` of that table's log in that lake.
    ///
    /// # Errors
    /// A reason, for people.
    pub fn check(&self, lake: &str, table: Table, seq: u64) -> Result<(), String> {
        if self.format != FORMAT {
            return Err(format!(
                "its format is {}, and this version reads {FORMAT}",
                self.format
            ));
        }
        if self.lake != lake {
            return Err(format!("it belongs to lake {}", self.lake));
        }
        if self.table != table.name() || self.seq != seq {
            return Err(format!("it says to be entry {} of table {}", self.seq, self.table));
        }
        if self.unfinished == 0 || self.unfinished > seq {
            return Err(format!("it names entry {} as the oldest unfinished", self.unfinished));
        }
        self.what.check(table, seq)
    }
}

impl What {
    /// The keys and ETags of the files that go once it is old enough.
    pub fn taken(&self) -> Vec<(&str, &str)> {
        fn of(inputs: &[Input]) -> Vec<(&str, &str)> {
            inputs.iter().map(|input| (&*input.key, &*input.etag)).collect()
        }
        match self {
            What::Day(settled) | What::Close(settled) => of(&settled.inputs),
            What::Expire(expired) => of(&expired.inputs),
            What::SetAside(asides) => asides.iter().map(|aside| (&*aside.key, &*aside.etag)).collect(),
            What::Deleted(_) | What::Released(_) => Vec::new(),
        }
    }

    /// The files in partitions that it made.
    pub fn outputs(&self) -> &[Output] {
        match self {
            What::Day(settled) | What::Close(settled) => &settled.outputs,
            What::Expire(_) | What::SetAside(_) | What::Deleted(_) | What::Released(_) => &[],
        }
    }

    /// The files of copies that it made.
    pub fn copies(&self) -> &[Output] {
        match self {
            What::Day(settled) | What::Close(settled) => &settled.copies,
            What::Expire(_) | What::SetAside(_) | What::Deleted(_) | What::Released(_) => &[],
        }
    }

    /// What is kept beside the partitions: key, bytes, and ETag where it is known.
    pub fn beside(&self) -> Vec<(&str, u64, Option<&str>)> {
        match self {
            What::Day(settled) | What::Close(settled) => {
                let files = settled.copies.iter().chain(&settled.rejected);
                files.map(|file| (&*file.key, file.size, Some(&*file.etag))).collect()
            }
            What::SetAside(asides) => asides.iter().map(|aside| (&*aside.copy, aside.size, None)).collect(),
            What::Expire(_) | What::Deleted(_) | What::Released(_) => Vec::new(),
        }
    }

    /// The month before which it says that rows are kept no longer.
    pub fn kept_from(&self) -> Option<&str> {
        match self {
            What::Day(settled) | What::Close(settled) if settled.equation.expired > 0 => settled.kept_from.as_deref(),
            What::Expire(expired) => Some(&expired.before),
            _ => None,
        }
    }

    fn check(&self, table: Table, seq: u64) -> Result<(), String> {
        let foreign = |key: &str| Err(format!("it names {key}, which is none of its table's files"));
        let landing = |key: &str| arrival_day(table, key).is_some();
        let landed = |key: &str| is_landed(table, key);
        let settled = |key: &str| Partition::from_key(key).is_some_and(|partition| partition.table == table);
        match self {
            What::Day(day) => {
                if let Some(input) = day.inputs.iter().find(|input| !landing(&input.key)) {
                    return foreign(&input.key);
                }
                day.check(table)
            }
            What::Close(close) => {
                if let Some(input) = close.inputs.iter().find(|input| !settled(&input.key)) {
                    return foreign(&input.key);
                }
                // What a partition had stays in that partition.
                let from: BTreeSet<_> = close.inputs.iter().map(|input| folder(&input.key)).collect();
                match close.outputs.iter().find(|output| !from.contains(folder(&output.key))) {
                    Some(output) => foreign(&output.key),
                    None => close.check(table),
                }
            }
            What::Expire(expired) => {
                let goes = |key: &str| is_before(table, key, &expired.before);
                match expired.inputs.iter().find(|input| !goes(&input.key)) {
                    Some(input) => foreign(&input.key),
                    None => Ok(()),
                }
            }
            What::SetAside(asides) => match asides.iter().find(|aside| !landed(&aside.key)) {
                Some(aside) => foreign(&aside.key),
                None => Ok(()),
            },
            What::Deleted(entries) | What::Released(entries) => match entries.iter().find(|entry| **entry >= seq) {
                Some(entry) => Err(format!("it says what became of the inputs of entry {entry}")),
                None => Ok(()),
            },
        }
    }
}

/// A time as RFC 3339 writes it.
mod as_text {
    use jiff::Timestamp;
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    pub(super) fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(time)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// The folder of the partition that a file lies in, at whatever depth; the own folder of any other file.
pub(crate) fn folder(key: &str) -> &str {
    let partition = Partition::from_key(key).map(|partition| partition.prefix());
    let of_partition = partition.and_then(|prefix| key.get(..prefix.trim_end_matches('/').len()));
    of_partition.unwrap_or_else(|| key.rsplit_once('/').map_or("", |(folder, _)| folder))
}

impl Settled {
    fn check(&self, table: Table) -> Result<(), String> {
        let ours = |output: &&Output| Partition::from_key(&output.key).is_none_or(|partition| partition.table != table);
        if let Some(output) = self.outputs.iter().find(ours) {
            return Err(format!("it names {}, which is none of its table's files", output.key));
        }
        let sum = |rows: &mut dyn Iterator<Item = u64>| rows.fold(0_u64, u64::saturating_add);
        let written = |outputs: &[Output]| sum(&mut outputs.iter().map(|output| output.rows));
        let equation = self.equation;
        let says = [
            (equation.rows_in, sum(&mut self.inputs.iter().map(|input| input.rows))),
            (equation.rows_out, written(&self.outputs)),
            (
                equation.duplicates.saturating_add(equation.conflicts),
                written(&self.copies),
            ),
            (equation.rejected, written(&self.rejected)),
        ];
        let expires = equation.expired == 0 || self.kept_from.is_some();
        // Of copies one always stays.
        let dropped = [equation.duplicates, equation.conflicts, equation.repetition];
        let stays = equation.rows_out > 0 || dropped == [0; 3];
        match expires && stays && equation.balances() && says.iter().all(|(said, counted)| said == counted) {
            true => Ok(()),
            false => Err("its rows do not add up".to_owned()),
        }
    }
}
