//! The lake's tables and their columns, as `pipetrail_collector` defines them.

use pipetrail_collector::Table;

use crate::terminal::listing::{lines, table};

/// Every table, and what its folders are named by.
pub(super) fn lake() -> String {
    let mut all = table(&["TABLE", "COLUMNS", "PARTITION KEYS"]);
    for lake in Table::ALL {
        let (columns, keys) = (lake.columns().len(), lake.partition_keys());
        all.add_row([
            lake.name().to_owned(),
            (columns + keys.len()).to_string(),
            keys.join(", "),
        ]);
    }
    lines(&all)
}

/// A table's columns, the partition keys last, as SQL sees them.
pub(super) fn columns(of: Table) -> String {
    let mut all = table(&["COLUMN", "TYPE", "HOLDS"]);
    for column in of.columns() {
        let ty = column.ty.to_string();
        all.add_row([column.name, ty.as_str(), column.doc]);
    }
    for key in of.partition_keys() {
        all.add_row([key, "string", "Partition key: name it in WHERE, and less is read."]);
    }
    lines(&all)
}
