//! How the value of a column is written in a row.

use std::borrow::Cow;

use crate::json::Json;
use crate::write;

/// Text of a row: borrowed from the event where it stands there as it is.
pub type Text<'a> = Cow<'a, str>;

pub(super) trait Value {
    /// Appends the value as JSON.
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
