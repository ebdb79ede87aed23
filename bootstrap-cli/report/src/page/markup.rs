//! What the templates are given.

use minijinja::Value;
use minijinja::value::Serde;
use serde::Serialize;

/// What a template reads.
pub(super) fn given(value: impl Serialize) -> Value {
    Value::from(Serde(value))
}

/// What a template made, or what is pipetrail's own.
pub(super) fn safe(html: String) -> Value {
    Value::from_safe_string(html)
}
