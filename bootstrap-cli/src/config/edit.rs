//! Editing `pipetrail.toml` in place: comments, order and all that is not meant stay as they are.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use thiserror::Error;

use crate::failure::Explain;
use crate::private_file;
use toml_edit::{Array, DocumentMut, Item, RawString, TableLike, Value};

/// A change of a setting of `[organization]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub(crate) enum Setting {
    /// A list gets an entry.
    Add {
        /// The list, for example `accounts`.
        key: &'static str,
        /// The entry.
        value: String,
    },
    /// A list loses an entry.
    Remove {
        /// The list.
        key: &'static str,
        /// The entry.
        value: String,
    },
    /// A switch is set.
    Set {
        /// Its key.
        key: &'static str,
        /// Its value.
        value: bool,
    },
}

impl Setting {
    /// A list gets an entry.
    pub(crate) fn add(key: &'static str, value: &str) -> Self {
        let value = value.to_owned();
        Setting::Add { key, value }
    }

    /// A list loses an entry.
    pub(crate) fn remove(key: &'static str, value: &str) -> Self {
        let value = value.to_owned();
        Setting::Remove { key, value }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Setting::Add { key, value } => write!(f, "+ organization.{key}: \"{value}\""),
            Setting::Remove { key, value } => write!(f, "- organization.{key}: \"{value}\""),
            Setting::Set { key, value } => write!(f, "~ organization.{key} = {value}"),
        }
    }
}

/// A file that cannot be edited.
#[derive(Debug, Error)]
pub(crate) enum SettingsError {
    /// The file system refused.
    #[error("cannot write {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody else has changed it since it was read.
    #[error("{} was changed by somebody else meanwhile", .0.display())]
    Changed(PathBuf),
    /// It is read as a configuration, but not as a document with `[organization]`.
    #[error("cannot edit {}", .0.display())]
    Unknown(PathBuf),
}

impl Explain for SettingsError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            SettingsError::Io { .. } => "nothing was changed; make the file and its folder writable",
            SettingsError::Changed(_) => "nothing was changed; run the command again",
            SettingsError::Unknown(_) => "nothing was changed; edit the file by hand and run `pipetrail apply`",
        };
        Some(hint.to_owned())
    }
}

/// `text` with the changes; `path` is named in errors only.
///
/// # Errors
/// The text has no table `organization`.
pub(crate) fn edited(path: &Path, text: &str, settings: &[Setting]) -> Result<String, SettingsError> {
    let unknown = || SettingsError::Unknown(path.to_owned());
    let mut document: DocumentMut = text.parse().map_err(|_| unknown())?;
    let table = document.get_mut("organization").and_then(Item::as_table_like_mut);
    let table = table.ok_or_else(unknown)?;
    for setting in settings {
        match setting {
            Setting::Add { key, value } => add(list(table, key).ok_or_else(unknown)?, value),
            Setting::Remove { key, value } => remove(list(table, key).ok_or_else(unknown)?, value),
            Setting::Set { key, value } => {
                let mut value = Value::from(*value);
                if let Some(old) = table.get(key).and_then(Item::as_value) {
                    *value.decor_mut() = old.decor().clone();
                }
                table.insert(key, Item::Value(value));
            }
        }
    }
    Ok(ended_as(text, &document.to_string()))
}

/// `edited` with the line ends of `text`, and its byte order mark: the document has neither.
fn ended_as(text: &str, edited: &str) -> String {
    const MARK: char = '\u{feff}';
    let mark = if text.starts_with(MARK) { "\u{feff}" } else { "" };
    let edited = edited.trim_start_matches(MARK).replace("\r\n", "\n");
    let lines = text.matches('\n').count();
    if lines > 0 && text.matches("\r\n").count() == lines {
        return format!("{mark}{}", edited.replace('\n', "\r\n"));
    }
    format!("{mark}{edited}")
}

fn list<'a>(table: &'a mut dyn TableLike, key: &str) -> Option<&'a mut Array> {
    table.entry(key).or_insert(Array::new().into()).as_array_mut()
}

/// At the end, written as the entry before it is: a list of one entry a line stays one.
fn add(array: &mut Array, entry: &str) {
    let (last, trailing) = (array.iter().last().map_or("", prefix), text(Some(array.trailing())));
    let Some(at) = last.rfind('\n') else {
        array.push(entry);
        return;
    };
    // A comment behind the last entry stays behind it.
    let value = Value::from(entry).decorated(format!("{}{}", comments(trailing), &last[at..]), "");
    let trailing = format!("\n{}", trailing.rsplit('\n').next().unwrap_or_default());
    array.push_formatted(value);
    array.set_trailing(trailing);
    array.set_trailing_comma(true);
}

/// Its comments stay: they may be those of the entry before it.
fn remove(array: &mut Array, entry: &str) {
    let Some(index) = array.iter().position(|value| value.as_str() == Some(entry)) else {
        return;
    };
    let removed = array.remove(index);
    let (before, after) = (prefix(&removed), text(removed.decor().suffix()));
    let comments = format!("{}{}", comments(before), comments(after));
    match array.get_mut(index) {
        Some(next) => {
            let own = prefix(next);
            // What becomes the first entry begins where the first one began.
            let own = match before.rfind('\n') {
                _ if index > 0 || own.contains('\n') => own,
                Some(at) => &before[at..],
                None => before,
            };
            let own = below(&comments, own);
            next.decor_mut().set_prefix(own);
        }
        None => array.set_trailing(below(&comments, text(Some(array.trailing())))),
    }
}

/// The part of the space around an entry that holds comments, without the end of the last one's line.
fn comments(space: &str) -> &str {
    let end = space.rfind('\n').filter(|end| space[..*end].contains('#'));
    end.map_or("", |end| &space[..end])
}

/// The space behind comments: what follows one begins on a line of its own.
fn below(comments: &str, space: &str) -> String {
    match comments.is_empty() || space.contains('\n') {
        true => format!("{comments}{space}"),
        false => format!("{comments}\n{space}"),
    }
}

fn prefix(value: &Value) -> &str {
    text(value.decor().prefix())
}

fn text(space: Option<&RawString>) -> &str {
    space.and_then(RawString::as_str).unwrap_or_default()
}

/// Puts `text` in the place of `old`: all of it or nothing, whenever the process is killed.
///
/// # Errors
/// The file is not `old` any more, or cannot be written.
pub(crate) fn replace(path: &Path, old: &str, text: &str) -> Result<(), SettingsError> {
    let refused = |source| SettingsError::Io {
        path: path.to_owned(),
        source,
    };
    // What a link points to is replaced, not the link.
    let target = fs::canonicalize(path).map_err(refused)?;
    // A folder that may be written to is enough for a rename, but somebody has protected the file.
    if fs::metadata(&target).map_err(refused)?.permissions().readonly() {
        return Err(refused(io::ErrorKind::PermissionDenied.into()));
    }
    if fs::read_to_string(&target).map_err(refused)? != old {
        return Err(SettingsError::Changed(path.to_owned()));
    }
    let replaced = || {
        let draft = private_file::draft(&target, text.as_bytes())?;
        draft.as_file().set_permissions(fs::metadata(&target)?.permissions())?;
        draft.persist(&target)?;
        Ok(())
    };
    replaced().map_err(refused)
}

#[cfg(test)]
mod tests;
