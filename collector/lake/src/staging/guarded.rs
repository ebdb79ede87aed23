//! Reading what anybody may have written.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs what decodes a file. A library that panics on it has found damage too, and must not end the whole run.
///
/// # Errors
/// What is wrong with the file, for people.
pub(crate) fn guarded<T>(decode: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    // Whatever was being decoded is dropped then.
    let decoded = catch_unwind(AssertUnwindSafe(decode));
    decoded.unwrap_or_else(|_| Err("it cannot be read: the reader of Parquet gave up in the middle".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_panics_has_found_damage() {
        assert_eq!(guarded(|| Ok(1)), Ok(1));
        assert_eq!(guarded::<u8>(|| Err("damaged".to_owned())), Err("damaged".to_owned()));
        assert!(guarded::<u8>(|| panic!("on purpose")).is_err());
    }
}
