//! The files that were chosen, read to their end: as they were listed, or not at all.

use std::sync::Arc;

use arrow_array::RecordBatch;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::ChunkReader;
use pipetrail_settlement::choice::Listed;
use pipetrail_settlement::entry::Input;

use super::job::Job;
use super::shape::{Tier, Unfit, unfit};
use super::stop::Stop;
use crate::settle::error::SettleError;
use crate::staging::{Failure, Ranges, guarded, is_change, unchanged};

/// Most bytes of small files that are fetched at once.
const AHEAD: u64 = 128 << 20;

/// Most small files that are: a month of an account is closed from dozens of very small ones.
const AT_ONCE: u64 = 64;

/// Shows the rows of all files, some at a time, and says how many each file has.
///
/// # Errors
/// A file is not what it was, or cannot be read to its end; or whoever sees the rows gives up.
pub(super) fn read(
    job: &Job,
    mut seen: impl FnMut(&Listed, &RecordBatch) -> Result<(), Stop>,
) -> Result<Vec<Input>, Stop> {
    let (small, large): (Vec<_>, Vec<_>) = job.files.iter().partition(|file| file.size <= job.whole);
    let mut inputs = Vec::with_capacity(job.files.len());
    let mut input = |file: &Listed, rows| {
        let (key, etag) = (file.key.clone(), file.etag.clone());
        inputs.push(Input { key, etag, rows });
    };
    let at_once = at_once(small.iter().map(|file| file.size).max());
    for chunk in small.chunks(at_once) {
        let fetch = chunk
            .iter()
            .map(|file| async { Ok::<_, Stop>((*file, whole(job, file).await?)) });
        let fetched = futures::stream::iter(fetch).buffered(at_once).try_collect::<Vec<_>>();
        for (file, bytes) in job.handle.block_on(fetched)? {
            input(file, decode(job, file, bytes, &mut seen)?);
        }
    }
    for file in large {
        let ranges = Ranges {
            store: Arc::clone(&job.lake.store),
            path: path(job, file)?,
            size: file.size,
            etag: Some(file.etag.clone()),
            handle: job.handle.clone(),
            failure: Failure::default(),
        };
        let rows = decode(job, file, ranges.clone(), &mut seen).map_err(|stop| {
            // What the store did not give is no damage.
            let cause = ranges.failure();
            match (stop, cause) {
                (Stop::Damaged(..), Some(cause)) if is_change(&cause) => Stop::Changed,
                (Stop::Damaged(place, _), Some(cause)) => Stop::Failed(SettleError::Store {
                    what: "read",
                    place,
                    cause,
                }),
                (stop, _) => stop,
            }
        })?;
        input(file, rows);
    }
    inputs.sort_unstable();
    Ok(inputs)
}

/// How many small files are fetched at once, where the largest has so many bytes.
fn at_once(largest: Option<u64>) -> usize {
    (AHEAD / largest.unwrap_or(0).max(1)).clamp(1, AT_ONCE) as usize
}

fn path(job: &Job, file: &Listed) -> Result<Path, SettleError> {
    job.lake.path(&file.key).map_err(SettleError::store("read", &file.key))
}

async fn whole(job: &Job, file: &Listed) -> Result<Bytes, Stop> {
    let path = path(job, file)?;
    let got = unchanged(&*job.lake.store, &path, &file.etag, None);
    let bytes = async { got.await?.bytes().await };
    bytes.await.map_err(|error| match is_change(&error) {
        true => Stop::Changed,
        false => Stop::Failed(SettleError::store("read", &file.key)(error)),
    })
}

/// Shows the rows of one file; how many they are.
fn decode(
    job: &Job,
    file: &Listed,
    bytes: impl ChunkReader + 'static,
    seen: &mut impl FnMut(&Listed, &RecordBatch) -> Result<(), Stop>,
) -> Result<u64, Stop> {
    let damaged = |why: String| Stop::Damaged(file.key.clone(), why);
    // The types as they are stored, not as whoever wrote the file would like them to be read.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = guarded(|| {
        let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(bytes, options);
        builder.map_err(|error| format!("it cannot be read as Parquet: {error}"))
    });
    let builder = builder.map_err(damaged)?;
    let footer = Arc::clone(builder.metadata());
    match unfit(job.table, job.tier, footer.file_metadata().schema()) {
        None => {}
        Some(Unfit::Damaged(why)) => return Err(damaged(why)),
        // In landing nobody chooses such a file.
        Some(Unfit::Newer(column)) if job.tier == Tier::Landing => {
            let file = file.key.clone();
            return Err(Stop::Failed(SettleError::Newer { file, column }));
        }
        Some(Unfit::Newer(column)) => {
            return Err(damaged(format!(
                "it has a column {column}, which this version does not know"
            )));
        }
    }
    let rows = footer.file_metadata().num_rows();
    let builder = builder.with_batch_size(at_a_time(&footer));
    let reader = guarded(|| {
        builder
            .build()
            .map_err(|error| format!("it cannot be read as Parquet: {error}"))
    });
    let mut reader = reader.map_err(damaged)?;
    let mut count = 0_u64;
    loop {
        let next = guarded(|| {
            let next = reader.next().transpose();
            next.map_err(|error| format!("it cannot be read to its end: {error}"))
        });
        let Some(batch) = next.map_err(damaged)? else { break };
        count += batch.num_rows() as u64;
        seen(file, &batch)?;
    }
    match u64::try_from(rows) == Ok(count) {
        true => Ok(count),
        false => Err(damaged(format!(
            "its footer says that it has {rows} rows, and it has {count}"
        ))),
    }
}

/// How many rows are read at a time: so many that they take a few megabytes, by the file's own account of itself.
fn at_a_time(footer: &ParquetMetaData) -> usize {
    /// A text that stands in the file once and is every row's is counted once there.
    const MOST: u64 = 1024;
    let bytes: i64 = footer
        .row_groups()
        .iter()
        .map(|group| group.total_byte_size().max(0))
        .sum();
    let rows = footer.file_metadata().num_rows().max(1);
    let each = u64::try_from(bytes / rows).unwrap_or(0).max(1);
    ((8 << 20) / each).clamp(16, MOST) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settle::rows::WHOLE;

    #[test]
    fn as_many_files_are_fetched_at_once_as_fit() {
        for (largest, files) in [
            (None, 64),
            (Some(0), 64),
            (Some(100 << 10), 64),
            (Some(2 << 20), 64),
            (Some(5 << 20), 25),
            (Some(WHOLE), 8),
            (Some(AHEAD + 1), 1),
        ] {
            assert_eq!(at_once(largest), files, "{largest:?}");
        }
    }
}
