//! What DataFusion says, in a sentence, with the position and the next thing to try.

use std::error::Error as _;

use datafusion::common::{Column, Diagnostic, SchemaError};
use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::parser::ParserError;
use pipetrail_collector::Table;

use super::schema::BadFile;
use crate::engine::error::EngineError;

/// The names of the tables.
pub(super) fn tables() -> String {
    Table::ALL.map(Table::name).join(", ")
}

/// What DataFusion says.
pub(crate) fn explain(error: &DataFusionError) -> EngineError {
    let root = innermost(error);
    let (message, hint) = match root {
        _ if bad_file(error).is_some() => bad_file(error).map(of_file).unwrap_or_default(),
        DataFusionError::SQL(parser, _) if matches!(**parser, ParserError::RecursionLimitExceeded) => {
            return too_deep();
        }
        DataFusionError::SQL(parser, _) => (of_parser(&parser.to_string()), Some(SYNTAX.to_owned())),
        DataFusionError::SchemaError(schema, _) => of_schema(schema),
        DataFusionError::ResourcesExhausted(text) => (
            format!("the query needs more memory than it may use: {}", first_line(text)),
            Some("ask for fewer months, accounts or columns; `raw` is the largest column".to_owned()),
        ),
        DataFusionError::Plan(text) => of_plan(text),
        DataFusionError::NotImplemented(text) => of_missing(text),
        other => (first_line(&other.strip_backtrace()).to_owned(), None),
    };
    let position = error.diagnostic().and_then(position);
    EngineError::Refused {
        message: match position {
            Some((line, column)) if !message.contains("line ") => format!("{message} at line {line}, column {column}"),
            _ => message,
        },
        hint,
    }
}

/// A tree that is deeper than it can be walked.
pub(super) fn too_deep() -> EngineError {
    EngineError::Refused {
        message: "the query is nested too deep".to_owned(),
        hint: Some("a long chain of OR is shorter as IN (…)".to_owned()),
    }
}

const SYNTAX: &str = "docs/sql.md has the SQL that every engine here reads alike";

/// The error below contexts and diagnostics.
fn innermost(error: &DataFusionError) -> &DataFusionError {
    match error {
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => innermost(inner),
        DataFusionError::Shared(inner) => innermost(inner),
        DataFusionError::Collection(all) => all.first().map_or(error, innermost),
        _ => error,
    }
}

fn position(diagnostic: &Diagnostic) -> Option<(u64, u64)> {
    let start = diagnostic.span?.start;
    (start.line > 0).then_some((start.line, start.column))
}

fn bad_file(error: &DataFusionError) -> Option<&BadFile> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(innermost(error));
    while let Some(error) = cause {
        if let Some(bad) = error.downcast_ref::<BadFile>() {
            return Some(bad);
        }
        cause = match error.downcast_ref::<DataFusionError>() {
            Some(DataFusionError::ParquetError(inner)) => Some(inner.as_ref()),
            Some(DataFusionError::External(inner)) => Some(inner.as_ref()),
            Some(DataFusionError::Shared(inner)) => Some(inner.as_ref()),
            Some(DataFusionError::Context(_, inner)) => Some(inner.as_ref()),
            Some(DataFusionError::ArrowError(inner, _)) => inner.source(),
            _ => error.source(),
        };
    }
    None
}

fn of_file(bad: &BadFile) -> (String, Option<String>) {
    let hint = "take the file out of the table's folder, or rename it with a `_` before; `pipetrail ingest` writes its rows anew";
    (format!("cannot read {bad}"), Some(hint.to_owned()))
}

/// `sql parser error: … at Line: 1, Column: 8`, in our words.
fn of_parser(text: &str) -> String {
    let text = text.trim_start_matches("sql parser error: ");
    let text = text.trim_start_matches("ParserError(\"").trim_end_matches("\")");
    let text = text.replace("Line: ", "line ").replace("Column: ", "column ");
    lower_case(first_line(&text))
}

fn of_schema(error: &SchemaError) -> (String, Option<String>) {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => (
            format!("no column {}", field.flat_name()),
            Some(nearest(&field.name, valid_fields)),
        ),
        SchemaError::AmbiguousReference { field } => (
            format!("more than one table has a column {}", field.name),
            Some(format!("write <table>.{}", field.name)),
        ),
        other => (lower_case(first_line(&other.to_string())), None),
    }
}

/// The names that are most like one that is wrong.
fn nearest(wrong: &str, known: &[Column]) -> String {
    let mut names: Vec<&str> = known.iter().map(|column| column.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names.sort_by_key(|name| distance(wrong, name));
    match names.as_slice() {
        [] => "no table is read here".to_owned(),
        [best, ..] if distance(wrong, best) <= wrong.len() / 3 => format!("did you mean {best}?"),
        _ => "`SHOW COLUMNS FROM <table>` lists a table's columns".to_owned(),
    }
}

/// Letters to change, add or take away (Levenshtein's distance).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let change = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

fn of_plan(text: &str) -> (String, Option<String>) {
    let text = first_line(text);
    if let Some(name) = text
        .strip_prefix("table '")
        .and_then(|rest| rest.strip_suffix("' not found"))
    {
        let name = name.strip_prefix("lake.pipetrail.").unwrap_or(name);
        return (format!("no table {name}"), Some(format!("the tables are {}", tables())));
    }
    let refused = ["DDL not supported", "DML not supported", "Statement not supported"];
    if refused.iter().any(|refused| text.starts_with(refused)) {
        return only_read();
    }
    (lower_case(text), Some(SYNTAX.to_owned()))
}

/// What DataFusion does not do, statements that are no queries among it.
fn of_missing(text: &str) -> (String, Option<String>) {
    match first_line(text) {
        statement if statement.starts_with("Unsupported SQL statement") => only_read(),
        text => (lower_case(text), Some(SYNTAX.to_owned())),
    }
}

fn only_read() -> (String, Option<String>) {
    let hint = "only SELECT, WITH, SHOW, DESCRIBE and EXPLAIN are answered";
    ("a lake is only read here".to_owned(), Some(hint.to_owned()))
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim_end()
}

fn lower_case(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        // A word that is all capitals stays: it is SQL's.
        (Some(first), second) if second.is_none_or(|second| !second.is_uppercase()) => {
            first.to_lowercase().chain(text.chars().skip(1)).collect()
        }
        _ => text.to_owned(),
    }
}
