//! Columns for people: numbers to the right, text to the left, NULL as `-`. The first rows decide how
//! wide a column is; on a terminal long text is cut so that a row fits a line.

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
        self.widths = Some(widths);
        let waiting = std::mem::take(&mut self.waiting);
        self.lines(columns, std::iter::once(header).chain(waiting))
    }

    /// Writes rows, once the widths are decided.
    fn lines(&mut self, columns: &[Heading], rows: impl Iterator<Item = Vec<String>>) -> String {
        let mut text = String::new();
        for row in rows {
            let start = text.len();
            for ((mut cell, width), column) in row.into_iter().zip(self.widths.iter().flatten()).zip(columns) {
                if text.len() > start {
                    text.push_str("  ");
                }
                if self.terminal.is_some() && column.kind == Kind::Text && cell.width() > *width {
                    cell = cut(&cell, *width);
                    self.cut = true;
                }
                let blank = " ".repeat(width.saturating_sub(cell.width()));
                let is_right = matches!(column.kind, Kind::Integer | Kind::Double);
                text += &if is_right { blank + &cell } else { cell + &blank };
            }
            text.truncate(start + text[start..].trim_end().len());
            text.push('\n');
        }
        text
    }
}

impl Form for Table {
    fn begin(&mut self, _columns: &[Heading]) -> Result<String, AnswerError> {
        Ok(String::new())
    }

    fn page(&mut self, columns: &[Heading], rows: Vec<Vec<Value>>) -> Result<String, AnswerError> {
        let rows = rows.iter().map(|row| row.iter().map(cell).collect());
        if self.widths.is_some() {
            return Ok(self.lines(columns, rows));
        }
        self.waiting.extend(rows);
        if self.waiting.len() < LOOKED_AT {
            return Ok(String::new());
        }
        Ok(self.decide(columns))
    }

    fn end(&mut self, columns: &[Heading]) -> String {
        if self.widths.is_some() {
            String::new()
        } else {
            self.decide(columns)
        }
    }

    fn remark(&self) -> Option<&'static str> {
        self.cut
            .then_some("what ends in … is cut to the terminal; --output csv and --output json have all of it")
    }
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

/// Cuts a text that is wider to so many columns.
fn cut(text: &str, width: usize) -> String {
    let mut shown = String::new();
    for c in text.chars() {
        if shown.width() + c.to_string().width() + 1 > width {
            break;
        }
        shown.push(c);
    }
    shown + "…"
}
