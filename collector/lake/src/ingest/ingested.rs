//! What a run did: a table for people, one JSON document for programs.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use super::failed::Failed;
use super::gather::Gathered;
use super::outcomes::{Conflict, Outcomes};
use super::read::Skipped;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// Every record became a row, or is left out by rule.
    Done,
    /// Some did not, or a file or partition failed.
    Partly,
    /// Nothing was read that the lake takes.
    Failed,
}

/// What a run did.
#[derive(Clone, Debug, Serialize)]
pub struct Ingested {
    /// `ingest`
    pub command: &'static str,
    /// How it ended.
    pub result: Ended,
    /// The lake, as the command line named it.
    pub lake: String,
    /// Whether nothing was written because nothing was to be.
    pub dry_run: bool,
    /// Files that were read.
    pub files: u64,
    /// Files of folders that were left out, because their names are not those of event files.
    pub passed_over: u64,
    /// Bytes of the files that were read, unpacked.
    pub bytes: u64,
    /// Records in them, and what should be one: each is in one of the numbers of rows, duplicates,
    /// skipped, rejected and unwritten ones.
    pub records: u64,
    /// Rows that the lake did not have.
    pub rows: u64,
    /// The same by table.
    pub tables: BTreeMap<&'static str, u64>,
    /// Records that say what another says that the lake had, or that came before.
    pub duplicates: u64,
    /// Events of which copies say different things; each copy is a row.
    pub conflicts: u64,
    /// The first of them.
    pub conflicting: Vec<Conflict>,
    /// Records that are no events of the lake, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// Records that became no row.
    pub rejected: u64,
    /// Records whose partition failed: they are not in the lake, or only from before.
    pub unwritten: u64,
    /// Where the rejected ones are kept.
    pub reject_file: Option<PathBuf>,
    /// Partitions that got a new file.
    pub partitions: u64,
    /// Files and partitions that failed.
    pub failed: Vec<Failed>,
    /// How long it took.
    pub seconds: f64,
}

impl Ingested {
    /// Of what was read and what became of it.
    pub fn of(lake: String, gathered: Gathered, outcomes: &Outcomes, dry_run: bool) -> Self {
        let mut ingested = Ingested {
            command: "ingest",
            result: Ended::Done,
            lake,
            dry_run,
            files: gathered.files,
            passed_over: 0,
            bytes: gathered.bytes,
            records: gathered.records,
            rows: outcomes.tables.values().sum(),
            tables: outcomes.tables.clone(),
            duplicates: outcomes.duplicates,
            conflicts: outcomes.conflicts,
            conflicting: outcomes.conflicting.clone(),
            skipped: skipped(&gathered),
            rejected: gathered.rejected,
            unwritten: outcomes.unwritten,
            reject_file: None,
            partitions: outcomes.partitions,
            failed: gathered.failed,
            seconds: 0.0,
        };
        let by_place = |a: &Failed, b: &Failed| a.place.cmp(&b.place);
        ingested.failed.sort_by(by_place);
        let mut of_partitions = outcomes.failed.clone();
        of_partitions.sort_by(by_place);
        ingested.failed.extend(of_partitions);
        ingested.result = ingested.ended();
        ingested
    }

    /// What was refused or failed is partly, and failed where nothing else was.
    fn ended(&self) -> Ended {
        let clean = self.failed.is_empty() && self.rejected == 0;
        match (clean, self.rows + self.duplicates) {
            (true, _) => Ended::Done,
            (false, 0) => Ended::Failed,
            (false, _) => Ended::Partly,
        }
    }
}

impl fmt::Display for Ingested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ingested {
            command: _,
            result: _,
            lake,
            dry_run,
            files,
            passed_over,
            bytes,
            records,
            rows,
            tables,
            duplicates,
            conflicts,
            conflicting,
            skipped,
            rejected,
            unwritten,
            reject_file,
            partitions,
            failed,
            seconds,
        } = self;
        if *passed_over > 0 {
            let files = counted(*passed_over, "file");
            writeln!(f, "{files} passed over, by name no event file")?;
        }
        let verb = if *dry_run { "would write" } else { "wrote" };
        writeln!(
            f,
            "{}, {} in {seconds:.1} s: {}",
            counted(*files, "file"),
            size(*bytes),
            counted(*records, "record"),
        )?;
        let (written, places) = (counted(*rows, "row"), counted(*partitions, "partition"));
        writeln!(f, "{verb} {written} in {places} of {lake}")?;
        for (table, rows) in tables {
            writeln!(f, "  {table:<20} {rows:>10}")?;
        }
        writeln!(f, "{}", counted(*duplicates, "duplicate"))?;
        if *conflicts > 0 {
            let conflicts = counted(*conflicts, "event");
            writeln!(
                f,
                "{conflicts} with copies that say different things; `pipetrail audit conflicts` shows them"
            )?;
            for Conflict {
                account_id,
                table,
                event_key,
            } in conflicting
            {
                writeln!(f, "  {account_id}  {table:<20} {event_key}")?;
            }
        }
        for (reason, count) in skipped {
            writeln!(f, "{count} {reason} skipped")?;
        }
        write!(f, "{rejected} rejected")?;
        if let Some(file) = reject_file {
            write!(f, ", kept in {}", file.display())?;
        }
        writeln!(f)?;
        if *unwritten > 0 {
            let rows = counted(*unwritten, "row");
            writeln!(f, "{rows} not written, because their partitions failed")?;
        }
        if !failed.is_empty() {
            writeln!(f, "{} failed", failed.len())?;
        }
        Ok(())
    }
}

/// What was left out, by what it is.
fn skipped(gathered: &Gathered) -> BTreeMap<String, u64> {
    let Skipped {
        other_services,
        insights,
        digests,
    } = gathered.skipped;
    let plain = [
        ("records of other services", other_services),
        ("records of CloudTrail Insights", insights),
        ("digest files", digests),
        ("records of months that are kept no longer", gathered.expired),
    ];
    let plain = plain.map(|(what, count)| (what.to_owned(), count));
    let uncarried = gathered.uncarried.iter().map(|(why, count)| (why.to_string(), *count));
    plain
        .into_iter()
        .chain(uncarried)
        .filter(|(_, count)| *count > 0)
        .collect()
}

/// So many of them.
fn counted(count: u64, what: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {what}{ending}")
}

/// Bytes for people.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} bytes");
    }
    let mut amount = bytes as f64 / 1000.0;
    for unit in UNITS {
        if amount < 999.95 {
            return format!("{amount:.1} {unit}");
        }
        amount /= 1000.0;
    }
    format!("{amount:.1} PB")
}
