//! What a table's files must look like, and the check of each file before a row of it is read.
//!
//! A file may lack columns (it is older than they are) and have more (it is newer than this command).
//! It may not lack `event_key`, nor give a column another type: its rows would read NULL or mean
//! something else.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::{CachedParquetFileReaderFactory, ParquetFileReaderFactory};
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::parquet::arrow::arrow_reader::ArrowReaderOptions;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::basic::{ConvertedType, LogicalType, Repetition, Type as Physical};
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::metadata::ParquetMetaData;
use datafusion::parquet::schema::types::Type;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::ObjectStore;
use pipetrail_collector::Table;
use pipetrail_collector::columns::{Column, ColumnType};
use thiserror::Error;

/// A file in a table's folder that cannot be read as the table's.
#[derive(Clone, Debug, Error)]
#[error("{file}: {what}")]
pub(super) struct BadFile {
    /// Its key in the lake.
    pub file: String,
    /// What is wrong.
    pub what: String,
}

/// Opens files, each after its footer was found right.
#[derive(Debug)]
pub(super) struct Checked {
    table: Table,
    inner: CachedParquetFileReaderFactory,
}

impl Checked {
    pub(super) fn new(table: Table, store: Arc<dyn ObjectStore>, footers: Arc<FileMetadataCache>) -> Self {
        Checked {
            table,
            inner: CachedParquetFileReaderFactory::new(store, footers),
        }
    }
}

impl ParquetFileReaderFactory for Checked {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        footer_hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> datafusion::common::Result<Box<dyn AsyncFileReader + Send>> {
        Ok(Box::new(CheckedReader {
            table: self.table,
            file: file.object_meta.location.to_string(),
            inner: self.inner.create_reader(partition, file, footer_hint, metrics)?,
        }))
    }
}

struct CheckedReader {
    table: Table,
    file: String,
    inner: Box<dyn AsyncFileReader + Send>,
}

impl CheckedReader {
    fn bad(&self, what: String) -> ParquetError {
        let file = self.file.clone();
        ParquetError::External(Box::new(BadFile { file, what }))
    }
}

impl AsyncFileReader for CheckedReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        self.inner.get_bytes(range)
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>, ParquetError>> {
        self.inner.get_byte_ranges(ranges)
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        async move {
            let footer = self.inner.get_metadata(options).await;
            let footer = footer.map_err(|error| self.bad(unreadable(&error)))?;
            match difference(self.table, footer.file_metadata().schema()) {
                None => Ok(footer),
                Some(what) => Err(self.bad(what)),
            }
        }
        .boxed()
    }
}

/// The end of the chain of causes; what stands before it repeats the file's name.
fn unreadable(error: &ParquetError) -> String {
    let text = error.to_string();
    let last = text.rsplit(": ").next().unwrap_or(&text);
    format!("not a whole Parquet file ({last})")
}

/// What keeps a file's rows from being rows of the table.
fn difference(table: Table, file: &Type) -> Option<String> {
    let fields = file.get_fields();
    let find = |name: &str| fields.iter().find(|field| field.name() == name);
    if find("event_key").is_none() {
        return Some(format!("no column event_key, so no rows of {table}"));
    }
    let wrong = |Column { name, ty, .. }: Column| {
        let field = find(name).filter(|field| !is(field, ty))?;
        Some(format!("column {name} is {}, where {table} has {ty}", described(field)))
    };
    table.columns().into_iter().find_map(wrong)
}

fn is(field: &Type, ty: ColumnType) -> bool {
    let info = field.get_basic_info();
    if !field.is_primitive() || (info.has_repetition() && info.repetition() == Repetition::REPEATED) {
        return false;
    }
    let logical = info.logical_type_ref();
    let plain = logical.is_none() && info.converted_type() == ConvertedType::NONE;
    match (ty, field.get_physical_type()) {
        (ColumnType::String, Physical::BYTE_ARRAY) => {
            matches!(logical, Some(LogicalType::String)) || info.converted_type() == ConvertedType::UTF8
        }
        (ColumnType::Bigint, Physical::INT64) => plain || info.converted_type() == ConvertedType::INT_64,
        (ColumnType::Boolean, Physical::BOOLEAN) => plain,
        _ => false,
    }
}

/// A column's type in Parquet's own words.
fn described(field: &Type) -> String {
    if !field.is_primitive() {
        return "nested".to_owned();
    }
    let info = field.get_basic_info();
    match info.converted_type() {
        ConvertedType::NONE => field.get_physical_type().to_string(),
        converted => format!("{} ({converted})", field.get_physical_type()),
    }
}
