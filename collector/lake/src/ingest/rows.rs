//! Rows in Parquet files, such as settling sets aside: `event_key` and `raw` of each, as JSON.
//!
//! A row group that is damaged does not keep those of the others.

use arrow_array::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use serde::Serialize;

use super::existing::texts;
use super::read::{Form, Found, Position, Reason, Record, Reject};
use crate::staging::{Ranges, guarded};

const COLUMNS: [&str; 2] = ["event_key", "raw"];

/// A row as λ transform would write it, of the two columns.
#[derive(Serialize)]
struct Line<'a> {
    event_key: Option<&'a str>,
    raw: Option<&'a str>,
}

/// Tells the rows of a file, in order, and where some cannot be told. What the store does not give is told
/// nowhere: the file knows that it failed.
///
/// # Errors
/// What the sink answers ends the reading.
pub(super) fn records<E>(file: &Ranges, sink: impl FnMut(Found<'_>) -> Result<(), E>) -> Result<(), E> {
    let mut told = Told { file, records: 0, sink };
    // The types as they are stored, not as whoever wrote the file would like them to be read.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let Ok(metadata) = guarded(|| ArrowReaderMetadata::load(file, options).map_err(|error| error.to_string())) else {
        return told.refuse(Reason::NotParquet);
    };
    let schema = metadata.parquet_schema();
    let at = |name: &str| {
        schema
            .columns()
            .iter()
            .position(|column| column.path().string() == name)
    };
    let mask = ProjectionMask::leaves(schema, COLUMNS.into_iter().filter_map(at));
    for group in 0..metadata.metadata().num_row_groups() {
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file.clone(), metadata.clone());
        let builder = builder.with_row_groups(vec![group]).with_projection(mask.clone());
        let reader = guarded(|| {
            let reader = builder.with_batch_size(256).build();
            reader.map_err(|error| error.to_string())
        });
        let Ok(mut reader) = reader else {
            told.refuse(Reason::DamagedRows)?;
            continue;
        };
        loop {
            match guarded(|| reader.next().transpose().map_err(|error| error.to_string())) {
                Ok(Some(batch)) => told.rows(&batch)?,
                Ok(None) => break,
                Err(_) => {
                    told.refuse(Reason::DamagedRows)?;
                    break;
                }
            }
        }
    }
    Ok(())
}

struct Told<'f, S> {
    file: &'f Ranges,
    records: u64,
    sink: S,
}

