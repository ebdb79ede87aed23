//! An answer on standard output, row by row, in the three forms: a table for people, JSON and CSV for
//! programs. Nothing is masked, because rows are evidence; what a terminal would obey is made harmless
//! wherever people look.

mod csv;
mod form;
mod json;
mod table;

use std::time::Instant;

use pipetrail_lake::engine::Engine;

use self::form::{AnswerError, Form};
use crate::terminal::printer::{self, Output};
use crate::terminal::progress::Spinner;

fn form(output: Output) -> Box<dyn Form> {
    let terminal = printer::terminal();
    match output {
        Output::Table => Box::new(table::Table::new(terminal)),
        Output::Json => Box::new(json::Json::default()),
        Output::Csv => Box::new(csv::Csv::new(terminal.is_some())),
    }
}

/// Asks one statement and shows its rows as they come; how many, how long it took and what it read goes
/// to standard error.
///
/// # Errors
/// The engine's, or an answer that the form cannot hold.
pub(crate) async fn ask(engine: &Engine, sql: &str, output: Output) -> Result<(), AnswerError> {
    let began = Instant::now();
    // Athena says more about how it goes.
    let spinner = matches!(engine, Engine::Embedded(_)).then(Spinner::new);
    if let Some(spinner) = &spinner {
        spinner.show("reading the lake");
    }
    let mut rows = engine.ask(sql).await?;
    let columns = rows.columns().to_vec();
    let mut form = form(output);
    let begin = form.begin(&columns)?;
    // Nothing is written before the first rows are there: what fails at once leaves no torn document.
    let mut page = rows.next().await?;
    drop(spinner);
    printer::raw(&begin);
    let mut count = 0_usize;
    while let Some(values) = page {
        if !printer::has_reader() {
            return Ok(());
        }
        count += values.len();
        printer::raw(&form.page(&columns, values)?);
        page = rows.next().await?;
    }
    printer::raw(&form.end(&columns));
    let rows_word = if count == 1 { "row" } else { "rows" };
    let scanned = rows
        .scanned()
        .map_or_else(String::new, |scanned| format!(", {scanned}"));
    let seconds = began.elapsed().as_secs_f64();
    printer::say(&format!("{count} {rows_word} in {seconds:.1} s{scanned}"));
    if let Some(remark) = form.remark() {
        printer::advice(remark);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
