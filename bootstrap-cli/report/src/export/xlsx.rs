//! Every answer as a sheet of a workbook. Text is written as text, whatever it begins with.

use std::borrow::Borrow;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use crate::summary::Summary;
use crate::text::{heading, plain};
use crate::{Asked, Report, ReportError};
use pipetrail_lake::answer::{Kind, Value};
use pipetrail_lake::hostile::visible;

/// Rows that a sheet holds below its header.
const MOST_ROWS: usize = 1_048_575;
/// Characters that a cell holds, with room for those that Excel counts twice.
const MOST_TEXT: usize = 16_000;

/// Writes it.
///
/// # Errors
/// An answer has more rows than a sheet.
pub(super) fn render(report: &Report) -> Result<Vec<u8>, ReportError> {
    if let Some(asked) = report.audits.iter().find(|asked| asked.len() > MOST_ROWS) {
        return Err(ReportError::TooMany {
            audit: asked.name.clone(),
            rows: asked.len(),
        });
    }
    workbook(report).map_err(|error| ReportError::Render(error.to_string()))
}

fn workbook(report: &Report) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let created = report.question.generated_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let properties = DocProperties::new()
        .set_title("Approvals")
        .set_creation_datetime(&ExcelDateTime::parse_from_str(&created)?);
    workbook.set_properties(&properties);
    about(workbook.add_worksheet(), report)?;
    for asked in &report.audits {
        sheet(workbook.add_worksheet(), asked)?;
    }
    let last = workbook.add_worksheet();
    last.set_name("SQL")?;
    let text = text();
    for (row, asked) in (0..).zip(&report.audits) {
        write(last, row, 0, &asked.name, &text)?;
        write(last, row, 1, &asked.sql, &text)?;
    }
    workbook.save_to_buffer()
}

/// Text that stays text, even when somebody edits the cell.
fn text() -> Format {
    Format::new().set_quote_prefix()
}

fn only<S: Borrow<str>>(names: &[S], all: &str) -> String {
    match names {
        [] => all.to_owned(),
        names => format!("Only {}", names.join(", ")),
    }
}

fn about(sheet: &mut Worksheet, report: &Report) -> Result<(), XlsxError> {
    let question = &report.question;
    let (text, bold) = (text(), Format::new().set_bold());
    sheet.set_name("Summary")?;
    sheet.set_column_width(0, 24)?;
    sheet.set_column_width(1, 60)?;
    sheet.set_column_width(2, 48)?;
    let rows = [
        ("From (UTC)", question.window.from.to_string()),
        ("To, exclusive (UTC)", question.window.to.to_string()),
        ("Accounts", only(&question.accounts, "All accounts of the lake")),
        ("Pipelines", only(&question.pipelines, "All pipelines")),
        ("Lake", question.lake.clone()),
        ("Engine", question.engine.to_owned()),
        ("pipetrail", question.version.to_owned()),
        ("Generated (UTC)", question.generated_at.to_string()),
    ];
    let mut row = 0;
    for (name, value) in rows {
        sheet.write_string_with_format(row, 0, name, &bold)?;
        write(sheet, row, 1, &value, &text)?;
        row += 1;
    }
    for card in Summary::of(report).cards() {
        sheet.write_string_with_format(row, 0, card.name, &bold)?;
        match card.figure.parse::<u32>() {
            Ok(number) => sheet.write_number(row, 1, number)?,
            _ => write(sheet, row, 1, &card.figure, &text)?,
        };
        write(sheet, row, 2, &card.note, &text)?;
        row += 1;
    }
    Ok(())
}

fn sheet(sheet: &mut Worksheet, asked: &Asked) -> Result<(), XlsxError> {
    let (text, bold) = (text(), Format::new().set_bold());
    sheet.set_name(heading(&asked.name.replace('-', "_")))?;
    sheet.set_freeze_panes(1, 0)?;
    for (at, column) in (0..).zip(asked.columns()) {
        sheet.set_column_width(at, if column.kind == Kind::Text { 24 } else { 14 })?;
        sheet.write_string_with_format(0, at, &column.name, &bold)?;
    }
    for (row, values) in (1..).zip(&asked.answer.rows) {
        for (at, value) in (0..).zip(values) {
            match value {
                Value::Null => continue,
                // Beyond 53 bits a spreadsheet would round.
                Value::Integer(number) if number.unsigned_abs() < 1 << 53 => {
                    #[expect(clippy::cast_precision_loss, reason = "it is below 53 bits")]
                    let number = *number as f64;
                    sheet.write_number(row, at, number)?
                }
                Value::Double(number) if number.is_finite() => sheet.write_number(row, at, *number)?,
                Value::Boolean(yes) => sheet.write_boolean(row, at, *yes)?,
                value => write(sheet, row, at, &plain(value), &text)?,
            };
        }
    }
    Ok(())
}

fn write<'a>(
    sheet: &'a mut Worksheet,
    row: u32,
    column: u16,
    text: &str,
    format: &Format,
) -> Result<&'a mut Worksheet, XlsxError> {
    let shown = visible(text);
    match shown.char_indices().nth(MOST_TEXT) {
        Some((end, _)) => {
            let cut = format!("{} … (cut; the JSON report has all of it)", &shown[..end]);
            sheet.write_string_with_format(row, column, cut, format)
        }
        None => sheet.write_string_with_format(row, column, shown, format),
    }
}

#[cfg(test)]
mod tests {
    use crate::hostile_report::hostile;

    use super::*;

    #[test]
    fn a_workbook_of_hostile_text_is_written() {
        let bytes = render(&hostile()).unwrap();
        assert_eq!(bytes.get(..2), Some(b"PK".as_slice()));
    }

    #[test]
    fn more_rows_than_a_sheet_has_are_refused_by_name() {
        let mut report = hostile();
        report.audits[0].answer.rows = vec![Vec::new(); MOST_ROWS + 1];
        let error = render(&report).unwrap_err();
        assert!(error.to_string().contains("1048576 rows of decisions"), "{error}");
    }
}
