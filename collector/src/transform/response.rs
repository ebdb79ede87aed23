//! What Firehose gets back.

use serde::Serialize;
use serde_json::value::RawValue;

use super::error::RecordError;

#[derive(Debug, Serialize)]
pub struct Response {
    /// One for each record of the request, in its order.
    pub records: Vec<Transformed>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Transformed {
    /// Id of the record in the request.
    pub record_id: String,
    /// `Ok` or `ProcessingFailed`.
    pub result: &'static str,
    /// The row as one line of JSON, or the original bytes; base64.
    pub data: Data,
}

/// Base64 text of a response.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Data {
    /// Of a row: a JSON string already, quotes included. `serde_json` looks at each byte of a `String`
    /// when it writes it, and there are more of these bytes than of all else; this it copies.
    Row(Box<RawValue>),
    /// As it came.
    Given(String),
}

impl Data {
    pub fn as_str(&self) -> &str {
        match self {
            Self::Row(string) => string.get().trim_matches('"'),
            Self::Given(text) => text,
        }
    }

    pub(super) fn row(line: &[u8]) -> Result<Self, RecordError> {
        let mut string = String::with_capacity(line.len().div_ceil(3) * 4 + 2);
        string.push('"');
        base64_simd::STANDARD.encode_append(line, &mut string);
        string.push('"');
        RawValue::from_string(string)
            .map(Self::Row)
            .map_err(|error| RecordError::Unwritable(error.to_string()))
    }
}
