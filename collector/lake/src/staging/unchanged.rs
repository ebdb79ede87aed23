//! A file as it was listed, and no other that lies there by now.

use std::ops::Range;

use object_store::path::Path;
use object_store::{Error, GetOptions, GetRange, GetResult, ObjectStore, Result};

/// Gets a file or a part of it, where it has that ETag still.
///
/// # Errors
/// `Precondition` where it is another one by now, `NotFound` where it is gone; the store fails.
pub(crate) async fn unchanged(
    store: &dyn ObjectStore,
    path: &Path,
    etag: &str,
    range: Option<Range<u64>>,
) -> Result<GetResult> {
    let options = GetOptions {
        if_match: Some(etag.to_owned()),
        range: range.map(GetRange::Bounded),
        ..GetOptions::default()
    };
    let got = store.get_opts(path, options).await?;
    // Not everything that speaks S3 knows the condition.
    match got.meta.e_tag.as_deref() {
        Some(other) if other != etag => Err(Error::Precondition {
            path: path.to_string(),
            source: format!("its ETag is {other}, not {etag}").into(),
        }),
        _ => Ok(got),
    }
}

/// Whether an error says that a file is gone, or another one by now.
pub(crate) fn is_change(error: &Error) -> bool {
    matches!(
        error,
        Error::NotFound { .. } | Error::Precondition { .. } | Error::NotModified { .. }
    )
}
