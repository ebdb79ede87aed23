//! `docs/lake.md` lists exactly the columns of `columns.rs`.

use std::fmt::Write as _;

use pipetrail_unit::documents;

use crate::tables::Table;

fn section(table: Table) -> String {
    let mut out = String::from("| column | type | | what it holds |\n| --- | --- | --- | --- |\n");
    for column in table.columns() {
        let personal = if column.personal { "personal" } else { "" };
        let doc = column.doc.replace('|', "\\|");
        writeln!(out, "| `{}` | {} | {personal} | {doc} |", column.name, column.ty).unwrap();
    }
    writeln!(out, "\nPartition keys: `{}`.", table.partition_keys().join("`, `")).unwrap();
    out
}

#[test]
fn the_document_lists_every_column_as_it_is() {
    for table in Table::ALL {
        documents::part("docs/lake.md", &format!("columns: {table}"), &section(table));
    }
}
