//! Arrow's columns to the values of an answer.

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type, Schema};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::answer::{Heading, Kind, Value};
use crate::engine::error::EngineError;

/// The columns of an answer.
pub(crate) fn headings(schema: &Schema) -> Vec<Heading> {
    let kind = |ty: &DataType| match ty {
        ty if ty.is_integer() => Kind::Integer,
        // What DataFusion makes of a sum of both kinds, such as `row_number() + 1`.
        DataType::Decimal128(_, 0) => Kind::Integer,
        DataType::Float32 | DataType::Float64 => Kind::Double,
        DataType::Boolean => Kind::Boolean,
        _ => Kind::Text,
    };
    let columns = schema.fields().iter().map(|field| Heading {
        name: field.name().clone(),
        kind: kind(field.data_type()),
    });
    columns.collect()
}

/// The rows of a batch.
///
/// # Errors
/// A number that does not fit its kind.
pub(crate) fn values(batch: &RecordBatch) -> Result<Vec<Vec<Value>>, EngineError> {
    // A number that does not fit is an error, never a NULL.
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    let of_arrow = |error: ArrowError| EngineError::Refused {
        message: error.to_string(),
        hint: None,
    };
    let cast = |array, ty| cast_with_options(array, ty, &options).map_err(of_arrow);
    let mut rows = vec![Vec::with_capacity(batch.num_columns()); batch.num_rows()];
    for (column, array) in headings(&batch.schema()).iter().zip(batch.columns()) {
        match column.kind {
            Kind::Integer if matches!(array.data_type(), DataType::Decimal128(..)) => {
                let array = array.as_primitive::<Decimal128Type>();
                push(&mut rows, array, |i| {
                    let number = array.value(i);
                    i64::try_from(number).map_or_else(|_| Value::Text(number.to_string()), Value::Integer)
                });
            }
            Kind::Integer => {
                let array = cast(array, &DataType::Int64)?;
                let array = array.as_primitive::<Int64Type>();
                push(&mut rows, array, |i| Value::Integer(array.value(i)));
            }
            Kind::Double => {
                let array = cast(array, &DataType::Float64)?;
                let array = array.as_primitive::<Float64Type>();
                push(&mut rows, array, |i| Value::Double(array.value(i)));
            }
            Kind::Boolean => {
                let array = array.as_boolean();
                push(&mut rows, array, |i| Value::Boolean(array.value(i)));
            }
            Kind::Text => {
                let options = FormatOptions::default();
                let format = ArrayFormatter::try_new(array, &options).map_err(of_arrow)?;
                push(&mut rows, array, |i| Value::Text(format.value(i).to_string()));
            }
        }
    }
    Ok(rows)
}

/// Gives every row its value of a column.
fn push(rows: &mut [Vec<Value>], array: &dyn Array, value: impl Fn(usize) -> Value) {
    for (i, row) in rows.iter_mut().enumerate() {
        row.push(if array.is_null(i) { Value::Null } else { value(i) });
    }
}