impl<E, S: FnMut(Found<'_>) -> Result<(), E>> Told<'_, S> {
    fn rows(&mut self, batch: &RecordBatch) -> Result<(), E> {
        let [keys, raws] = COLUMNS.map(|name| batch.column_by_name(name).and_then(texts));
        let (Some(keys), Some(raws)) = (&keys, &raws) else {
            let [key, raw] = COLUMNS;
            return self.refuse(Reason::NoColumn(if keys.is_none() { key } else { raw }));
        };
        let text = |bytes: Option<_>| bytes.and_then(|bytes| std::str::from_utf8(bytes).ok());
        for row in 0..batch.num_rows() {
            let line = Line {
                event_key: text(keys(row)),
                raw: text(raws(row)),
            };
            // Texts can always be written as JSON.
            let bytes = serde_json::to_vec(&line).unwrap_or_default();
            let (form, bytes, place) = (Form::Row, bytes.as_slice(), self.next());
            (self.sink)(Found::Record(Record { form, bytes, place }))?;
        }
        Ok(())
    }

    fn refuse(&mut self, reason: Reason) -> Result<(), E> {
        if self.file.has_failed() {
            return Ok(());
        }
        let (place, bytes, length) = (self.next(), [].as_slice(), 0);
        (self.sink)(Found::Reject(Reject {
            place,
            reason,
            bytes,
            length,
        }))
    }

    /// Where the next record is.
    fn next(&mut self) -> Position {
        self.records += 1;
        Position {
            line: 1,
            record: self.records,
            offset: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, StringArray};
    use object_store::memory::InMemory;
    use object_store::path::Path;
    use object_store::{ObjectStore, ObjectStoreExt};
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;
    use tokio::runtime::{Builder, Runtime};

    use super::*;
    use crate::staging::Failure;

    /// A file of these columns, two rows in a row group.
    fn parquet(columns: &[(&str, [Option<&str>; 6])]) -> Vec<u8> {
        let arrays = columns.iter().map(|(name, texts)| {
            let array: ArrayRef = Arc::new(StringArray::from_iter(texts.iter()));
            (*name, array, true)
        });
        let batch = RecordBatch::try_from_iter_with_nullable(arrays).unwrap();
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(2)).build();
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.into_inner().unwrap()
    }

    const KEYS: (&str, [Option<&str>; 6]) = (
        "event_key",
        [Some("0"), Some("1"), Some("2"), None, Some("4"), Some("5")],
    );
    const RAWS: (&str, [Option<&str>; 6]) = (
        "raw",
        [Some("{}"), Some("1{}"), Some("2{}"), Some("3{}"), Some("4\"{}"), None],
    );

    struct Place {
        runtime: Runtime,
        store: Arc<dyn ObjectStore>,
    }

    impl Place {
        fn new() -> Self {
            Place {
                runtime: Builder::new_current_thread().build().unwrap(),
                store: Arc::new(InMemory::new()),
            }
        }

        fn put(&self, bytes: Vec<u8>) -> Ranges {
            let (path, size) = (Path::from("a.parquet"), bytes.len() as u64);
            let put = self.runtime.block_on(self.store.put(&path, bytes.into())).unwrap();
            Ranges {
                store: Arc::clone(&self.store),
                path,
                size,
                etag: put.e_tag,
                handle: self.runtime.handle().clone(),
                failure: Failure::default(),
            }
        }
    }

    fn told(file: &Ranges) -> Vec<String> {
        let mut told = Vec::new();
        let sink = |found: Found<'_>| {
            told.push(match found {
                Found::Record(record) => {
                    assert_eq!(record.form, Form::Row);
                    String::from_utf8(record.bytes.to_vec()).unwrap()
                }
                Found::Reject(reject) => reject.reason.to_string(),
            });
            Ok::<_, ()>(())
        };
        records(file, sink).unwrap();
        told
    }

    #[test]
    fn rows_are_told_and_a_damaged_row_group_is_one_reject() {
        let place = Place::new();
        let other = ("event_id", [Some("x"); 6]);
        let good = parquet(&[KEYS, other, RAWS]);
        let all = told(&place.put(good.clone()));
        let expected = [
            r#"{"event_key":"0","raw":"{}"}"#,
            r#"{"event_key":"1","raw":"1{}"}"#,
            r#"{"event_key":"2","raw":"2{}"}"#,
            r#"{"event_key":null,"raw":"3{}"}"#,
            r#"{"event_key":"4","raw":"4\"{}"}"#,
            r#"{"event_key":"5","raw":null}"#,
        ];
        assert_eq!(all, expected);

        let metadata = ArrowReaderMetadata::load(&bytes::Bytes::from(good.clone()), ArrowReaderOptions::new()).unwrap();
        let damaged = |column: usize| {
            let (start, length) = metadata.metadata().row_group(1).column(column).byte_range();
            let mut bytes = good.clone();
            bytes[start as usize..(start + length) as usize].fill(0xff);
            told(&place.put(bytes))
        };
        // A column that nobody reads may be as it likes.
        assert_eq!(damaged(1), expected);
        for column in [0, 2] {
            let [a, b, reject, c, d] = <[String; 5]>::try_from(damaged(column)).unwrap();
            assert_eq!([a, b, c, d], [expected[0], expected[1], expected[4], expected[5]]);
            assert_eq!(reject, Reason::DamagedRows.to_string());
        }
    }

    #[test]
    fn a_file_without_rows_of_a_lake_is_one_reject_and_one_that_changed_is_the_stores_failure() {
        let place = Place::new();
        for (bytes, reason) in [
            (Vec::new(), Reason::NotParquet),
            (b"PAR1 and so on PAR1".to_vec(), Reason::NotParquet),
        ] {
            assert_eq!(told(&place.put(bytes)), [reason.to_string()]);
        }
        for (columns, missing) in [([KEYS, ("state", RAWS.1)], "raw"), ([("a", KEYS.1), RAWS], "event_key")] {
            let told = told(&place.put(parquet(&columns)));
            let reason = Reason::NoColumn(missing).to_string();
            assert!(!told.is_empty() && told.iter().all(|told| *told == reason), "{told:?}");
        }
        let listed = place.put(parquet(&[KEYS, RAWS]));
        place.put(parquet(&[RAWS, KEYS]));
        assert_eq!(told(&listed), [""; 0]);
        assert!(crate::staging::is_change(&listed.failure().unwrap()));
    }
}
