//! Why there is no report.

use std::path::PathBuf;

use thiserror::Error;

/// A report that was not written.
#[derive(Debug, Error)]
pub enum ReportError {
    /// Nobody said which form it is to have.
    #[error("cannot tell the format from the name {}", .0.display())]
    Format(PathBuf),
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
