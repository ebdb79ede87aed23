//! RFC 4180 with a header: lines end in CRLF, a quote inside of quotes is doubled. NULL is an empty
//! field, empty text is `""`. Into a file or a pipe every value goes as it is; only on a terminal
//! what it would obey is written out.

use std::borrow::Cow;

use super::form::{AnswerError, Form};
use pipetrail_lake::answer::{Heading, Value};
use pipetrail_lake::hostile;

pub(super) struct Csv {
    is_terminal: bool,
}

impl Csv {
    pub(super) fn new(is_terminal: bool) -> Self {
        Csv { is_terminal }
    }

    fn shown(&self, text: String) -> String {
        if self.is_terminal {
            hostile::lines(&text).into_owned()
        } else {
            text
        }
    }
}

impl Form for Csv {
    fn begin(&mut self, columns: &[Heading]) -> Result<String, AnswerError> {
        let names = columns.iter().map(|column| Value::Text(column.name.clone()));
        Ok(self.shown(record(&names.collect::<Vec<_>>())))
    }

    fn page(&mut self, _columns: &[Heading], rows: Vec<Vec<Value>>) -> Result<String, AnswerError> {
        Ok(self.shown(rows.iter().map(|row| record(row)).collect()))
    }

    fn end(&mut self, _columns: &[Heading]) -> String {
        String::new()
    }
}

fn record(values: &[Value]) -> String {
    let fields: Vec<Cow<'_, str>> = values.iter().map(field).collect();
    fields.join(",") + "\r\n"
}

fn field(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::Text(text) => {
            let is_plain = !text.is_empty() && !text.contains([',', '"', '\r', '\n']) && text.trim() == text;
            if is_plain {
                Cow::Borrowed(text)
            } else {
                Cow::Owned(format!("\"{}\"", text.replace('"', "\"\"")))
            }
        }
        Value::Integer(number) => Cow::Owned(number.to_string()),
        Value::Double(number) => Cow::Owned(number.to_string()),
        Value::Boolean(yes) => Cow::Owned(yes.to_string()),
    }
}
