//! How the value of a column is written in a row.

use super::Text;
use crate::json::Json;
use crate::write;

/// A column's value, written as JSON.
pub(super) trait Value {
    /// Appends it.
    fn write(&self, out: &mut Vec<u8>);
}

impl Value for Text<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        write::string(out, self);
    }
}

impl Value for i64 {
    fn write(&self, out: &mut Vec<u8>) {
        write::number(out, self);
    }
}

impl Value for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if *self { b"true" } else { b"false" });
    }
}

impl Value for &Json<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Json::String(text) => write::string(out, text),
            other => write::json_as_string(out, other),
        }
    }
}
