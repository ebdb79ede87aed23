//! The one place that writes to the terminal: standard output is data, standard error is
//! everything else.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Prints one line of data. A closed pipe ends the output quietly.
pub fn data(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Prints one line about what goes on.
pub fn progress(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// A step that takes its time: a spinner on a terminal, and one line when it is done.
pub struct Step {
    bar: Option<ProgressBar>,
    name: String,
    since: std::time::Instant,
}

impl Step {
    pub fn begin(name: &str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
                bar.set_style(style);
            }
            bar.set_message(name.to_owned());
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self {
            bar,
            name: name.to_owned(),
            since: std::time::Instant::now(),
        }
    }

    /// Says how far the step is.
    pub fn at(&self, done: usize, of: usize) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{} {done}/{of}", self.name));
        }
    }

    /// Ends the step and leaves one line behind.
    pub fn done(self, result: &str) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let seconds = self.since.elapsed().as_secs_f64();
        let colon = if result.is_empty() { "" } else { ": " };
        progress(&format!("{}{colon}{result} ({seconds:.1} s)", self.name));
    }
}
