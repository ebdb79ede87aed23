//! From what the command line names to the inputs, in a fixed order, each once.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::TryStreamExt;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt};

use super::{Input, InputError, Source, is_parquet};

/// What there is to read.
#[derive(Debug, Default)]
pub struct Inputs {
    /// To be read, in this order.
    pub found: Vec<Input>,
    /// Files of folders whose names are not those of event files.
    pub passed_over: u64,
    /// What cannot be read.
    pub problems: Vec<InputError>,
    /// Whether Parquet files of folders are read.
    rows: bool,
    /// Folders and files that are known, by their real paths.
    seen: HashSet<PathBuf>,
}

impl Inputs {
    /// None yet; with `rows` the Parquet files of folders are to be among them.
    pub fn new(rows: bool) -> Self {
        Inputs {
            rows,
            ..Inputs::default()
        }
    }

    fn takes(&self, path: &Path) -> bool {
        is_event_file(path) || (self.rows && is_parquet(path))
    }
}

/// Endings of the files that are read of a folder. Those without one are read too: Firehose's errors
/// and backups have none.
const ENDINGS: [&str; 5] = ["json", "jsonl", "ndjson", "log", "txt"];
const PACKED: [&str; 3] = ["gz", "zst", "zstd"];

/// Finds the inputs that a file name, a folder, a pattern or `-` stands for, and adds them.
pub fn find(given: &OsStr, inputs: &mut Inputs) {
    if given == "-" {
        if inputs.seen.insert(PathBuf::from("-")) {
            inputs.found.push(Input::stdin());
        }
        return;
    }
    let path = Path::new(given);
    let problem = match (fs::symlink_metadata(path), given.to_str()) {
        // A file may be called `[1].json`: what is there is meant.
        (Ok(_), _) => return add(path, true, inputs),
        (Err(error), Some(text)) if error.kind() == ErrorKind::NotFound && text.contains(['*', '?', '[']) => {
            return matching(text, inputs);
        }
        (Err(error), _) if error.kind() == ErrorKind::NotFound => InputError::NotFound(name(path)),
        (Err(cause), _) => InputError::Io {
            name: name(path),
            cause,
        },
    };
    inputs.problems.push(problem);
}

/// Finds the objects below a prefix, and adds them. A prefix is a folder's, or one object's key.
pub async fn find_in_bucket(bucket: &str, prefix: &str, store: &Arc<dyn ObjectStore>, inputs: &mut Inputs) {
    let name = |key: &str| format!("s3://{bucket}/{key}");
    // As it is, where that is a key at all.
    let prefix = Key::parse(prefix).unwrap_or_else(|_| Key::from(prefix));
    let listed: Result<Vec<_>, _> = store.list(Some(&prefix)).try_collect().await;
    let mut objects = match listed {
        Ok(objects) => objects,
        Err(cause) => {
            let name = name(prefix.as_ref());
            inputs.problems.push(InputError::Store { name, cause });
            return;
        }
    };
    // Consoles mark a folder with an empty object whose key ends in a slash, which a key here cannot.
    objects.retain(|object| object.size > 0);
    if objects.is_empty() {
        // A listing begins at a slash, and so does not name an object itself.
        match store.head(&prefix).await {
            Ok(object) => objects.push(object),
            Err(object_store::Error::NotFound { .. }) => {}
            Err(cause) => {
                let name = name(prefix.as_ref());
                inputs.problems.push(InputError::Store { name, cause });
                return;
            }
        }
    }
    objects.sort_by(|a, b| a.location.cmp(&b.location));
    let before = inputs.found.len();
    for object in objects {
        let below = object.location.prefix_match(&prefix);
        let hidden = below.is_some_and(|mut parts| parts.any(|part| part.as_ref().starts_with('.')));
        let named = object.location == prefix;
        let readable = object
            .location
            .filename()
            .is_some_and(|name| inputs.takes(Path::new(name)));
        if !named && (hidden || !readable) {
            inputs.passed_over += 1;
            continue;
        }
        let name = name(object.location.as_ref());
        if inputs.seen.insert(PathBuf::from(&name)) {
            inputs.found.push(Input {
                name,
                size: Some(object.size),
                source: Source::Object {
                    store: Arc::clone(store),
                    key: object.location,
                },
            });
        }
    }
    if inputs.found.len() == before {
        inputs.problems.push(InputError::NoFiles(name(prefix.as_ref())));
    }
}

