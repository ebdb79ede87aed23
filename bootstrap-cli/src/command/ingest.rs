//! `pipetrail ingest`

use std::ffi::OsString;
use std::io;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::available_parallelism;

use jiff::Timestamp;
use pipetrail_collector::time::Instant;
use tokio::runtime::Handle;

use crate::aws;
use crate::config::{Config, ConfigError};
use crate::context::Context;
use crate::failure::{Exit, Result};
use crate::lake::{self, files};
use crate::terminal::printer::{self, Output};
use crate::terminal::progress::Meter;
use pipetrail_lake::ingest::input::Input;
use pipetrail_lake::ingest::{self, Ended, IngestError, Ingested, Limits, Lock, Rejects, To};
use pipetrail_lake::settle::choice;
use pipetrail_lake::store::{Lake, Location};
use pipetrail_names::AccountId;

/// Bring events from files into a lake
///
/// Writes the very files that the audit account's lake has, so that `query`, `audit` and `report` read
/// them without any AWS account.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipetrail ingest events --lake ./lake\n  pipetrail ingest 'AWSLogs/**/*.json.gz' --lake ./lake --output json\n  pipetrail ingest events --lake ./lake --dry-run\n  aws s3 cp s3://backup/events.ndjson.gz - | pipetrail ingest - --lake ./lake"
)]
pub(crate) struct Args {
    /// Files, folders, patterns in quotes, s3://bucket/prefix, or - for standard input
    #[arg(required = true, value_name = "PATHS")]
    paths: Vec<OsString>,
    /// The lake: a folder, made where there is none, or s3://bucket/prefix
    #[arg(long, value_name = "PLACE")]
    lake: Location,
    /// Worker threads; as many as there are processors by default
    #[arg(long, value_name = "N")]
    jobs: Option<NonZero<usize>>,
    /// Read rows of a lake too: those in Firehose's error files, and Parquet files that settling set aside
    #[arg(long)]
    rows: bool,
    /// Leave out months that ended more than so many days ago; for the audit account's lake the configuration
    /// says how many, unless this does
    #[arg(long, value_name = "DAYS")]
    retention_days: Option<u32>,
    /// Where records go that become no row, with their original bytes
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Read and compare, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Folder of the temporary file, for more rows than memory holds
    #[arg(long, value_name = "FOLDER")]
    temp_dir: Option<PathBuf>,
    /// Bytes of rows that are held in memory
    #[arg(long, hide = true, default_value_t = 256 << 20)]
    memory: usize,
}

/// Runs the command.
///
/// # Errors
/// The lake cannot be opened, or another run writes to it.
pub(crate) async fn run(context: &Context, args: &Args) -> Result<Exit> {
    let started = std::time::Instant::now();
    let (inputs, passed_over, problems) = files::inputs(context, &args.paths, args.rows).await;
    not_an_input(args.rejects.as_deref(), &inputs)?;
    let config = async || aws::lake(context).await;
    let lake = if args.dry_run {
        Lake::open_or_empty(&args.lake, config).await?
    } else {
        Lake::create(&args.lake, config).await?
    };
    let lock = if args.dry_run { None } else { Some(Lock::take(&lake)?) };
    let now = Timestamp::now();
    let (rows, kept_from) = (args.rows, kept_from(context, args, now)?);
    let limits = Limits {
        jobs: args.jobs.or(available_parallelism().ok()).map_or(1, NonZero::get),
        memory: args.memory,
        temp: args.temp_dir.clone().unwrap_or_else(std::env::temp_dir),
    };
    let rejects = args.rejects.clone().unwrap_or_else(|| kept(args, now));
    let rejects = Rejects::at((!args.dry_run).then_some(rejects));
    let at = Instant::from_millis(now.as_millisecond()).ok_or(IngestError::Worker)?;
    let sizes: Option<u64> = inputs.iter().map(|input| input.size).sum();
    let meter = Arc::new(Meter::new(sizes));

    let gathered = {
        let (limits, meter) = (limits.clone(), Arc::clone(&meter));
        tokio::task::spawn_blocking(move || {
            let to = To {
                limits: &limits,
                rejects: &rejects,
                rows,
                kept_from: kept_from.as_deref(),
                only: None,
                ingested: at,
                progress: &*meter,
            };
            ingest::gather(inputs, to, &Handle::current()).map(|gathered| (gathered, rejects))
        })
    };
    let ((aside, mut gathered), rejects) = gathered.await.map_err(|_| IngestError::Worker)??;
    // Nothing is written before what is refused is safe.
    let reject_file = rejects.finish()?;
    if !args.dry_run {
        context.begin();
    }
    let (place, dry) = (lake.location.to_string(), args.dry_run);
    let catalog = lake::catalog(&args.lake, context).await;
    let write = move || {
        let handle = Handle::current();
        ingest::write(&aside, &lake, &limits, &handle, catalog.as_ref(), dry, &*meter)
    };
    let outcomes = tokio::task::spawn_blocking(write).await;
    let outcomes = outcomes.map_err(|_| IngestError::Worker)??;
    drop(lock);

    gathered.failed.extend(problems);
    let mut ingested = Ingested::of(place, gathered, &outcomes, dry);
    ingested.passed_over = passed_over;
    ingested.reject_file = reject_file;
    ingested.seconds = started.elapsed().as_secs_f64();
    match context.output {
        Output::Json => printer::json(&ingested)?,
        _ => printer::data(&ingested.to_string()),
    }
    for failed in &ingested.failed {
        printer::error(&failed.to_string(), failed.hint.as_deref());
    }
    if ingested.reject_file.is_some() {
        printer::advice("the reject file holds original, unredacted events; only you can read it");
    }
    if !ingested.failed.is_empty() {
        printer::hint("fix what failed, then run the same command again: what the lake has is not written twice");
    }
    Ok(match ingested.result {
        Ended::Done => Exit::Ok,
        Ended::Partly => Exit::Partly,
        Ended::Failed => Exit::Failed,
    })
}

