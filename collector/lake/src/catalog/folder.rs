//! A folder of a table, as Glue knows it.

/// A folder of a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Folder {
    /// The values of the table's partition keys.
    pub values: Vec<String>,
    /// Where it is, with a slash at its end.
    pub location: String,
}
