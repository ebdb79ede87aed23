//! A sign of life while something is waited for.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use pipetrail_lake::hostile::{self, masked};

use crate::terminal::printer::{Volume, volume};

/// Shows on a terminal what is waited for, and how long, and nothing elsewhere. Gone when dropped.
pub(crate) struct Spinner(Option<ProgressBar>);

impl Spinner {
    /// Shows nothing yet.
    pub(crate) fn new() -> Self {
        Spinner((volume() == Volume::Normal && io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        }))
    }

    /// Shows this instead of what was shown before.
    pub(crate) fn show(&self, text: &str) {
        if let Some(bar) = &self.0 {
            bar.set_message(masked(&hostile::line(text)).into_owned());
        }
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
