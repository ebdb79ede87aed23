//! Rows as columns in memory.

use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, SchemaRef};

use pipetrail_collector::columns::Visitor;
use pipetrail_collector::json::Json;
use pipetrail_collector::tables::Row;

/// Rows of one table, column by column.
#[derive(Debug)]
pub struct RowBatch {
    schema: SchemaRef,
    columns: Vec<Column>,
    /// The column whose value comes next.
    next: usize,
    rows: usize,
    bytes: usize,
}

#[derive(Debug)]
enum Column {
    String(StringBuilder),
    Bigint(Int64Builder),
    Boolean(BooleanBuilder),
}

impl RowBatch {
    pub(super) fn new(schema: SchemaRef) -> Self {
        let column = |field: &Arc<Field>| match field.data_type() {
            DataType::Int64 => Column::Bigint(Int64Builder::new()),
            DataType::Boolean => Column::Boolean(BooleanBuilder::new()),
            _ => Column::String(StringBuilder::new()),
        };
        Self {
            columns: schema.fields().iter().map(column).collect(),
            schema,
            next: 0,
            rows: 0,
            bytes: 0,
        }
    }

    /// Adds a row of the batch's table.
    pub fn push(&mut self, row: &Row<'_>) {
        row.visit(self);
    }

    /// Rows in it.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of text in it; a column holds at most 2 GiB.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// What was added, and the batch is empty again.
    ///
    /// # Errors
    /// The last row lacks columns.
    pub fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let array = |column: &mut Column| -> ArrayRef {
            match column {
                Column::String(column) => Arc::new(column.finish()),
                Column::Bigint(column) => Arc::new(column.finish()),
                Column::Boolean(column) => Arc::new(column.finish()),
            }
        };
        let arrays = self.columns.iter_mut().map(array).collect();
        (self.next, self.rows, self.bytes) = (0, 0, 0);
        RecordBatch::try_new(Arc::clone(&self.schema), arrays)
    }

    fn column(&mut self) -> Option<&mut Column> {
        let index = self.next;
        self.next += 1;
        if self.next == self.columns.len() {
            self.next = 0;
            self.rows += 1;
        }
        self.columns.get_mut(index)
    }
}

impl Visitor for RowBatch {
    fn string(&mut self, value: Option<&str>) {
        self.bytes += value.map_or(0, str::len);
        if let Some(Column::String(column)) = self.column() {
            column.append_option(value);
        }
    }

    fn json(&mut self, value: Option<&Json<'_>>) {
        self.string(value.and_then(Json::text).as_deref());
    }

    fn bigint(&mut self, value: Option<i64>) {
        if let Some(Column::Bigint(column)) = self.column() {
            column.append_option(value);
        }
    }

    fn boolean(&mut self, value: Option<bool>) {
        if let Some(Column::Boolean(column)) = self.column() {
            column.append_option(value);
        }
    }
}
