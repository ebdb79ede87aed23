//! Without AWS and without a configuration: a folder is enough, and what is wrong is said at once.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::built::built;

/// A lake without rows, and a folder without configuration to ask it from.
pub struct Place {
    pub folder: TempDir,
    pub lake: TempDir,
}

impl Place {
    pub fn new() -> Self {
        let [folder, lake] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        for table in ["approvals", "heartbeats"] {
            std::fs::create_dir(lake.path().join(table)).unwrap();
        }
        Place { folder, lake }
    }

    pub fn lake(&self) -> &str {
        self.lake.path().to_str().unwrap()
    }

    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).env_clear();
        command.env("HOME", self.folder.path());
        command
    }

    /// Exit code, standard output and standard error of `pipetrail` with that standard input.
    fn run(&self, arguments: &[&str], input: &[u8]) -> (i32, String, String) {
        let mut command = self.command(&built().pipetrail);
        command.args(arguments).stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Whoever does not read its input closes it.
        let _ = child.stdin.take().unwrap().write_all(input);
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    fn refused(&self, arguments: &[&str], code: i32, error: &str, hint: &str) {
        let (ended, data, said) = self.run(arguments, b"");
        assert_eq!((ended, data.as_str()), (code, ""), "{arguments:?}: {said}");
        assert!(said.starts_with(&format!("error: {error}")), "{arguments:?}: {said}");
        let hints = said.split_once("\nhint: ").unwrap_or_else(|| panic!("{said}")).1;
        assert!(hints.contains(hint), "{arguments:?}: {said}");
    }
}

#[test]
fn a_folder_answers_and_a_file_or_standard_input_asks() {
    let place = Place::new();
    let lake = ["--lake", place.lake()];
    let none = "SELECT count(*) AS n, min(approver) AS first FROM approvals";
    let (code, data, said) = place.run(&[&["query", none], &lake[..]].concat(), b"");
    assert_eq!((code, data.as_str()), (0, "n  first\n0  -\n"), "{said}");
    assert!(said.starts_with("1 row in "), "{said}");
    let quiet = [&["query", none, "--quiet", "--output", "csv"], &lake[..]].concat();
    assert_eq!(
        place.run(&quiet, b""),
        (0, "n,first\r\n0,\r\n".to_owned(), String::new())
    );

    let sql = "\u{FEFF}-- who?\nSELECT '' AS \"a,b\", 'jane@example.com' AS who;\n";
    std::fs::write(place.folder.path().join("who.sql"), sql).unwrap();
    let expected = "\"a,b\",who\r\n\"\",jane@example.com\r\n";
    for (file, input) in [("who.sql", ""), ("-", sql)] {
        let asked = [&["query", "--output", "csv", "--file", file], &lake[..]].concat();
        let (code, data, said) = place.run(&asked, input.as_bytes());
        assert_eq!((code, data.as_str()), (0, expected), "{said}");
    }
}

#[test]
fn what_cannot_be_asked_is_wrong_usage_and_says_what_to_do() {
    let place = Place::new();
    let lake = place.lake();
    place.refused(&["query"], 2, "there is no query, and no terminal", "--file <FILE>");
    place.refused(
        &["query", "SELECT 1"],
        2,
        "there is no lake to ask: pipetrail.toml is not there",
        "--lake <PLACE>",
    );
    place.refused(&["query", "SELECT 1"], 2, "there is no lake", "`pipetrail init`");
    place.refused(
        &["query", "SELECT 1", "--lake", "nowhere"],
        2,
        "cannot open lake nowhere",
        "pipetrail ingest",
    );
    place.refused(
        &["query", "--file", "nowhere"],
        2,
        "cannot read the query from nowhere",
        "UTF-8",
    );
    place.refused(
        &["query", "INSERT INTO approvals SELECT 1", "--lake", lake],
        2,
        "only what reads",
        "SELECT",
    );
    place.refused(&["query", "", "--lake", lake], 2, "there is no statement", "write one");
    place.refused(
        &["query", "SELECT 'a", "--lake", lake],
        2,
        "a string does not end",
        "close it",
    );
    place.refused(
        &["status", "--output", "csv"],
        2,
        "this command has no rows",
        "--output json",
    );
    let long = place.folder.path().join("long.sql");
    std::fs::write(&long, format!("SELECT '{}'", "x".repeat(300_000))).unwrap();
    place.refused(
        &["query", "--lake", lake, "--file", long.to_str().unwrap()],
        2,
        "the query has 262148 bytes, and 262144 are the most",
        "less at a time",
    );
}

#[test]
fn a_reader_that_has_read_enough_is_no_error() {
    let place = Place::new();
    let ten = "(VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9))";
    let tens = ["a", "b", "c", "d", "e", "f"].map(|name| format!("{ten} AS {name} (n)"));
    let sql = format!("SELECT a.n FROM {}", tens.join(", "));
    for form in ["table", "json", "csv"] {
        let mut command = place.command(&built().pipetrail);
        command.args(["query", &sql, "--lake", place.lake(), "--output", form]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut some = [0; 1000];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut some).unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            (output.status.code(), output.stderr.as_slice()),
            (Some(0), &b""[..]),
            "{form}"
        );
    }
}

#[test]
fn an_error_that_quotes_an_event_moves_no_cursor() {
    let place = Place::new();
    let sql = "SELECT CAST('a\u{1b}[2J\rb\u{202e}' AS bigint) AS n";
    let (code, data, said) = place.run(&["query", sql, "--lake", place.lake()], b"");
    assert_eq!((code, data.as_str()), (1, ""), "{said}");
    assert!(said.contains("a\\u{1b}[2J\\rb\\u{202e}"), "{said:?}");
}
