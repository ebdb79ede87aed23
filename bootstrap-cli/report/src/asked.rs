//! An audit's answer, read by column name.

use pipetrail_lake::answer::{Answer, Heading, Value};

use super::ReportError;

/// An audit, as it was asked, and its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// Its name.
    pub name: String,
    /// What it answers, in a line.
    pub title: String,
    /// The text that the engine got.
    pub sql: String,
    /// What came back.
    pub answer: Answer,
}

impl Asked {
    /// What was never asked.
    pub const fn none() -> Self {
        Asked {
            name: String::new(),
            title: String::new(),
            sql: String::new(),
            answer: Answer {
                columns: Vec::new(),
                rows: Vec::new(),
            },
        }
    }

    /// The columns.
    pub fn columns(&self) -> &[Heading] {
        &self.answer.columns
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.answer.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.answer.rows.is_empty()
    }

    /// The rows.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.answer.rows.iter().map(|values| Row { asked: self, values })
    }

    /// The same with these of its rows alone.
    pub(crate) fn only<'a>(&self, rows: impl IntoIterator<Item = Row<'a>>) -> Self {
        let mut asked = self.clone();
        asked.answer.rows = rows.into_iter().map(|row| row.values.to_vec()).collect();
        asked
    }

    /// Where a column stands.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.answer.columns.iter().position(|column| column.name == name)
    }

    /// Refuses an answer that lacks what the report shows.
    ///
    /// # Errors
    /// A column is not there.
    pub fn require(self, columns: &[&'static str]) -> Result<Self, ReportError> {
        match columns.iter().find(|name| self.position(name).is_none()) {
            Some(column) => Err(ReportError::Column {
                audit: self.name,
                column,
            }),
            None => Ok(self),
        }
    }
}

/// A row of an answer.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    asked: &'a Asked,
    values: &'a [Value],
}

impl<'a> Row<'a> {
    /// A value.
    pub fn value(self, column: &str) -> &'a Value {
        let at = self.asked.position(column);
        at.and_then(|at| self.values.get(at)).unwrap_or(&Value::Null)
    }

    /// A text; empty where there is none.
    pub fn text(self, column: &str) -> &'a str {
        match self.value(column) {
            Value::Text(text) => text,
            _ => "",
        }
    }

    /// A whole number, where there is one.
    pub fn number(self, column: &str) -> Option<i64> {
        match self.value(column) {
            Value::Integer(number) => Some(*number),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "saturates, and a figure that large is none"
            )]
            Value::Double(number) => Some(number.round() as i64),
            _ => None,
        }
    }

    /// A count; 0 where there is none.
    pub fn count(self, column: &str) -> u64 {
        self.number(column).and_then(|n| u64::try_from(n).ok()).unwrap_or(0)
    }
}
