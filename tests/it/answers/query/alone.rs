//! Without AWS and without a configuration: a folder is enough, and what is wrong is said at once.

use std::io::{Read, Write};
use std::process::Stdio;

use pipetrail_tests::environment::Ran;

use crate::lake_folder::LakeFolder;

/// A lake without rows, and no configuration.
pub(super) fn alone() -> LakeFolder {
    LakeFolder::with_tables(&["approval_calls", "heartbeats"])
}

/// Runs `pipetrail` with that standard input.
fn run(alone: &LakeFolder, arguments: &[&str], input: &[u8]) -> Ran {
    let mut command = alone.command(arguments);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Whoever does not read its input closes it.
    let _ = child.stdin.take().unwrap().write_all(input);
    Ran::from(child.wait_with_output().unwrap())
}

fn refused(alone: &LakeFolder, arguments: &[&str], code: i32, error: &str, hint: &str) {
    let ran = run(alone, arguments, b"");
    let said = &ran.stderr;
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(code), ""),
        "{arguments:?}: {said}"
    );
    assert!(said.starts_with(&format!("error: {error}")), "{arguments:?}: {said}");
    let hints = said.split_once("\nhint: ").unwrap_or_else(|| panic!("{said}")).1;
    assert!(hints.contains(hint), "{arguments:?}: {said}");
}

#[test]
fn a_folder_answers_and_a_file_or_standard_input_asks() {
    let alone = alone();
    let lake = ["--lake", "lake"];
    let none = "SELECT count(*) AS n, min(approver) AS first FROM approval_calls";
    let ran = run(&alone, &[&["query", none], &lake[..]].concat(), b"");
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "n  first\n0  -\n"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.starts_with("1 row in "), "{}", ran.stderr);
    let quiet = [&["query", none, "--quiet", "--output", "csv"], &lake[..]].concat();
    let ran = run(&alone, &quiet, b"");
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (Some(0), "n,first\r\n0,\r\n", "")
    );

    let sql = "\u{FEFF}-- who?\nSELECT '' AS \"a,b\", 'jane@example.com' AS who;\n";
    alone.write("who.sql", sql.as_bytes());
    let expected = "\"a,b\",who\r\n\"\",jane@example.com\r\n";
    for (file, input) in [("who.sql", ""), ("-", sql)] {
        let asked = [&["query", "--output", "csv", "--file", file], &lake[..]].concat();
        let ran = run(&alone, &asked, input.as_bytes());
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), expected), "{}", ran.stderr);
    }
}

#[test]
fn what_cannot_be_asked_is_wrong_usage_and_says_what_to_do() {
    let alone = alone();
    let lake = "lake";
    refused(
        &alone,
        &["query"],
        2,
        "there is no query, and no terminal",
        "--file <FILE>",
    );
    refused(
        &alone,
        &["query", "SELECT 1"],
        2,
        "there is no lake to ask: pipetrail.toml is not there",
        "--lake <PLACE>",
    );
    refused(
        &alone,
        &["query", "SELECT 1"],
        2,
        "there is no lake",
        "`pipetrail init`",
    );
    refused(
        &alone,
        &["query", "SELECT 1", "--lake", "nowhere"],
        2,
        "cannot open lake nowhere",
        "pipetrail ingest",
    );
    refused(
        &alone,
        &["query", "--file", "nowhere"],
        2,
        "cannot read the query from nowhere",
        "UTF-8",
    );
    refused(
        &alone,
        &["query", "INSERT INTO approval_calls SELECT 1", "--lake", lake],
        2,
        "only what reads",
        "SELECT",
    );
    refused(
        &alone,
        &["query", "", "--lake", lake],
        2,
        "there is no statement",
        "write one",
    );
    refused(
        &alone,
        &["query", "SELECT 'a", "--lake", lake],
        2,
        "a string does not end",
        "close it",
    );
    refused(
        &alone,
        &["status", "--output", "csv"],
        2,
        "this command has no rows",
        "--output json",
    );
    let long = alone.write("long.sql", format!("SELECT '{}'", "x".repeat(300_000)).as_bytes());
    refused(
        &alone,
        &["query", "--lake", lake, "--file", &long],
        2,
        "the query has 262148 bytes, and 262144 are the most",
        "less at a time",
    );
}

#[test]
fn a_reader_that_has_read_enough_is_no_error() {
    let alone = alone();
    let ten = "(VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9))";
    let tens = ["a", "b", "c", "d", "e", "f"].map(|name| format!("{ten} AS {name} (n)"));
    let sql = format!("SELECT a.n FROM {}", tens.join(", "));
    for form in ["table", "json", "csv"] {
        let mut command = alone.command(&["query", &sql, "--lake", "lake", "--output", form]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut some = [0; 1000];
        child.stdout.as_mut().unwrap().read_exact(&mut some).unwrap();
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
    let alone = alone();
    let sql = "SELECT CAST('a\u{1b}[2J\rb\u{202e}' AS bigint) AS n";
    let ran = run(&alone, &["query", sql, "--lake", "lake"], b"");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("a\\u{1b}[2J\\rb\\u{202e}"), "{:?}", ran.stderr);
}
