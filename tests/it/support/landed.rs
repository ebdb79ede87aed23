//! A lake of partitions as it would be, had its rows only just arrived: in landing, all accounts together.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::folder_lake;

/// Days on which they arrive.
pub(crate) const DAYS: [&str; 3] = ["2026-11-21", "2026-11-22", "2026-11-23"];

/// Writes the rows of a lake into another one's landing; every third file comes once more, as a bus delivers again:
/// with another `event_id`. How many rows, and how many of them come again.
pub(crate) fn land(from: &Path, to: &Path) -> (usize, usize) {
    let (mut rows, mut again) = (0, 0);
    for (number, file) in folder_lake::files(from).iter().enumerate() {
        let below = file.strip_prefix(from).unwrap().to_str().unwrap();
        let folders: Vec<&str> = below.split('/').collect();
        let keys: Vec<(&str, &str)> = folders.iter().filter_map(|folder| folder.split_once('=')).collect();
        let landing = to.join("landing").join(folders[0]);
        fs::create_dir_all(&landing).unwrap();
        let path = |day: &str, copy: usize| landing.join(format!("{day}-{number:04}-{copy}.parquet"));
        let batches: Vec<RecordBatch> = batches(file)
            .into_iter()
            .map(|batch| with_keys(&batch, &keys))
            .collect();
        write(&path(DAYS[number % 3], 0), &batches);
        rows += batches.iter().map(RecordBatch::num_rows).sum::<usize>();
        if number % 3 == 0 {
            let copies: Vec<RecordBatch> = batches.iter().map(delivered_again).collect();
            // On the same day, or the day after.
            write(&path(DAYS[number % 2], 1), &copies);
            again += copies.iter().map(RecordBatch::num_rows).sum::<usize>();
        }
    }
    (rows, again)
}

fn batches(file: &Path) -> Vec<RecordBatch> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(file).unwrap()).unwrap();
    reader.build().unwrap().map(Result::unwrap).collect()
}

/// The batch with its partition's keys as columns.
fn with_keys(batch: &RecordBatch, keys: &[(&str, &str)]) -> RecordBatch {
    let mut fields: Vec<_> = batch.schema().fields().iter().cloned().collect();
    let mut columns = batch.columns().to_vec();
    for (key, value) in keys {
        fields.push(Arc::new(Field::new(*key, DataType::Utf8, true)));
        let values = std::iter::repeat_n(Some(*value), batch.num_rows());
        columns.push(Arc::new(values.collect::<StringArray>()));
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

/// The batch as the bus gives its events a second time, and somebody has changed what the first of them says.
fn delivered_again(batch: &RecordBatch) -> RecordBatch {
    let place = batch.schema().index_of("event_id").unwrap();
    let mut columns = batch.columns().to_vec();
    let ids = columns[place].as_string::<i32>();
    let again: StringArray = ids
        .iter()
        .map(|id| Some(format!("{}-again", id.unwrap_or("z"))))
        .collect();
    columns[place] = Arc::new(again) as ArrayRef;
    let place = batch.schema().index_of("content_sha256").unwrap();
    let contents = columns[place].as_string::<i32>();
    let changed = contents.iter().skip(1).map(|content| content.map(str::to_owned));
    columns[place] = Arc::new(
        [Some("0".repeat(64))]
            .into_iter()
            .chain(changed)
            .collect::<StringArray>(),
    );
    RecordBatch::try_new(batch.schema(), columns).unwrap()
}

fn write(path: &PathBuf, batches: &[RecordBatch]) {
    let file = File::create_new(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batches[0].schema(), None).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.close().unwrap();
}
