//! An answer and its forms.

use serde_json::{Value, json};

/// An HTTP answer.
pub(in crate::scale) struct Answer {
    pub(in crate::scale) status: u16,
    pub(in crate::scale) kind: &'static str,
    pub(in crate::scale) text: String,
}

impl Answer {
    pub(super) fn json(value: &Value) -> Self {
        Self {
            status: 200,
            kind: "application/x-amz-json-1.1",
            text: value.to_string(),
        }
    }

    pub(super) fn xml(operation: &str, result: &str) -> Self {
        Self {
            status: 200,
            kind: "text/xml",
            text: format!("<{operation}Response><{operation}Result>{result}</{operation}Result></{operation}Response>"),
        }
    }

    pub(super) fn object(status: u16) -> Self {
        Self {
            status,
            kind: "application/octet-stream",
            text: String::new(),
        }
    }

    pub(in crate::scale) fn json_error(code: &str) -> Self {
        Self {
            status: 400,
            kind: "application/x-amz-json-1.1",
            text: json!({"__type": code, "Message": code}).to_string(),
        }
    }

    pub(in crate::scale) fn xml_error(code: &str, message: &str) -> Self {
        Self {
            status: 400,
            kind: "text/xml",
            text: format!(
                "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
            ),
        }
    }
}
