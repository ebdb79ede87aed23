//! Columns for people: numbers to the right, text to the left, NULL as `-`. The first rows decide how
//! wide a column is; on a terminal long text is cut so that a row fits a line.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

use super::form::{AnswerError, Form};
use pipetrail_lake::answer::{Heading, Kind, Value};
use pipetrail_lake::hostile;

/// So many rows are looked at before the first is written.
const LOOKED_AT: usize = 1000;

/// No column is cut to less, so that a time stays whole.
const NARROWEST: usize = 24;

pub(super) struct Table {
    /// Columns of the terminal.
    terminal: Option<usize>,
    /// Rows until the widths are known.
    waiting: Vec<Vec<String>>,
    widths: Option<Vec<usize>>,
    cut: bool,
}

impl Table {
    pub(super) fn new(terminal: Option<usize>) -> Self {
        Table {
            terminal,
            waiting: Vec::new(),
            widths: None,
            cut: false,
        }
    }

    /// Decides the widths, and writes the header and what has waited.
    fn decide(&mut self, columns: &[Heading]) -> String {
        let header: Vec<String> = columns
            .iter()
            .map(|column| hostile::line(&column.name).into_owned())
            .collect();
        let widest = |i: usize, name: &String| {
            let cells = self.waiting.iter().filter_map(|row| row.get(i));
            cells.chain([name]).map(|cell| cell.width()).max().unwrap_or(0)
        };
        let mut widths: Vec<usize> = header.iter().enumerate().map(|(i, name)| widest(i, name)).collect();
        if let Some(terminal) = self.terminal {
            fit(&mut widths, columns, terminal);
        }
        let mut text = String::new();
        self.line(&mut text, &widths, columns, header);
        for row in std::mem::take(&mut self.waiting) {
            self.line(&mut text, &widths, columns, row);
        }
        self.widths = Some(widths);
        text
    }

    fn line(&mut self, text: &mut String, widths: &[usize], columns: &[Heading], cells: Vec<String>) {
        let start = text.len();
        for ((cell, width), column) in cells.into_iter().zip(widths).zip(columns) {
            if text.len() > start {
                text.push_str("  ");
            }
            let (cell, was_cut) = match (self.terminal, column.kind) {
                (Some(_), Kind::Text) => cut(cell, *width),
                _ => (cell, false),
            };
            self.cut |= was_cut;
            let blank = " ".repeat(width.saturating_sub(cell.width()));
            if is_right(column.kind) {
                text.push_str(&blank);
                text.push_str(&cell);
            } else {
                text.push_str(&cell);
                text.push_str(&blank);
            }
        }
        text.truncate(start + text[start..].trim_end().len());
        text.push('\n');
    }
}

impl Form for Table {
    fn begin(&mut self, _columns: &[Heading]) -> Result<String, AnswerError> {
        Ok(String::new())
    }

    fn page(&mut self, columns: &[Heading], rows: Vec<Vec<Value>>) -> Result<String, AnswerError> {
        let rows = rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>());
        match self.widths.take() {
            Some(widths) => {
                let mut text = String::new();
                for row in rows {
                    self.line(&mut text, &widths, columns, row);
                }
                self.widths = Some(widths);
                Ok(text)
            }
            None => {
                self.waiting.extend(rows);
                if self.waiting.len() < LOOKED_AT {
                    return Ok(String::new());
                }
                Ok(self.decide(columns))
            }
        }
    }

    fn end(&mut self, columns: &[Heading]) -> String {
        match self.widths {
            Some(_) => String::new(),
            None => self.decide(columns),
        }
    }

    fn remark(&self) -> Option<&'static str> {
        self.cut
            .then_some("what ends in … is cut to the terminal; --output csv and --output json have all of it")
    }
}

fn is_right(kind: Kind) -> bool {
    matches!(kind, Kind::Integer | Kind::Double)
}

/// NULL is `-`; text that looks like it, or whose ends would not be seen, stands in quotes.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Text(text) => {
            let shown = hostile::line(text);
            match text.as_str() {
                "" | "-" => format!("\"{shown}\""),
                _ if shown.trim() != shown || shown.starts_with('"') => format!("\"{shown}\""),
                _ => shown.into_owned(),
            }
        }
        Value::Integer(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Boolean(yes) => yes.to_string(),
    }
}

/// Makes the widest columns of text narrower until a row fits.
fn fit(widths: &mut [usize], columns: &[Heading], terminal: usize) {
    let gaps = 2 * widths.len().saturating_sub(1);
    loop {
        let over = (widths.iter().sum::<usize>() + gaps).saturating_sub(terminal);
        let texts = widths
            .iter_mut()
            .zip(columns)
            .filter(|(_, column)| column.kind == Kind::Text);
        let mut texts: Vec<&mut usize> = texts.map(|(width, _)| width).collect();
        texts.sort_unstable_by(|a, b| b.cmp(a));
        let second = texts.get(1).map_or(0, |width| **width);
        match texts.first_mut() {
            Some(widest) if over > 0 && **widest > NARROWEST => {
                // Down to the next one, but at least by one, and no further than needed.
                let down = (**widest - second.max(NARROWEST)).clamp(1, over);
                **widest -= down;
            }
            _ => return,
        }
    }
}

/// Cuts a text to so many columns; says whether it had to.
fn cut(text: String, width: usize) -> (String, bool) {
    if text.width() <= width {
        return (text, false);
    }
    let mut shown = String::new();
    for c in text.chars() {
        let next = shown.width() + Cow::from(c.to_string()).width();
        if next + 1 > width {
            break;
        }
        shown.push(c);
    }
    shown.push('…');
    (shown, true)
}
