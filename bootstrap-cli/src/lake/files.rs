//! Files of events, and the lake that they become where nobody asks for more than its rows.

use std::ffi::OsString;

use jiff::Timestamp;
use pipetrail_collector::Table;
use pipetrail_collector::time::Instant;
use pipetrail_lake::catalog::Catalog;
use pipetrail_lake::ingest::input::{self, Input, Inputs};
use pipetrail_lake::ingest::{self, Failed, IngestError, Ingested, Limits, Rejects, To};
use pipetrail_lake::store::{Lake, Location};
use tokio::runtime::Handle;

use super::open;
use crate::context::Context;
use crate::failure::{Explain, Result};
use crate::terminal::progress::Meter;

/// The files of events that paths stand for, and with `rows` of rows; how many files of folders are none; what cannot be
/// found.
pub(crate) async fn inputs(context: &Context, paths: &[OsString], rows: bool) -> (Vec<Input>, u64, Vec<Failed>) {
    let mut inputs = Inputs::new(rows);
    let mut failed = Vec::new();
    for path in paths {
        let Some(place) = path.to_str().filter(|text| text.starts_with("s3://")) else {
            input::find(path, &mut inputs);
            continue;
        };
        let (reason, hint) = match &place.parse::<Location>() {
            Ok(whole @ Location::Bucket { bucket, prefix }) => match open(whole, context).await {
                Ok(lake) => {
                    input::find_in_bucket(bucket, prefix, &lake.store, &mut inputs).await;
                    continue;
                }
                Err(error) => (error.to_string(), error.hint()),
            },
            _ => ("it is no s3://bucket/prefix".to_owned(), None),
        };
        failed.push(Failed {
            place: place.to_owned(),
            reason,
            hint,
        });
    }
    failed.extend(inputs.problems.iter().map(Failed::of_input));
    (inputs.found, inputs.passed_over, failed)
}

/// Brings files into a lake, with one worker. What is refused is counted and not kept.
///
/// # Errors
/// The lake cannot be read or written.
pub(crate) async fn bring(
    files: Vec<Input>,
    lake: Lake,
    catalog: Option<Catalog>,
    rows: bool,
    only: Option<Table>,
) -> Result<Ingested> {
    let ran = tokio::task::spawn_blocking(move || {
        let limits = Limits {
            jobs: 1,
            memory: 64 << 20,
            temp: std::env::temp_dir(),
        };
        let meter = Meter::new(files.iter().map(|input| input.size).sum());
        let (rejects, handle) = (Rejects::at(None), Handle::current());
        let now = Timestamp::now().as_millisecond();
        let to = To {
            limits: &limits,
            rejects: &rejects,
            rows,
            kept_from: None,
            only,
            ingested: Instant::from_millis(now).ok_or(IngestError::Worker)?,
            progress: &meter,
        };
        let (aside, gathered) = ingest::gather(files, to, &handle)?;
        let outcomes = ingest::write(&aside, &lake, &limits, &handle, catalog.as_ref(), false, &meter)?;
        let place = lake.location.to_string();
        Ok::<_, IngestError>(Ingested::of(place, gathered, &outcomes, false))
    });
    Ok(ran.await??)
}
