//! Files of this repository that the code writes, in whole or in part. A test holds each to what the code
//! says; `INSTA_UPDATE=always` rewrites it instead. That is insta's switch, which has its meaning for
//! snapshots too; insta itself writes no part of a document, and it would build `similar`, which the
//! command links, with other features.

use std::path::Path;
use std::{env, fs, thread};

/// Holds a whole file to `expected`. Its path is relative to the repository's root.
///
/// # Panics
/// When it differs, or cannot be written.
#[track_caller]
pub fn whole(path: &str, expected: &str) {
    hold(path, |_| expected.to_owned());
}

/// Holds the lines between two marker lines of a file to `expected`: `<!-- {name} -->`, and the first
/// `<!-- end -->` that follows. Its path is relative to the repository's root.
///
/// # Panics
/// When they differ, when there are no such markers, or when the file cannot be written.
#[track_caller]
pub fn part(path: &str, name: &str, expected: &str) {
    hold(path, |found| {
        replaced(found, name, expected).unwrap_or_else(|| panic!("{path} has no part <!-- {name} -->"))
    });
}

#[track_caller]
fn hold(path: &str, expected: impl FnOnce(&str) -> String) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    // A file that is not there yet is an empty one: it is written like any other.
    let found = fs::read_to_string(&file).unwrap_or_default();
    let expected = expected(&found);
    let Some(difference) = difference(&found, &expected) else {
        return;
    };
    if env::var_os("INSTA_UPDATE").is_some_and(|how| how == "always") {
        fs::write(&file, expected).unwrap_or_else(|error| panic!("cannot write {path}: {error}"));
        return;
    }
    let test = thread::current().name().unwrap_or_default().to_owned();
    panic!(
        "{path} is not what the code says\n{difference}\nto accept that: INSTA_UPDATE=always cargo all-tests -- {test}"
    );
}

/// The text with another part of that name.
fn replaced(text: &str, name: &str, part: &str) -> Option<String> {
    let begin = format!("<!-- {name} -->\n");
    let from = text.find(&begin)? + begin.len();
    let to = from + text[from..].find("<!-- end -->")?;
    Some(format!("{}{part}{}", &text[..from], &text[to..]))
}

/// The first line that differs, by its number. The two whole texts would be too long to read.
fn difference(found: &str, expected: &str) -> Option<String> {
    if found == expected {
        return None;
    }
    let (mut there, mut here) = (found.split('\n'), expected.split('\n'));
    let mut number = 0;
    loop {
        number += 1;
        let (found, expected) = (there.next(), here.next());
        if found != expected {
            let line = |line: Option<&str>| line.map_or("no line".to_owned(), |line| format!("{line:?}"));
            return Some(format!("line {number}: {}\nexpected: {}", line(found), line(expected)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_part_is_replaced() {
        let text = "head\n<!-- a -->\nold\n<!-- end -->\n<!-- b -->\nold\n<!-- end -->\ntail\n";
        let expected = "head\n<!-- a -->\nold\n<!-- end -->\n<!-- b -->\nnew\n<!-- end -->\ntail\n";
        assert_eq!(replaced(text, "b", "new\n").as_deref(), Some(expected));
        assert_eq!(replaced(text, "c", "new\n"), None);
    }

    #[test]
    fn the_first_line_that_differs_is_named_and_a_missing_one_too() {
        assert_eq!(difference("a\nb\n", "a\nb\n"), None);
        let said = difference("a\nb\nc\n", "a\nB\nC\n").unwrap();
        assert_eq!(said, "line 2: \"b\"\nexpected: \"B\"");
        let said = difference("a\n", "a").unwrap();
        assert_eq!(said, "line 2: \"\"\nexpected: no line");
    }
}
