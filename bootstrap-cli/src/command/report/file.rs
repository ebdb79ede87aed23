//! The file that is written: whole, or not at all.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::failure::{Exit, Explain};
use crate::private_file;

/// A report that was not written.
#[derive(Debug, Error)]
pub(super) enum FileError {
    /// Something is there already.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// The folder is not there, or the disk is full.
    #[error("cannot write {}: {cause}", .path.display())]
    Write {
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
}

impl Explain for FileError {
    fn exit(&self) -> Exit {
        match self {
            FileError::Exists(_) => Exit::Usage,
            FileError::Write { .. } => Exit::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            FileError::Exists(_) => Some("`--force` replaces it".to_owned()),
            FileError::Write { .. } => None,
        }
    }
}

/// Where a report goes.
#[derive(Clone, Debug)]
pub(super) struct Target {
    path: PathBuf,
    replaces: bool,
}

impl Target {
    /// Looks whether the file may be written, before anything is asked.
    ///
    /// # Errors
    /// It is there and is not to be replaced, or its folder is not there.
    pub(super) fn new(path: &Path, replaces: bool) -> Result<Self, FileError> {
        let target = Target {
            path: path.to_owned(),
            replaces,
        };
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_dir() => return Err(target.failed(ErrorKind::IsADirectory.into())),
            Ok(_) if !replaces => return Err(FileError::Exists(target.path)),
            _ => {}
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        match fs::metadata(folder.unwrap_or(Path::new("."))) {
            Ok(found) if found.is_dir() => Ok(target),
            Ok(_) => Err(target.failed(ErrorKind::NotADirectory.into())),
            Err(cause) => Err(target.failed(cause)),
        }
    }

    /// Writes the file.
    ///
    /// # Errors
    /// Somebody else has written it meanwhile; the system refuses.
    pub(super) fn write(&self, contents: &[u8]) -> Result<(), FileError> {
        if self.replaces {
            return private_file::replace(&self.path, contents).map_err(|cause| self.failed(cause));
        }
        private_file::create(&self.path, contents).map_err(|cause| match cause.kind() {
            ErrorKind::AlreadyExists => FileError::Exists(self.path.clone()),
            _ => self.failed(cause),
        })
    }

    fn failed(&self, cause: std::io::Error) -> FileError {
        FileError::Write {
            path: self.path.clone(),
            cause,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("pipetrail-report-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Folder(path)
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).unwrap();
            entries
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_report_is_replaced_only_when_told_to() {
        let folder = Folder::new("replace");
        let path = folder.0.join("report.html");
        Target::new(&path, false).unwrap().write(b"one").unwrap();
        assert!(matches!(Target::new(&path, false), Err(FileError::Exists(_))));
        Target::new(&path, true).unwrap().write(b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(folder.names(), ["report.html"]);
    }

    #[test]
    fn what_appears_meanwhile_is_not_overwritten_and_nothing_half_stays() {
        let folder = Folder::new("meanwhile");
        let path = folder.0.join("report.html");
        let target = Target::new(&path, false).unwrap();
        fs::write(&path, "somebody else's").unwrap();
        assert!(matches!(target.write(b"ours"), Err(FileError::Exists(_))));
        assert_eq!(fs::read(&path).unwrap(), b"somebody else's");
        assert_eq!(folder.names(), ["report.html"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_report_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;

        let folder = Folder::new("mode");
        let path = folder.0.join("report.html");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        Target::new(&path, true).unwrap().write(b"new").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_missing_folder_is_said_at_once() {
        let folder = Folder::new("missing");
        let error = Target::new(&folder.0.join("none/report.html"), false).unwrap_err();
        assert!(error.to_string().contains("none/report.html"), "{error}");
        assert!(matches!(Target::new(&folder.0, true), Err(FileError::Write { .. })));
    }
}
