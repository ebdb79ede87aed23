//! RFC 4180 with a header: lines end in CRLF, a quote inside of quotes is doubled. NULL is an empty
//! field, empty text is `""`. Into a file or a pipe every value goes as it is; only on a terminal
//! what it would obey is written out.

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
        let mut text = String::new();
        let names = columns.iter().map(|column| Value::Text(column.name.clone()));
        record(&mut text, &names.collect::<Vec<_>>());
        Ok(self.shown(text))
    }

    fn page(&mut self, _columns: &[Heading], rows: Vec<Vec<Value>>) -> Result<String, AnswerError> {
        let mut text = String::new();
        for row in rows {
            record(&mut text, &row);
        }
        Ok(self.shown(text))
    }

    fn end(&mut self, _columns: &[Heading]) -> String {
        String::new()
    }
}

fn record(text: &mut String, values: &[Value]) {
    for (i, value) in values.iter().enumerate() {
        if i > 0 {
            text.push(',');
        }
        match value {
            Value::Null => {}
            Value::Text(field) => self::field(text, field),
            Value::Integer(number) => text.push_str(&number.to_string()),
            Value::Double(number) => text.push_str(&number.to_string()),
            Value::Boolean(yes) => text.push_str(if *yes { "true" } else { "false" }),
        }
    }
    text.push_str("\r\n");
}

fn field(text: &mut String, field: &str) {
    let plain = !field.is_empty() && !field.contains([',', '"', '\r', '\n']) && field.trim() == field;
    if plain {
        text.push_str(field);
        return;
    }
    text.push('"');
    text.push_str(&field.replace('"', "\"\""));
    text.push('"');
}
