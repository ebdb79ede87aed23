//! The report that people read: what the audits answer, as one page, or as files for spreadsheets and
//! programs.
//!
//! Every figure comes from an audit by name ([`gather()`]); nothing here has SQL of its own. All text of
//! events is hostile: [`text`] is what makes it harmless to read, the page's template escapes it.

mod asked;
mod chart;
mod export;
mod file;
mod gather;
mod page;
mod periods;
mod summary;
mod text;
mod window;

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;
use thiserror::Error;

use crate::exit::Exit;

pub use asked::Asked;
pub use export::{Format, render};
pub use file::Target;
pub use gather::gather;
pub use text::counted;
pub use window::Window;

/// What was asked, of what, and when.
#[derive(Clone, Debug, Serialize)]
pub struct Scope {
    /// The window: `from` counts, `to` does not.
    #[serde(flatten)]
    pub window: Window,
    /// The end that was asked for, where it was still to come and the window ends when the report was made.
    #[serde(skip)]
    pub asked_to: Option<Timestamp>,
    /// Only these accounts; all of the lake's where there are none.
    pub accounts: Vec<String>,
    /// Only pipelines of these names; all where there are none.
    pub pipelines: Vec<String>,
    /// The lake, as the command line names it, or Athena's database.
    pub lake: String,
    /// Who answered.
    pub engine: &'static str,
    /// pipetrail's version.
    pub version: &'static str,
    /// When it was asked.
    #[serde(serialize_with = "window::instant")]
    pub generated_at: Timestamp,
}

/// A report before it has a form.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was asked.
    pub scope: Scope,
    /// What the audits answered, by the names of the audits.
    pub audits: Vec<Asked>,
}

impl Report {
    /// Accounts that were asked for and of which no answer has a row.
    pub fn unseen(&self) -> impl Iterator<Item = &str> {
        let has = |account: &str| {
            let mut rows = self.audits.iter().flat_map(Asked::rows);
            rows.any(|row| row.text("account_id") == account)
        };
        (self.scope.accounts.iter().map(String::as_str)).filter(move |account| !has(account))
    }

    /// The answer of an audit; empty where it was not asked.
    pub fn of(&self, name: &str) -> &Asked {
        static NONE: Asked = Asked::none();
        self.audits.iter().find(|asked| asked.name == name).unwrap_or(&NONE)
    }
}

/// A report that was not written.
#[derive(Debug, Error)]
pub enum ReportError {
    /// A report is a file.
    #[error("a report is written to a file, not to standard output")]
    Stream,
    /// Nobody said which form it is to have.
    #[error("cannot tell the format from the name {}", .0.display())]
    Format(PathBuf),
    /// Something is there already.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// The folder is not there, or the disk is full.
    #[error("cannot write {}: {cause}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// An audit that does not answer what the report shows.
    #[error("the audit {audit} has no column {column}")]
    Column {
        /// Its name.
        audit: String,
        /// What it lacks.
        column: &'static str,
    },
    /// More rows than a spreadsheet holds.
    #[error("{rows} rows of {audit} are more than a spreadsheet holds")]
    TooMany {
        /// The audit.
        audit: String,
        /// How many it has.
        rows: usize,
    },
    /// A defect of the page's own template, or of what writes a format.
    #[error("cannot make the report: {0}")]
    Render(String),
}

impl ReportError {
    /// Its exit code.
    pub fn exit(&self) -> Exit {
        match self {
            ReportError::Stream | ReportError::Format(_) | ReportError::Exists(_) => Exit::Usage,
            _ => Exit::Failed,
        }
    }

