//! Which objects of a folder are files of rows.

use object_store::path::Path;

/// Whether our engine reads it.
pub(crate) fn is_data(prefix: &Path, file: &Path) -> bool {
    is_visible(prefix, file) && file.as_ref().ends_with(".parquet")
}

/// Whether Athena reads it: names that begin with a dot or an underscore are no data, all others are.
pub(crate) fn is_visible(prefix: &Path, file: &Path) -> bool {
    let Some(mut parts) = file.prefix_match(prefix).map(Iterator::peekable) else {
        return false;
    };
    parts.peek().is_some() && parts.all(|part| !part.as_ref().starts_with(['.', '_']))
}
