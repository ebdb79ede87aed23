//! Arrow's columns to the values of an answer.

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type, Schema};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::answer::{Heading, Kind, Value};
use crate::engine::error::EngineError;

/// The columns of an answer.
pub(crate) fn headings(schema: &Schema) -> Vec<Heading> {
    let kind = |ty: &DataType| match ty {
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => Kind::Integer,
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => Kind::Integer,
        // What DataFusion makes of a sum of both kinds, such as `row_number() + 1`.
        DataType::Decimal128(_, 0) => Kind::Integer,
        DataType::Float32 | DataType::Float64 => Kind::Double,
        DataType::Boolean => Kind::Boolean,
        _ => Kind::Text,
    };
    let column = |field: &datafusion::arrow::datatypes::FieldRef| Heading {
        name: field.name().clone(),
        kind: kind(field.data_type()),
    };
    schema.fields().iter().map(column).collect()
}

/// The rows of a batch.
///
/// # Errors
/// A number that does not fit its kind.
pub(crate) fn values(batch: &RecordBatch) -> Result<Vec<Vec<Value>>, EngineError> {
    use datafusion::arrow::compute::{CastOptions, cast_with_options};
    // A number that does not fit is an error, never a NULL.
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    let cast = |array, ty| cast_with_options(array, ty, &options);
    let mut rows = vec![Vec::with_capacity(batch.num_columns()); batch.num_rows()];
    let of_arrow = |error: datafusion::arrow::error::ArrowError| EngineError::Refused {
        message: error.to_string(),
        hint: None,
    };
    for (column, array) in headings(&batch.schema()).iter().zip(batch.columns()) {
        match column.kind {
            Kind::Integer if matches!(array.data_type(), DataType::Decimal128(..)) => {
                let array = array.as_primitive::<Decimal128Type>();
                for (i, row) in rows.iter_mut().enumerate() {
                    row.push(match array.value(i) {
                        _ if array.is_null(i) => Value::Null,
                        number => {
                            i64::try_from(number).map_or_else(|_| Value::Text(number.to_string()), Value::Integer)
                        }
                    });
                }
            }
            Kind::Integer => {
                let array = cast(array, &DataType::Int64).map_err(of_arrow)?;
                let array = array.as_primitive::<Int64Type>();
                for (i, row) in rows.iter_mut().enumerate() {
                    row.push(if array.is_null(i) {
                        Value::Null
                    } else {
                        Value::Integer(array.value(i))
                    });
                }
            }
            Kind::Double => {
                let array = cast(array, &DataType::Float64).map_err(of_arrow)?;
                let array = array.as_primitive::<Float64Type>();
                for (i, row) in rows.iter_mut().enumerate() {
                    row.push(if array.is_null(i) {
                        Value::Null
                    } else {
                        Value::Double(array.value(i))
                    });
                }
            }
            Kind::Boolean => {
                let array = array.as_boolean();
                for (i, row) in rows.iter_mut().enumerate() {
                    row.push(if array.is_null(i) {
                        Value::Null
                    } else {
                        Value::Boolean(array.value(i))
                    });
                }
            }
            Kind::Text => {
                let options = FormatOptions::default();
                let format = ArrayFormatter::try_new(array, &options).map_err(of_arrow)?;
                for (i, row) in rows.iter_mut().enumerate() {
                    row.push(if array.is_null(i) {
                        Value::Null
                    } else {
                        Value::Text(format.value(i).to_string())
                    });
                }
            }
        }
    }
    Ok(rows)
}
