//! All decisions as comma-separated values with a header.

use crate::text::plain;
use crate::{Report, ReportError};
use pipetrail_lake::answer::Value;
use pipetrail_lake::hostile::inert;

/// Writes them.
///
/// # Errors
/// Never, but for a defect.
pub(super) fn render(report: &Report) -> Result<Vec<u8>, ReportError> {
    let decisions = report.of("decisions");
    let of_csv = |error: ::csv::Error| ReportError::Render(error.to_string());
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let names = decisions.columns().iter().map(|column| column.name.as_str());
    writer.write_record(names).map_err(of_csv)?;
    for row in &decisions.answer.rows {
        let fields = row.iter().map(|value| match value {
            Value::Text(text) => inert(text).into_owned(),
            value => plain(value),
        });
        writer.write_record(fields).map_err(of_csv)?;
    }
    writer
        .into_inner()
        .map_err(|error| ReportError::Render(error.to_string()))
}

#[cfg(test)]
mod tests {
    use crate::hostile_report::hostile;

    use super::*;

    #[test]
    fn a_reader_of_csv_finds_every_row_and_no_field_begins_a_formula() {
        let report = hostile();
        let bytes = render(&report).unwrap();
        let mut reader = ::csv::Reader::from_reader(bytes.as_slice());
        let decisions = report.of("decisions");
        let names: Vec<_> = decisions.columns().iter().map(|column| column.name.as_str()).collect();
        assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), names);
        let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), decisions.len());
        let fields: Vec<_> = rows.iter().flatten().collect();
        assert!(
            fields.iter().any(|field| field.starts_with("'=HYPERLINK(")),
            "{fields:?}"
        );
        assert!(
            !fields
                .iter()
                .any(|field| field.starts_with(['=', '+', '-', '@', '\t', '\r']))
        );
        assert!(!fields.iter().any(|field| field.contains(['\0', '\u{202E}'])));
    }
}
