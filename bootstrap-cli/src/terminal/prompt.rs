//! The prompt of `pipetrail query`: statements over as many lines as they need, with history and
//! completion. It is on the terminal itself, so that rows alone go to standard output. Ctrl-C drops the
//! line, or stops the query that runs; Ctrl-D is the end.

mod assistant;
mod history;
mod line;
mod tables;

use pipetrail_lake::engine::Engine;
use rustyline::config::Behavior;
use rustyline::error::ReadlineError;
use rustyline::{CompletionType, Config};

use self::assistant::Assistant;
use self::history::{Kept, Prompt};
use self::line::Line;
use crate::failure::{Exit, Failure, Result};
use crate::lake;
use crate::terminal::answer;
use crate::terminal::printer::{self, Output};

/// Lines that are kept for the next time.
const KEPT: usize = 1000;

const HELP: &str = "\
SQL ends with a semicolon, after as many lines as it needs. Tab completes.

  \\d            tables of the lake
  \\d <TABLE>    columns of a table
  \\o <FORM>     form of the rows: table, json or csv
  \\? or help    this
  \\q or exit    leave, as Ctrl-D does

Ctrl-C drops what was typed, or stops the query that runs.";

/// Asks statement after statement.
///
/// # Errors
/// The terminal fails.
pub(crate) async fn run(engine: Engine, mut output: Output) -> Result<Exit> {
    let config = Config::builder()
        .behavior(Behavior::PreferTerm)
        .completion_type(CompletionType::List)
        .history_ignore_space(true)
        .max_history_size(KEPT)?
        .build();
    let mut prompt = Prompt::with_config(config)?;
    prompt.set_helper(Some(Assistant));
    let mut kept = Kept::load(history::path(), &mut prompt);
    printer::say("\\? helps, \\q leaves");
    while printer::has_reader() {
        // On a thread of its own: a read from the terminal cannot be interrupted.
        let read = tokio::task::spawn_blocking(move || {
            let line = prompt.readline("pipetrail> ");
            (prompt, line)
        });
        let line;
        (prompt, line) = read.await?;
        let line = match line {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(error.into()),
        };
        if !line.trim().is_empty() {
            kept.add(&mut prompt, &line);
        }
        match Line::of(&line) {
            Line::Nothing => {}
            Line::Leave => break,
            Line::Help => printer::say(HELP),
            Line::Tables => printer::verbatim(&tables::lake()),
            Line::Columns(table) => printer::verbatim(&tables::columns(table)),
            Line::Form(form) => output = form,
            Line::Wrong(message) => printer::error(&message, Some("\\? lists what there is")),
            Line::Sql(sql) => ask(&engine, sql, output).await,
        }
    }
    Ok(Exit::Ok)
}

/// Asks, until there is an answer or Ctrl-C. What goes wrong ends the query and not the prompt.
async fn ask(engine: &Engine, sql: &str, output: Output) {
    let ended = tokio::select! {
        ended = answer::ask(engine, sql, output) => ended,
        _ = tokio::signal::ctrl_c() => {
            printer::error("interrupted", None);
            Ok(())
        }
    };
    if let Err(error) = ended {
        let failure = Failure::from(error);
        printer::error(&failure.to_string(), failure.hint().as_deref());
    }
    lake::settle().await;
}
