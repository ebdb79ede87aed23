//! Which copies of events a partition's files hold already.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use parquet::file::reader::ChunkReader;
use tokio::runtime::Handle;

use crate::staging::{EventCopy, Failure, Identity, PartitionError, Ranges, account, hash, is_data, key};
use crate::store::Lake;

/// Larger files are read in ranges: the columns that are asked for are a small part of them.
const WHOLE: u64 = 1 << 20;

/// How many small files are fetched at once.
const AT_ONCE: usize = 16;

/// Shows all rows in a partition's files, and says how many files there are. `of` is the account of the
/// partition, where it has one.
///
/// # Errors
/// The store fails, or a file is none of this lake's.
pub(super) fn copies(
    lake: &Lake,
    prefix: &Path,
    of: Option<u64>,
    handle: &Handle,
    mut seen: impl FnMut(EventCopy),
) -> Result<usize, PartitionError> {
    let store = &lake.store;
    let of_list = |cause| PartitionError::Store {
        what: "list",
        place: prefix.to_string(),
        cause,
    };
    let listed = store.list(Some(prefix)).try_collect::<Vec<ObjectMeta>>();
    let mut files = handle.block_on(listed).map_err(of_list)?;
    files.retain(|file| is_data(prefix, &file.location));
    files.sort_by(|a, b| a.location.cmp(&b.location));
    let (small, large): (Vec<_>, Vec<_>) = files.iter().partition(|file| file.size <= WHOLE);
    for chunk in small.chunks(AT_ONCE) {
        let fetch = chunk.iter().map(|file| async {
            let of_get = |cause| PartitionError::Store {
                what: "read",
                place: file.location.to_string(),
                cause,
            };
            let found = store.get(&file.location).await.map_err(of_get)?;
            Ok::<_, PartitionError>((*file, found.bytes().await.map_err(of_get)?))
        });
        let fetched = futures::stream::iter(fetch).buffered(AT_ONCE).try_collect::<Vec<_>>();
        for (file, bytes) in handle.block_on(fetched)? {
            of_file(bytes, &file.location, of, &mut seen)?;
        }
    }
    for file in large {
        let ranges = Ranges {
            store: Arc::clone(store),
            path: file.location.clone(),
            size: file.size,
            etag: None,
            handle: handle.clone(),
            failure: Failure::default(),
        };
        of_file(ranges, &file.location, of, &mut seen)?;
    }
    Ok(files.len())
}

/// The columns that are read, where a file has them.
const TEXTS: [&str; 4] = ["event_key", "content_sha256", "addendum_of", "account_id"];
const MS: &str = "event_ms";

fn of_file(
    file: impl ChunkReader + 'static,
    path: &Path,
    of: Option<u64>,
    seen: &mut impl FnMut(EventCopy),
) -> Result<(), PartitionError> {
    let foreign = |why: String| PartitionError::Foreign {
        file: path.to_string(),
        why,
    };
    let not_parquet = |error: ParquetError| foreign(format!("it cannot be read as Parquet: {error}"));
    // The types as they are stored, not as whoever wrote the file would like them to be read.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).map_err(not_parquet)?;
    let columns = builder.parquet_schema().columns();
    let place = |name: &str| columns.iter().position(|column| column.path().string() == name);
    if place("event_key").is_none() {
        return Err(foreign("it has no column event_key".to_owned()));
    }
    let places = TEXTS.into_iter().chain([MS]).filter_map(place);
    let mask = ProjectionMask::leaves(builder.parquet_schema(), places);
    let batches = builder
        .with_projection(mask)
        .with_batch_size(8192)
        .build()
        .map_err(not_parquet)?;
    for batch in batches {
        let batch = batch.map_err(|error| foreign(format!("it cannot be read as Parquet: {error}")))?;
        let column = |name| {
            let column = batch.column_by_name(name);
            column.map(|column| {
                texts(column).ok_or_else(|| foreign(format!("its column {name} is {}", column.data_type())))
            })
        };
        let [keys, contents, addenda, accounts] = TEXTS.map(|name| column(name).transpose());
        let (Some(keys), contents, addenda, accounts) = (keys?, contents?, addenda?, accounts?) else {
            continue;
        };
        let times = batch
            .column_by_name(MS)
            .and_then(|column| column.as_primitive_opt::<Int64Type>());
        for row in 0..batch.num_rows() {
            let account = of.or_else(|| account(accounts.as_ref()?(row)?));
            // What is no key of ours is no event of ours either.
            if let (Some(account), Some(key)) = (account, keys(row).and_then(key)) {
                let times = times.filter(|times| times.is_valid(row));
                seen(EventCopy {
                    identity: Identity { account, key },
                    // What says nothing of its content is no reason to leave a copy out.
                    content: contents
                        .as_ref()
                        .and_then(|texts| texts(row))
                        .and_then(hash)
                        .unwrap_or_default(),
                    addendum: addenda.as_ref().is_some_and(|texts| texts(row).is_some()),
                    ms: times.map_or(0, |times| times.value(row)),
                    rank: 0,
                });
            }
        }
    }
    Ok(())
}

/// The text in each row of a column.
pub(super) type Texts<'a> = Box<dyn Fn(usize) -> Option<&'a [u8]> + 'a>;

pub(super) fn texts(column: &ArrayRef) -> Option<Texts<'_>> {
    if let Some(texts) = column.as_string_opt::<i32>() {
        return Some(Box::new(|row| texts.is_valid(row).then(|| texts.value(row).as_bytes())));
    }
    let texts = column.as_binary_opt::<i32>()?;
    Some(Box::new(|row| texts.is_valid(row).then(|| texts.value(row))))
}
