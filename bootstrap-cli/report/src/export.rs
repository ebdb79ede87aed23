//! The forms of a report.

mod csv;
mod json;
mod xlsx;

use std::path::Path;

use super::{Report, ReportError, page};

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A page for people.
    Html,
    /// All decisions, for programs.
    Csv,
    /// Every answer, exact, for programs.
    Json,
    /// Every answer, a sheet each, for spreadsheets.
    Xlsx,
}

impl Format {
    /// The form that a file's name asks for.
    ///
    /// # Errors
    /// It asks for none of them.
    pub fn of(path: &Path) -> Result<Self, ReportError> {
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        match extension.to_ascii_lowercase().as_str() {
            "html" | "htm" => Ok(Format::Html),
            "csv" => Ok(Format::Csv),
            "json" => Ok(Format::Json),
            "xlsx" => Ok(Format::Xlsx),
            _ => Err(ReportError::Format(path.to_owned())),
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Format::Html => "html",
            Format::Csv => "csv",
            Format::Json => "json",
            Format::Xlsx => "xlsx",
        }
    }
}

/// Writes a report in a form.
///
/// # Errors
/// More rows than the form can hold.
pub fn render(report: &Report, format: Format) -> Result<Vec<u8>, ReportError> {
    match format {
        Format::Html => page::render(report).map(String::into_bytes),
        Format::Csv => csv::render(report),
        Format::Json => json::render(report),
        Format::Xlsx => xlsx::render(report),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_file_says_the_form() {
        assert_eq!(Format::of(Path::new("a/b.HTML")).unwrap(), Format::Html);
        assert_eq!(Format::of(Path::new("q3.report.xlsx")).unwrap(), Format::Xlsx);
        for name in ["report", ".html", "report.pdf", "html"] {
            assert!(
                matches!(Format::of(Path::new(name)), Err(ReportError::Format(_))),
                "{name}"
            );
        }
    }
}
