//! `pipetrail settle`

use std::path::PathBuf;

use aws_config::SdkConfig;
use jiff::Timestamp;
use pipetrail_collector::Table;
use pipetrail_lake::ingest::Lock;
use pipetrail_lake::settle::{self, Done, Ended, Limits, Objects, SettleError, Task};
use pipetrail_lake::store::{Lake, Location};
use serde::Serialize;

use crate::aws;
use crate::context::Context;
use crate::failure::{Exit, Explain, Result, UsageError};
use crate::lake;
use crate::terminal::listing::{lines, table};
use crate::terminal::printer::{self, Output};
use crate::terminal::progress::Spinner;

/// Settle what has arrived: many small files become one per account and month
///
/// Moves arrival days that are over from landing into partitions, without copies; makes one file of each month
/// that ended a week ago; deletes what it took, six hours later at the earliest. Run it regularly: each run does
/// what is due. What it did stands in `settlement/<table>/`. No query misses a row meanwhile.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipetrail settle --lake ./lake\n  pipetrail settle --lake ./lake --table approval_calls --output json\n  pipetrail settle --lake ./lake --retention-days 2555"
)]
pub(crate) struct Args {
    /// The lake: a folder, or s3://bucket/prefix
    #[arg(long, value_name = "PLACE", value_hint = clap::ValueHint::DirPath)]
    lake: Location,
    /// Only this table; can be given more than once
    #[arg(long, value_name = "TABLE", value_parser = table_name)]
    table: Vec<Table>,
    /// Delete months that ended more than so many days ago; without it every month is kept
    #[arg(long, value_name = "DAYS")]
    retention_days: Option<u32>,
    /// Folder of the temporary file, for more rows than memory holds
    #[arg(long, value_name = "FOLDER")]
    temp_dir: Option<PathBuf>,
    /// What time it is, for lakes whose days are made up: folders, and endpoints on this machine
    #[arg(long, value_name = "TIME")]
    now: Option<Timestamp>,
    /// Bytes of rows that are held in memory
    #[arg(long, hide = true, default_value_t = 256 << 20)]
    memory: usize,
    /// Bytes of files that one unit reads
    #[arg(long, hide = true, default_value_t = 1 << 30)]
    unit: u64,
}

fn table_name(text: &str) -> Result<Table, String> {
    Table::from_name(text).ok_or_else(|| {
        let names: Vec<&str> = Table::ALL.into_iter().map(Table::name).collect();
        format!("expected one of {}", names.join(", "))
    })
}

/// Numbers in a line of the listing.
const NUMBERS: usize = 10;

/// What became of the tables.
#[derive(Debug, Serialize)]
struct Settlement {
    lake: String,
    tables: Vec<TableSettled>,
}

