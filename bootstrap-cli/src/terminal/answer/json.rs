//! One array of objects, a row each on a line of its own, members in the order of the columns.

use serde_json::to_string;

use super::form::{AnswerError, Form};
use pipetrail_lake::answer::{Heading, Value};
use pipetrail_lake::hostile;

#[derive(Default)]
pub(super) struct Json {
    /// The names as JSON.
    names: Vec<String>,
    rows: bool,
}

impl Form for Json {
    fn begin(&mut self, columns: &[Heading]) -> Result<String, AnswerError> {
        for (i, column) in columns.iter().enumerate() {
            if columns[..i].iter().any(|other| other.name == column.name) {
                return Err(AnswerError::SameName(column.name.clone()));
            }
            self.names.push(to_string(&column.name)?);
        }
        Ok("[".to_owned())
    }

    fn page(&mut self, _columns: &[Heading], rows: Vec<Vec<Value>>) -> Result<String, AnswerError> {
        let mut text = String::new();
        for row in rows {
            text.push_str(if self.rows { ",\n" } else { "\n" });
            self.rows = true;
            for (i, (name, value)) in self.names.iter().zip(&row).enumerate() {
                text.push_str(if i == 0 { "{" } else { "," });
                text.push_str(name);
                text.push(':');
                text.push_str(&to_string(value)?);
            }
            text.push_str(if row.is_empty() { "{}" } else { "}" });
        }
        let text = text.split('\n').map(hostile::json).collect::<Vec<_>>().join("\n");
        Ok(text)
    }

    fn end(&mut self, _columns: &[Heading]) -> String {
        if self.rows { "\n]\n" } else { "]\n" }.to_owned()
    }
}