    /// The next thing to try.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            ReportError::Stream => {
                "name a file, for example `--out report.html`; `pipetrail audit decisions --output csv` writes rows to standard output"
                    .to_owned()
            }
            ReportError::Format(_) => "end it in .html, .csv, .json or .xlsx, or name one with --format".to_owned(),
            ReportError::Exists(_) => "`--force` replaces it".to_owned(),
            ReportError::TooMany { .. } => "`--format csv` has no limit; or ask for less with --from, --to".to_owned(),
            ReportError::Write { .. } | ReportError::Column { .. } | ReportError::Render(_) => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    //! Reports that events of an attacker's make.

    use super::*;
    use crate::engine::{Answer, Column, Kind, Value};

    /// Comments that try what comments can try.
    pub const HOSTILE: [&str; 8] = [
        "</script><script>alert(1)</script>",
        "=HYPERLINK(\"http://example.com\",\"click\")",
        "approved\u{202E}detcejer",
        "nul\0bell\u{7}",
        "<img src=x onerror=alert(1)>",
        "{{ 7 * 7 }}{% raw %}",
        "a;=1+1\r\n@SUM(A1)\u{2028}<!--",
        "\u{feff}' onmouseover='alert(1)",
    ];

    pub fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    pub fn asked(name: &str, columns: &[&str], rows: Vec<Vec<Value>>) -> Asked {
        let kind = |at: usize| match rows.first().and_then(|row| row.get(at)) {
            Some(Value::Integer(_)) => Kind::Integer,
            Some(Value::Boolean(_)) => Kind::Boolean,
            _ => Kind::Text,
        };
        let column = |(at, name): (usize, &&str)| Column {
            name: (*name).to_owned(),
            kind: kind(at),
        };
        Asked {
            name: name.to_owned(),
            title: format!("Title of {name}"),
            sql: "SELECT '<b>' AS bold".to_owned(),
            answer: Answer {
                columns: columns.iter().enumerate().map(column).collect(),
                rows,
            },
        }
    }

    /// A window in which nothing happened.
    pub fn empty() -> Report {
        Report {
            scope: Scope {
                window: Window {
                    from: "2026-08-01T00:00:00Z".parse().unwrap(),
                    to: "2026-11-01T00:00:00Z".parse().unwrap(),
                },
                asked_to: None,
                accounts: Vec::new(),
                pipelines: Vec::new(),
                lake: "<lake>".to_owned(),
                engine: "DataFusion",
                version: "0.0.0",
                generated_at: "2026-11-20T12:00:00Z".parse().unwrap(),
            },
            audits: Vec::new(),
        }
    }

    /// A decision per hostile comment, which is the pipeline's and the approver's name too.
    pub fn hostile() -> Report {
        let columns = [
            "event_time",
            "account_id",
            "region",
            "pipeline",
            "stage",
            "action",
            "decision",
            "approver",
            "principal_kind",
            "mfa",
            "source_ip",
            "summary",
            "waited_seconds",
            "event_key",
        ];
        let decision = |(at, it): (usize, &&str)| {
            let mfa = [Value::Null, Value::Boolean(true), Value::Boolean(false)][at % 3].clone();
            let key = format!("{at:032x}");
            let one = [
                "2026-08-03T10:00:00.000Z",
                "111122223333",
                "eu-central-1",
                it,
                it,
                it,
                "Approved",
                it,
                "iam_user",
            ];
            let mut row: Vec<Value> = one.map(text).to_vec();
            row.extend([mfa, text("192.0.2.1"), text(it), Value::Integer(60), text(&key)]);
            row
        };
        let decisions: Vec<_> = HOSTILE.iter().enumerate().map(decision).collect();
        let approver = |it: &&str| vec![text(it), Value::Integer(1), Value::Integer(0)];
        let refused = |it: &&str| vec![text(it), text(it)];
        Report {
            audits: vec![
                asked("decisions", &columns, decisions),
                asked(
                    "decisions-per-day",
                    &["day", "approved", "rejected"],
                    vec![vec![text("2026-08-03"), Value::Integer(8), Value::Integer(0)]],
                ),
                asked(
                    "approvers",
                    &["approver", "approved", "rejected"],
                    HOSTILE.iter().map(approver).collect(),
                ),
                asked(
                    "refused-decisions",
                    &["pipeline", "error_message"],
                    HOSTILE.iter().map(refused).collect(),
                ),
                asked(
                    "open-gates",
                    &["pipeline", "action"],
                    HOSTILE.iter().map(refused).collect(),
                ),
            ],
            ..empty()
        }
    }
}
