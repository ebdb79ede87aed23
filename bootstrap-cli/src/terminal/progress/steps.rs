//! The steps of a plan as they are carried out: a bar on a terminal, lines elsewhere.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use pipetrail_lake::hostile::masked;
use pipetrail_stacksets::{Progress, StepState};

use crate::terminal::printer::{self, Volume, say, volume};

/// Shows what is going on: a bar on a terminal, a line per change elsewhere.
pub(crate) struct Steps {
    bar: Option<ProgressBar>,
    last: String,
}

impl Steps {
    /// For so many steps.
    pub(crate) fn new(steps: usize) -> Self {
        // A bar would be torn by the lines of the calls.
        let bar = (volume() == Volume::Normal && io::stderr().is_terminal()).then(|| {
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
    pub(crate) fn show(&mut self, progress: Progress<'_>) {
        let line = match progress {
            Progress::Begins { step } => step.to_string(),
            Progress::Waits { step, status } => format!("{step}: {status}"),
            Progress::Ended(result) => result.to_string(),
        };
        match (&self.bar, progress) {
            (Some(bar), Progress::Ended(_)) => {
                bar.suspend(|| say(&line));
                bar.inc(1);
            }
            (Some(bar), _) => bar.set_message(masked(&line).into_owned()),
            // A failure is an error, however quiet it should be.
            (None, Progress::Ended(result)) if result.state != StepState::Done => printer::line(&line),
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
