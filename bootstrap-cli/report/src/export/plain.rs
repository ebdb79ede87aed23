//! Values that are no text, in files.

use pipetrail_lake::answer::Value;

/// What a spreadsheet shows of a value that is no number.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Boolean(yes) => yes.to_string(),
    }
}
