//! Files that their owner alone reads, written as a whole or not at all: settings with addresses and
//! external ids, reports that name people.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Writes a file that is not there yet.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] where there is one, which is left as it is; whatever else the file system
/// refuses.
pub fn create(path: &Path, contents: &[u8]) -> io::Result<()> {
    let draft = Draft::write(path, contents)?;
    // Unlike a rename, a link never replaces.
    match fs::hard_link(&draft.0, path) {
        // Not every file system has links.
        Err(error) if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::PermissionDenied) => {
            new().open(path)?.write_all(contents)
        }
        linked => linked,
    }
}

/// Writes a file in the place of whatever is there.
///
/// # Errors
/// What the file system refuses; what was there is left as it is then.
pub fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let draft = Draft::write(path, contents)?;
    fs::rename(&draft.0, path)
}

/// A file beside the one that is meant; of no use any more, whatever became of it.
struct Draft(PathBuf);

impl Draft {
    fn write(path: &Path, contents: &[u8]) -> io::Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let draft = Draft(path.with_file_name(format!(".{name}.{}", std::process::id())));
        let mut file = new().open(&draft.0)?;
        file.write_all(contents)?;
        file.sync_all()?;
        Ok(draft)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn new() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
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
