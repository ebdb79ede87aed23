//! Standard output and standard error: nothing else writes to them. Data goes to the former, all the
//! rest to the latter; a pipe that is closed early is no error.

use std::io::{self, BufRead, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use pipetrail_stacksets::Progress;
use serde::Serialize;

/// The form of the data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    /// Tables for people.
    #[default]
    Table,
    /// One JSON document for programs.
    Json,
}

/// Writes one line of data.
pub fn data(text: &str) {
    // Whoever closed the pipe has read enough.
    let _ = writeln!(io::stdout().lock(), "{}", text.trim_end());
}

/// Clears a terminal, and separates what follows elsewhere.
pub fn clear() {
    let mut stdout = io::stdout().lock();
    let separator = if stdout.is_terminal() { "\x1b[2J\x1b[H" } else { "\n" };
    let _ = write!(stdout, "{separator}");
}

/// Writes data as one JSON document.
///
/// # Errors
/// The value cannot be serialised.
pub fn json(value: &impl Serialize) -> serde_json::Result<()> {
    data(&serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Writes a line for people.
pub fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", text.trim_end());
}

/// Writes an error, and the next command where one is known.
pub fn error(text: &str, hint: Option<&str>) {
    say(&format!("error: {text}"));
    if let Some(text) = hint {
        self::hint(text);
    }
}

/// Writes the next command to try.
pub fn hint(text: &str) {
    say(&format!("hint: {text}"));
}

/// Whether a question can be asked.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a question; only `y` and `yes` are a yes. Blocks until there is a line.
pub fn ask(question: &str) -> bool {
    // Nothing is locked while it waits: an interruption has to be told meanwhile.
    let _ = write!(io::stderr(), "{question} [y/N] ");
    let _ = io::stderr().flush();
    let mut answer = String::new();
    // Whatever cannot be read is not a yes.
    let _ = io::stdin().lock().read_line(&mut answer);
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

/// Shows what is going on: a bar on a terminal, a line per change elsewhere.
pub struct Steps {
    bar: Option<ProgressBar>,
    last: String,
}

impl Steps {
    /// For so many steps.
    pub fn new(steps: usize) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(u64::try_from(steps).unwrap_or(u64::MAX));
            if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len} {msg} {elapsed}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Steps {
            bar,
            last: String::new(),
        }
    }

    /// Shows one piece of news.
    pub fn show(&mut self, progress: Progress<'_>) {
        let line = match progress {
            Progress::Begins { step } => step.to_owned(),
            Progress::Waits { step, status } => format!("{step}: {status}"),
            Progress::Ended(result) => result.to_string(),
        };
        match (&self.bar, progress) {
            (Some(bar), Progress::Ended(_)) => {
                bar.suspend(|| say(&line));
                bar.inc(1);
            }
            (Some(bar), _) => bar.set_message(line),
            // Polls repeat themselves; a log should not.
            (None, Progress::Waits { .. }) if line == self.last => {}
            (None, Progress::Begins { .. }) => {}
            (None, _) => {
                say(&line);
                self.last = line;
            }
        }
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
