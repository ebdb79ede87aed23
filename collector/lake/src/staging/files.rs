//! Which objects of a folder are files of rows.

use object_store::path::Path;

/// Whether an engine reads it: names that begin with a dot or an underscore are no data.
pub(crate) fn is_data(prefix: &Path, file: &Path) -> bool {
    let Some(parts) = file.prefix_match(prefix) else {
        return false;
    };
    let hidden = |part: &str| part.starts_with(['.', '_']);
    let mut last = None;
    for part in parts {
        if hidden(part.as_ref()) {
            return false;
        }
        last = Some(part.as_ref().ends_with(".parquet"));
    }
    last.unwrap_or(false)
}