fn matching(pattern: &str, inputs: &mut Inputs) {
    let options = glob::MatchOptions {
        require_literal_leading_dot: true,
        require_literal_separator: true,
        ..glob::MatchOptions::new()
    };
    let paths = match glob::glob_with(pattern, options) {
        Ok(paths) => paths,
        Err(cause) => {
            let pattern = pattern.to_owned();
            inputs.problems.push(InputError::Pattern { pattern, cause });
            return;
        }
    };
    let mut matched = false;
    for path in paths {
        matched = true;
        match path {
            Ok(path) => add(&path, true, inputs),
            Err(error) => {
                let name = name(error.path());
                let cause = std::io::Error::from(error);
                inputs.problems.push(InputError::Io { name, cause });
            }
        }
    }
    if !matched {
        inputs.problems.push(InputError::NoMatch(pattern.to_owned()));
    }
}

/// Adds a file, or what is in a folder. `named` says that somebody asked for this very one.
fn add(path: &Path, named: bool, inputs: &mut Inputs) {
    let io = |cause| InputError::Io {
        name: name(path),
        cause,
    };
    // Links are followed, but no file is read twice, and no circle walked.
    let known = fs::metadata(path).and_then(|about| Ok((about, fs::canonicalize(path)?)));
    let (about, real) = match known {
        Ok(known) => known,
        Err(cause) => return inputs.problems.push(io(cause)),
    };
    let folder = about.is_dir();
    if !folder && !named && !inputs.takes(path) {
        inputs.passed_over += 1;
        return;
    }
    if !inputs.seen.insert(real) {
        return;
    }
    if let Some(what) = special(&about.file_type()) {
        let name = name(path);
        return inputs.problems.push(InputError::Special { name, what });
    }
    if !folder {
        inputs.found.push(Input {
            name: name(path),
            size: Some(about.len()),
            source: Source::File(path.to_owned()),
        });
        return;
    }
    let before = (inputs.found.len(), inputs.problems.len());
    let entries = fs::read_dir(path).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    let mut entries: Vec<PathBuf> = match entries {
        Ok(entries) => entries,
        Err(cause) => return inputs.problems.push(io(cause)),
    };
    entries.sort();
    for entry in entries {
        let hidden = entry
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden {
            add(&entry, false, inputs);
        }
    }
    if named && before == (inputs.found.len(), inputs.problems.len()) {
        inputs.problems.push(InputError::NoFiles(name(path)));
    }
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

/// What a path is that is neither file nor folder.
fn special(about: &fs::FileType) -> Option<&'static str> {
    use std::os::unix::fs::FileTypeExt;
    [
        (about.is_fifo(), "a pipe"),
        (about.is_socket(), "a socket"),
        (about.is_char_device() || about.is_block_device(), "a device"),
    ]
    .into_iter()
    .find_map(|(is, what)| is.then_some(what))
}

fn is_event_file(path: &Path) -> bool {
    let ending = |path: &Path| Some(path.extension()?.to_str()?.to_ascii_lowercase());
    match ending(path) {
        Some(packed) if PACKED.contains(&packed.as_str()) => {
            let inner = path.with_extension("");
            ending(&inner).is_none_or(|ending| ENDINGS.contains(&ending.as_str()))
        }
        Some(ending) => ENDINGS.contains(&ending.as_str()),
        None => path.extension().is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_files_are_told_by_their_names_and_others_are_passed_over() {
        for (name, is) in [
            ("a.json", true),
            ("a.JSON.GZ", true),
            ("a.ndjson.zst", true),
            ("a.jsonl.zstd", true),
            ("a.log", true),
            ("a.txt", true),
            ("a.gz", true),
            ("pipetrail-approval-calls-1-2026-11-20-09-05-00-0b6c1d2e", true),
            ("a.parquet", false),
            ("a.csv", false),
            ("a.csv.gz", false),
            ("a.tar.gz", false),
            ("README.md", false),
        ] {
            assert_eq!(is_event_file(Path::new(name)), is, "{name}");
        }
    }
}
