//! `docs/lake.md` lists exactly the columns of `columns.rs`. `INSTA_UPDATE=always cargo test` rewrites it,
//! as it does every snapshot: insta itself writes no part of a document.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

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
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/lake.md");
    let text = fs::read_to_string(&path).unwrap();
    let mut expected = text.clone();
    for table in Table::ALL {
        let begin = format!("<!-- columns: {table} -->\n");
        let from = expected.find(&begin).unwrap_or_else(|| panic!("no section of {table}")) + begin.len();
        let to = from + expected[from..].find("<!-- end -->").unwrap();
        expected.replace_range(from..to, &section(table));
    }
    if std::env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
        fs::write(&path, &expected).unwrap();
    }
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        expected,
        "INSTA_UPDATE=always cargo test -p pipetrail-collector rewrites it"
    );
}
