//! What DataFusion says, in a sentence, with the position and the next thing to try.

use std::error::Error;
use std::iter::successors;

use datafusion::common::{Column, SchemaError};
use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::parser::ParserError;
use pipetrail_collector::Table;
use strsim::levenshtein;

use super::schema::{BadFile, Gone};
use crate::engine::error::EngineError;

/// The names of the tables.
pub(super) fn tables() -> String {
    Table::ALL.map(Table::name).join(", ")
}

impl From<DataFusionError> for EngineError {
    fn from(error: DataFusionError) -> Self {
        if let Some(gone) = cause::<Gone>(&error) {
            return EngineError::Refused {
                message: format!("cannot read {gone}"),
                hint: Some(GONE.to_owned()),
            };
        }
        let (message, hint) = match (cause::<BadFile>(&error), innermost(&error)) {
            (Some(bad), _) => (format!("cannot read {bad}"), Some(BAD_FILE.to_owned())),
            (_, DataFusionError::SQL(parser, _)) => match **parser {
                ParserError::RecursionLimitExceeded => return too_deep(),
                _ => (of_parser(&parser.to_string()), Some(SYNTAX.to_owned())),
            },
            (_, DataFusionError::SchemaError(schema, _)) => of_schema(schema),
            (_, DataFusionError::ResourcesExhausted(text)) => (
                format!("the query needs more memory than it may use: {}", first_line(text)),
                Some("ask for fewer months, accounts or columns; `raw` is the largest column".to_owned()),
            ),
            (_, DataFusionError::Plan(text) | DataFusionError::NotImplemented(text)) => of_plan(text),
            (_, other) => (first_line(&other.strip_backtrace()).to_owned(), None),
        };
        let span = error.diagnostic().and_then(|diagnostic| diagnostic.span);
        let message = match span.map(|span| span.start) {
            Some(at) if at.line > 0 && !message.contains("line ") => {
                format!("{message} at line {}, column {}", at.line, at.column)
            }
            _ => message,
        };
        EngineError::Refused { message, hint }
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
const BAD_FILE: &str = "take the file out of the table's folder, or rename it with a `_` before; \
                        `pipetrail ingest` writes its rows anew";

/// It was asked twice then, or the first rows had been given out already.
const GONE: &str = "ask again: files were settled into others while the query read them";

/// The error below contexts and diagnostics.
fn innermost(error: &DataFusionError) -> &DataFusionError {
    match error {
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => innermost(inner),
        DataFusionError::Shared(inner) => innermost(inner),
        DataFusionError::Collection(all) => all.first().map_or(error, innermost),
        _ => error,
    }
}

/// Whether a file went between the list of files and the reading.
pub(super) fn is_gone(error: &DataFusionError) -> bool {
    cause::<Gone>(error).is_some()
}

/// The first error of that kind in the chain of causes.
fn cause<E: Error + 'static>(error: &DataFusionError) -> Option<&E> {
    let error: &(dyn Error + 'static) = error;
    successors(Some(error), |&error| error.source()).find_map(|error| error.downcast_ref())
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

/// The name that is most like one that is wrong.
fn nearest(wrong: &str, known: &[Column]) -> String {
    let names = known
        .iter()
        .map(|column| (levenshtein(wrong, &column.name), &column.name));
    match names.min() {
        None => "no table is read here".to_owned(),
        Some((letters, best)) if letters <= wrong.len() / 3 => format!("did you mean {best}?"),
        Some(_) => "`SHOW COLUMNS FROM <table>` lists a table's columns".to_owned(),
    }
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
    if text.starts_with("Unsupported SQL statement") || refused.iter().any(|refused| text.starts_with(refused)) {
        let hint = "only SELECT, WITH, SHOW, DESCRIBE and EXPLAIN are answered";
        return ("a lake is only read here".to_owned(), Some(hint.to_owned()));
    }
    (lower_case(text), Some(SYNTAX.to_owned()))
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
