//! How far something has come, on standard error: a bar on a terminal, which is gone when it is dropped.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use pipetrail_lake::hostile::{self, masked};
use pipetrail_lake::ingest;
use pipetrail_stacksets::{StepProgress, StepState};

use crate::terminal::printer::{self, Volume, say, volume};

/// A bar, without an end where nobody knows one; hidden where it is unwanted or there is no terminal.
fn bar(is_wanted: bool, end: Option<u64>, template: &str) -> ProgressBar {
    if !is_wanted || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = end.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    style(&bar, template);
    bar.enable_steady_tick(Duration::from_millis(120));
    bar.with_finish(ProgressFinish::AndClear)
}

fn style(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}

/// A sign of life while something is waited for: what it is, and for how long. Nothing where there is no
/// terminal.
pub(crate) struct Spinner(ProgressBar);

impl Spinner {
    /// Shows nothing yet.
    pub(crate) fn new() -> Self {
        Spinner(bar(volume() == Volume::Normal, None, "{spinner} {msg} {elapsed}"))
    }

    /// Shows this instead of what was shown before.
    pub(crate) fn show(&self, text: &str) {
        self.0.set_message(masked(&hostile::line(text)).into_owned());
    }
}

/// Bytes read, then partitions written. Nothing where there is no terminal.
#[derive(Debug)]
pub(crate) struct Meter(ProgressBar);

impl Meter {
    /// For so many bytes; without an end where nobody knows how many there are.
    pub(crate) fn new(bytes: Option<u64>) -> Self {
        let template = if bytes.is_some() {
            "{spinner} reading {bytes}/{total_bytes} {wide_bar} {bytes_per_sec}, {eta} left"
        } else {
            "{spinner} reading {bytes} {bytes_per_sec}"
        };
        Meter(bar(volume() != Volume::Quiet, bytes, template))
    }
}

impl ingest::Progress for Meter {
    fn read(&self, bytes: u64) {
        self.0.inc(bytes);
    }

    fn partitions(&self, count: usize) {
        self.0.reset();
        self.0.set_length(count as u64);
        style(&self.0, "{spinner} writing partition {pos}/{len} {wide_bar} {eta} left");
    }

    fn written(&self) {
        self.0.inc(1);
    }
}

/// The steps of a plan as they are carried out; a line per change where there is no terminal.
pub(crate) struct Steps {
    bar: ProgressBar,
    last: String,
}

impl Steps {
    /// For so many steps.
    pub(crate) fn new(steps: usize) -> Self {
        // A bar would be torn by the lines of the calls.
        let is_wanted = volume() == Volume::Normal;
        let end = u64::try_from(steps).unwrap_or(u64::MAX);
        Steps {
            bar: bar(is_wanted, Some(end), "{spinner} {pos}/{len} {msg} {elapsed}"),
            last: String::new(),
        }
    }

    /// Shows one piece of news.
    pub(crate) fn show(&mut self, progress: StepProgress<'_>) {
        let line = match progress {
            StepProgress::Begins { step } => step.to_string(),
            StepProgress::Waits { step, status } => format!("{step}: {status}"),
            StepProgress::Ended(result) => result.to_string(),
        };
        match (self.bar.is_hidden(), progress) {
            (false, StepProgress::Ended(_)) => {
                self.bar.suspend(|| say(&line));
                self.bar.inc(1);
            }
            (false, _) => self.bar.set_message(masked(&line).into_owned()),
            // A failure is an error, however quiet it should be.
            (true, StepProgress::Ended(result)) if result.state != StepState::Done => printer::line(&line),
            // Polls repeat themselves; a log should not.
            (true, StepProgress::Waits { .. }) if line == self.last => {}
            (true, StepProgress::Begins { .. }) => {}
            (true, _) => {
                say(&line);
                self.last = line;
            }
        }
    }
}
