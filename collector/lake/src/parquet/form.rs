//! What files of rows look like, and how they are written.

use std::sync::Arc;

use ::parquet::basic::Compression;
use ::parquet::file::metadata::SortingColumn;
use ::parquet::file::properties::{EnabledStatistics, WriterProperties};
use ::parquet::schema::types::ColumnPath;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use pipetrail_collector::columns::ColumnType;
use pipetrail_collector::tables::Table;

use super::batch::RowBatch;

/// Most rows in a row group.
pub const ROW_GROUP_ROWS: usize = 100_000;

/// Most bytes in a row group, as written; fewer rows then.
pub const ROW_GROUP_BYTES: usize = 64 << 20;

/// Columns that hardly ever repeat a value: a dictionary would only cost.
const DISTINCT: [&str; 9] = [
    "event_key",
    "event_id",
    "event_ms",
    "event_time",
    "raw",
    "content_sha256",
    "cloudtrail_event_id",
    "request_id",
    "whole_row",
];

/// Columns that hold whole events, of which the first bytes tell nobody which rows to skip.
const WHOLE: [&str; 2] = ["raw", "whole_row"];

/// One kind of files: its columns, all of which can be NULL.
#[derive(Clone, Debug)]
pub struct Form {
    names: Vec<&'static str>,
    types: Vec<ColumnType>,
    schema: SchemaRef,
    properties: WriterProperties,
}

impl Form {
    /// The files of a table's partitions, in which the partition keys are not.
    pub fn of(table: Table) -> Self {
        Self::with(table.columns().iter().map(|column| (column.name, column.ty)))
    }

    /// The files of a table's landing: its columns, then those of whose partition a row is.
    pub fn landing(table: Table) -> Self {
        let columns = table.columns();
        let keys = table.partition_keys().iter().map(|key| (*key, ColumnType::String));
        Self::with(columns.iter().map(|column| (column.name, column.ty)).chain(keys))
    }

    /// Files of these columns: SNAPPY as Firehose does, rows sorted by time and then by key.
    pub fn with(columns: impl IntoIterator<Item = (&'static str, ColumnType)>) -> Self {
        let (names, types): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        let field = |(name, ty): (&&str, &ColumnType)| {
            let ty = match ty {
                ColumnType::String => DataType::Utf8,
                ColumnType::Bigint => DataType::Int64,
                ColumnType::Boolean => DataType::Boolean,
            };
            Field::new(*name, ty, true)
        };
        let fields: Vec<_> = names.iter().zip(&types).map(field).collect();
        Form {
            schema: Arc::new(Schema::new(fields)),
            properties: written(&names),
            names,
            types,
        }
    }

    /// The names of the columns.
    pub fn names(&self) -> &[&'static str] {
        &self.names
    }

    /// The types of the columns.
    pub fn types(&self) -> &[ColumnType] {
        &self.types
    }

    /// The columns as Arrow has them.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// How the files are written.
    pub fn properties(&self) -> &WriterProperties {
        &self.properties
    }

    /// An empty batch for rows of these columns.
    pub fn batch(&self) -> RowBatch {
        RowBatch::new(Arc::clone(&self.schema))
    }
}

fn written(names: &[&'static str]) -> WriterProperties {
    let ascending = |name: &str| {
        let index = names.iter().position(|column| *column == name)?;
        Some(SortingColumn {
            column_idx: i32::try_from(index).ok()?,
            descending: false,
            nulls_first: false,
        })
    };
    let sorted = ["event_ms", "event_key"].into_iter().filter_map(ascending);
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
        .set_created_by(concat!("pipetrail version ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_sorting_columns(Some(sorted.collect()));
    for name in WHOLE {
        properties = properties.set_column_statistics_enabled(ColumnPath::from(name), EnabledStatistics::None);
    }
    for name in DISTINCT {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(name), false);
    }
    properties.build()
}

/// The columns of the files of a table's partitions.
pub fn schema(table: Table) -> Schema {
    Form::of(table).schema.as_ref().clone()
}
