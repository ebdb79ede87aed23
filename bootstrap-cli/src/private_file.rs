//! Files that their owner alone reads, written as a whole or not at all: settings with addresses and
//! external ids, reports that name people.

use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

/// Writes a file that is not there yet.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] where there is one, which is left as it is; whatever else the file
/// system refuses.
pub(crate) fn create(path: &Path, contents: &[u8]) -> io::Result<()> {
    draft(path, contents)?.persist_noclobber(path)?;
    Ok(())
}

/// Writes a file in the place of whatever is there.
///
/// # Errors
/// What the file system refuses; what was there is left as it is then.
pub(crate) fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    draft(path, contents)?.persist(path)?;
    Ok(())
}

/// A file beside the one that is meant, readable by its owner alone. It is gone again when it is dropped.
pub(crate) fn draft(path: &Path, contents: &[u8]) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut draft = NamedTempFile::new_in(folder.unwrap_or_else(|| Path::new(".")))?;
    draft.write_all(contents)?;
    draft.as_file().sync_all()?;
    Ok(draft)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn a_file_that_is_there_is_left_alone_and_no_draft_remains() {
        let folder = std::env::temp_dir().join(format!("pipetrail-init-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{error}"));
        let path = folder.join("pipetrail.toml");
        assert!(create(&path, b"one").is_ok());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "others read nothing");
        }
        let again = create(&path, b"two").map_err(|error| error.kind());
        let names: Vec<_> = fs::read_dir(&folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.file_name())
            .collect();
        let text = fs::read_to_string(&path).unwrap_or_default();
        let _ = fs::remove_dir_all(&folder);
        assert_eq!(again, Err(ErrorKind::AlreadyExists));
        assert_eq!((text.as_str(), names), ("one", vec!["pipetrail.toml".into()]));
    }
}