#[derive(Debug, Serialize)]
struct TableSettled {
    table: &'static str,
    done: Done,
    /// What ended it before its end.
    error: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// The lake cannot be opened, or another command writes to it. What is wrong with a table is told with the others.
pub(crate) async fn run(context: &Context, args: &Args) -> Result<Exit> {
    let config = on_this_machine(context, args).await?;
    let lake = Lake::open(&args.lake, async || match config {
        Some(config) => config,
        None => aws::lake(context).await,
    })
    .await?;
    let lock = Lock::take(&lake)?;
    context.begin();
    let limits = Limits {
        jobs: 1,
        memory: args.memory,
        temp: args.temp_dir.clone().unwrap_or_else(std::env::temp_dir),
    };
    let tables = match args.table.as_slice() {
        [] => &Table::ALL,
        tables => tables,
    };
    let catalog = lake::catalog(&args.lake, context).await;
    let spinner = Spinner::new();
    let mut settlement = Settlement {
        lake: lake.location.to_string(),
        tables: Vec::new(),
    };
    for table in tables.iter().copied() {
        spinner.show(&format!("settling {table}"));
        let task = Task {
            lake: settle::name(&lake),
            table,
            now: args.now.unwrap_or_else(Timestamp::now),
            bytes: args.unit,
            retention: args.retention_days,
            tidies: true,
            closes: true,
            ends: None,
        };
        let world = Objects::new(lake.clone(), table, limits.clone(), catalog.clone(), args.now);
        settlement.add(table, settle::run(&world, &task).await);
    }
    drop((lock, spinner));
    match context.output {
        Output::Json => printer::json(&settlement)?,
        _ => printer::data(&settlement.listing()),
    }
    Ok(settlement.exit())
}

/// The configuration for the lake's bucket, where the time is made up: only what is on this machine may believe it.
async fn on_this_machine(context: &Context, args: &Args) -> Result<Option<SdkConfig>> {
    if args.now.is_none() || matches!(args.lake, Location::Folder(_)) {
        return Ok(None);
    }
    let config = aws::lake(context).await;
    let host = config.endpoint_url().and_then(|url| url.split("://").nth(1));
    let host = host.and_then(|host| host.split(['/', ':']).next()).unwrap_or_default();
    match host {
        "localhost" | "127.0.0.1" => Ok(Some(config)),
        _ => Err(UsageError::new(
            "--now is for folders and for endpoints on this machine",
            "leave it out: a lake in AWS goes by S3's clock",
        )
        .into()),
    }
}

impl Settlement {
    fn add(&mut self, table: Table, ended: Ended<SettleError>) {
        let Ended { done, error } = ended;
        let error = error.map(|error| {
            printer::error(&pipetrail_names::chain(&error), error.hint().as_deref());
            pipetrail_names::chain(&error)
        });
        let aside = done.set_aside.iter().map(|problem| ("was set aside", problem));
        for (what, problem) in aside.chain(done.left.iter().map(|problem| ("stays where it is", problem))) {
            printer::error(&format!("{} {what}: {}", problem.key, problem.why), None);
        }
        let table = table.name();
        self.tables.push(TableSettled { table, done, error });
    }

    fn listing(&self) -> String {
        let mut listing = table(&[
            "TABLE",
            "DAYS",
            "CLOSES",
            "ROWS IN",
            "ROWS OUT",
            "DUPLICATES",
            "CONFLICTS",
            "REPEATED",
            "REJECTED",
            "EXPIRED",
            "DELETED FILES",
            "",
        ]);
        for TableSettled { table, done, error } in &self.tables {
            let mut rows = done.settled;
            rows.add(&done.closed);
            let numbers: [u64; NUMBERS] = [
                done.days,
                done.closes,
                rows.rows_in,
                rows.rows_out,
                rows.duplicates,
                rows.conflicts,
                rows.repetition,
                rows.rejected,
                rows.expired,
                done.deleted,
            ];
            let mut cells = vec![(*table).to_owned()];
            cells.extend(numbers.iter().map(u64::to_string));
            cells.push(error.clone().unwrap_or_default());
            listing.add_row(cells);
        }
        lines(&listing)
    }

    /// What is wrong with one table keeps no other from being settled.
    fn exit(&self) -> Exit {
        let is_left = |table: &&TableSettled| table.error.is_some() || !table.done.left.is_empty();
        match self.tables.iter().filter(is_left).count() {
            0 => Exit::Ok,
            left if left == self.tables.len() && self.tables.iter().all(|table| table.error.is_some()) => Exit::Failed,
            _ => Exit::Partly,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipetrail_lake::settle::entry::Equation;

    #[test]
    fn the_rows_of_closes_are_in_the_table_too() {
        let mut settlement = Settlement {
            lake: "lake".to_owned(),
            tables: Vec::new(),
        };
        let rows = |out: u64, conflicts: u64| Equation {
            rows_in: out + conflicts,
            rows_out: out,
            conflicts,
            ..Equation::default()
        };
        let done = Done {
            settled: rows(1_000, 20),
            closed: rows(4_000, 500),
            ..Done::default()
        };
        settlement.add(Table::ApiCalls, Ended { done, error: None });
        let listing = settlement.listing();
        for number in ["5520", "5000", "520"] {
            assert!(listing.split_whitespace().any(|cell| cell == number), "{listing}");
        }
    }
}
