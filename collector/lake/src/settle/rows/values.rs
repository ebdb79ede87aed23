//! The values of a table's columns in rows as they were read.

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, BooleanArray, Int64Array, RecordBatch, StringArray};
use pipetrail_collector::columns::{ColumnType, Visitor};

use crate::parquet::Form;

/// One column.
#[derive(Clone, Debug)]
pub(super) enum Column {
    /// The file is older than the column.
    Missing(ColumnType),
    String(StringArray),
    Bigint(Int64Array),
    Boolean(BooleanArray),
}

impl Column {
    /// That of a name.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub(super) fn of(batch: &RecordBatch, name: &str, ty: ColumnType) -> Result<Self, String> {
        let Some(array) = batch.column_by_name(name) else {
            return Ok(Column::Missing(ty));
        };
        let column = match ty {
            ColumnType::String => match (array.as_string_opt::<i32>(), array.as_binary_opt::<i32>()) {
                (Some(texts), _) => Some(Column::String(texts.clone())),
                (None, Some(bytes)) => {
                    let texts = StringArray::try_from_binary(bytes.clone());
                    Some(Column::String(
                        texts.map_err(|_| format!("its column {name} is no text"))?,
                    ))
                }
                _ => None,
            },
            ColumnType::Bigint => array.as_primitive_opt::<Int64Type>().cloned().map(Column::Bigint),
            ColumnType::Boolean => array.as_boolean_opt().cloned().map(Column::Boolean),
        };
        column.ok_or_else(|| format!("its column {name} is {}", array.data_type()))
    }

    /// The text in a row.
    pub(super) fn text(&self, row: usize) -> Option<&str> {
        match self {
            Column::String(texts) if texts.is_valid(row) => Some(texts.value(row)),
            _ => None,
        }
    }

    /// The number in a row.
    pub(super) fn bigint(&self, row: usize) -> Option<i64> {
        match self {
            Column::Bigint(numbers) if numbers.is_valid(row) => Some(numbers.value(row)),
            _ => None,
        }
    }

    fn show(&self, row: usize, visitor: &mut impl Visitor) {
        match self {
            Column::Missing(ColumnType::String) | Column::String(_) => visitor.string(self.text(row)),
            Column::Missing(ColumnType::Bigint) | Column::Bigint(_) => visitor.bigint(self.bigint(row)),
            Column::Missing(ColumnType::Boolean) => visitor.boolean(None),
            Column::Boolean(values) => visitor.boolean(values.is_valid(row).then(|| values.value(row))),
        }
    }
}

/// The columns of a form, in its order.
#[derive(Clone, Debug)]
pub(super) struct Columns(Vec<Column>);

impl Columns {
    /// Those of a batch, whatever others it has.
    ///
    /// # Errors
    /// What is wrong with one, for people.
    pub(super) fn of(batch: &RecordBatch, form: &Form) -> Result<Self, String> {
        let columns = form.names().iter().zip(form.types());
        let columns: Result<_, String> = columns.map(|(name, ty)| Column::of(batch, name, *ty)).collect();
        Ok(Columns(columns?))
    }

    /// Shows the values of a row, NULL included.
    pub(super) fn show(&self, row: usize, visitor: &mut impl Visitor) {
        for column in &self.0 {
            column.show(row, visitor);
        }
    }
}
