//! Rows of an answer, as data of four kinds, whichever engine gave them.

use serde::Serialize;

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

/// The head of a column of an answer. What a lake's table has is a column; this may be computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Heading {
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

/// A whole answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Its columns.
    pub columns: Vec<Heading>,
    /// Its rows, a value per column.
    pub rows: Vec<Vec<Value>>,
}
