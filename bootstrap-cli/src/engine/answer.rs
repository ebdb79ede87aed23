//! Rows of an answer, as data of four kinds, whichever engine gave them.

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type, Schema};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use serde::Serialize;

use super::EngineError;
use super::athena::{Pages, Scanned};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Text, and whatever has no other kind, as its engine writes it.
    Text,
    /// A whole number; in an answer as text where 64 bits do not hold it.
    Integer,
    /// A number.
    Double,
    /// Yes or no.
    Boolean,
}

/// A column of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

/// One value; JSON has the same.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// NULL
    Null,
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Double(#[serde(serialize_with = "number")] f64),
    /// Yes or no.
    Boolean(bool),
}

/// JSON has no word for what is no number, and NULL is something else: `"NaN"`, `"inf"`, `"-inf"`.
fn number<S: serde::Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if number.is_finite() {
        serializer.serialize_f64(*number)
    } else {
        serializer.collect_str(number)
    }
}

/// An answer as it is read, page by page.
pub struct Rows {
    columns: Vec<Column>,
    source: Source,
}

enum Source {
    Embedded(SendableRecordBatchStream),
    Athena(Pages),
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, a value per column.
    pub rows: Vec<Vec<Value>>,
}

impl Rows {
    /// Rows of DataFusion.
    pub(super) fn embedded(stream: SendableRecordBatchStream) -> Self {
        Rows {
            columns: columns(&stream.schema()),
            source: Source::Embedded(stream),
        }
    }

    /// Rows of Athena.
    pub(super) fn athena(mut pages: Pages) -> Self {
        Rows {
            columns: std::mem::take(&mut pages.columns),
            source: Source::Athena(pages),
        }
    }

    /// What the query read, where it is counted.
    pub fn scanned(&self) -> Option<Scanned> {
        match &self.source {
            Source::Embedded(_) => None,
            Source::Athena(pages) => pages.scanned,
        }
    }

    /// The columns, known before the first row.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The next rows; `None` after the last.
    ///
    /// # Errors
    /// What the engine says while it reads.
    pub async fn next(&mut self) -> Result<Option<Vec<Vec<Value>>>, EngineError> {
        match &mut self.source {
            Source::Embedded(stream) => match stream.next().await {
                None => Ok(None),
                Some(Ok(batch)) => rows(&batch).map(Some),
                Some(Err(error)) => Err(super::embedded::explain(&error)),
            },
            Source::Athena(pages) => Ok(pages.next(&self.columns).await?),
        }
    }

    /// All of them.
    ///
    /// # Errors
    /// What the engine says while it reads.
    pub async fn collect(mut self) -> Result<Answer, EngineError> {
        let mut rows = Vec::new();
        while let Some(page) = self.next().await? {
            rows.extend(page);
        }
        Ok(Answer {
            columns: self.columns,
            rows,
        })
    }
}

fn columns(schema: &Schema) -> Vec<Column> {
    let kind = |ty: &DataType| match ty {
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => Kind::Integer,
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => Kind::Integer,
        // What DataFusion makes of a sum of both kinds, such as `row_number() + 1`.
        DataType::Decimal128(_, 0) => Kind::Integer,
        DataType::Float32 | DataType::Float64 => Kind::Double,
        DataType::Boolean => Kind::Boolean,
        _ => Kind::Text,
    };
    let column = |field: &datafusion::arrow::datatypes::FieldRef| Column {
        name: field.name().clone(),
        kind: kind(field.data_type()),
    };
    schema.fields().iter().map(column).collect()
}

fn rows(batch: &RecordBatch) -> Result<Vec<Vec<Value>>, EngineError> {
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
    for (column, array) in columns(&batch.schema()).iter().zip(batch.columns()) {
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
