//! Listings: tables for people, without borders and without wrapping, so that lines can be searched, cut
//! and compared.

use comfy_table::{ContentArrangement, Table, presets};

/// A listing with this header.
pub(crate) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header);
    table
}

/// Its lines, without blanks at their ends.
pub(crate) fn lines(table: &Table) -> String {
    table
        .lines()
        .fold(String::new(), |text, line| text + line.trim() + "\n")
}
