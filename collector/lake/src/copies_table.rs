//! The columns of `copies`: the table of copies of events that `settle` took out of the other tables.

use pipetrail_collector::columns::ColumnType;

/// The columns in their order; every one can be NULL. The table is partitioned by `month`, which is in no file
/// of it: the month of the partition that the copy was taken out of.
///
/// `table_name` is that partition's table, `says` what the audit of conflicts shows of a copy there, and
/// `whole_row` the row as one JSON object without NULLs where it says something else than the row that stayed.
pub const COLUMNS: [(&str, ColumnType); 14] = [
    ("table_name", ColumnType::String),
    ("account_id", ColumnType::String),
    ("event_key", ColumnType::String),
    ("event_time", ColumnType::String),
    ("event_ms", ColumnType::Bigint),
    ("day", ColumnType::String),
    ("ingested_at", ColumnType::String),
    ("event_id", ColumnType::String),
    ("source", ColumnType::String),
    ("source_file", ColumnType::String),
    ("content_sha256", ColumnType::String),
    ("addendum_of", ColumnType::String),
    ("says", ColumnType::String),
    ("whole_row", ColumnType::String),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tiers::{COPIES, COPIES_KEYS};

    #[test]
    fn glue_s_table_of_copies_has_these_columns() {
        let template = pipetrail_collector::templates::DATA;
        let (_, table) = template.split_once("\n  CopiesTable:\n").unwrap();
        let (table, _) = table.split_once("\n\n").unwrap();
        assert!(table.contains(&format!("Name: {COPIES}\n")));
        let columns = |text: &str| -> Vec<(String, String)> {
            let lines = text.lines().filter_map(|line| line.trim().strip_prefix("- {Name: "));
            let parts = lines.filter_map(|line| line.split_once(", Type: "));
            let pair = |(name, rest): (&str, &str)| (name.to_owned(), rest.split(',').next().unwrap().to_owned());
            parts.map(pair).collect()
        };
        let (keys, files) = table.split_once("StorageDescriptor:").unwrap();
        assert_eq!(columns(keys), [(COPIES_KEYS[0].to_owned(), "string".to_owned())]);
        let wanted = COLUMNS.map(|(name, ty)| (name.to_owned(), ty.to_string()));
        assert_eq!(columns(files), wanted);
    }
}