/// The first month that the lake keeps, where it does not keep all: what is older would go at the next tidying.
fn kept_from(context: &Context, args: &Args, now: Timestamp) -> Result<Option<String>> {
    let days = match (args.retention_days, lake::audit_account(&args.lake)) {
        (None, Some((account, _))) => match context.configuration() {
            // Only who rolls out needs one.
            Err(ConfigError::Unreadable { source, .. }) if source.kind() == io::ErrorKind::NotFound => None,
            config => configured(&config?, &account),
        },
        (days, _) => days,
    };
    Ok(days.map(|days| choice::kept_from(now, days)))
}

/// For how many days after their end that account's lake keeps its months; `None` where it keeps them for ever.
fn configured(config: &Config, account: &AccountId) -> Option<u32> {
    let days = config.retention.lake_days.0;
    (config.audit.account == *account && days > 0).then_some(days)
}

/// What is read must not be written over.
fn not_an_input(rejects: Option<&Path>, inputs: &[Input]) -> Result<(), IngestError> {
    match rejects {
        Some(file) if inputs.iter().any(|input| input.is(file)) => Err(IngestError::Rejects {
            file: file.to_owned(),
            cause: io::Error::other("it is one of the files to read"),
        }),
        _ => Ok(()),
    }
}

/// Where refused records are kept when nobody says: beside the tables, as the cloud path keeps its
/// own, or here for a lake elsewhere.
fn kept(args: &Args, now: Timestamp) -> PathBuf {
    let name = format!(
        "ingest-{}-{}.ndjson",
        now.strftime("%Y%m%dT%H%M%SZ"),
        std::process::id()
    );
    match &args.lake {
        Location::Folder(folder) => folder.join("errors").join(name),
        Location::Bucket { .. } => PathBuf::from(format!("pipetrail-rejects-{name}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lake_of_the_configured_account_keeps_months_as_the_configuration_says() {
        let text = |days: &str| {
            format!(
                "[organization]\norganizational_units = [\"r-ab12\"]\nregions = [\"eu-central-1\"]\n\n[audit]\n\
                 account = \"012345678901\"\nregion = \"eu-central-1\"\n\n[retention]\nlake_days = {days}\n"
            )
        };
        let of = |days: &str, account: &str| {
            let config = Config::parse(Path::new("pipetrail.toml"), &text(days)).unwrap();
            configured(&config, &account.parse().unwrap())
        };
        assert_eq!(of("400", "012345678901"), Some(400));
        assert_eq!(of("0", "012345678901"), None, "for ever");
        assert_eq!(of("400", "999999999999"), None, "somebody else's");
    }
}
