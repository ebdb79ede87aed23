//! How far reading and writing have come: a bar on a terminal, nothing elsewhere.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use pipetrail_lake::ingest::Progress;

use crate::terminal::printer::{Volume, volume};

/// Bytes read, then partitions written.
#[derive(Debug)]
pub(crate) struct Meter(Option<ProgressBar>);

impl Meter {
    /// For so many bytes; without an end where nobody knows how many there are.
    pub(crate) fn new(bytes: Option<u64>) -> Self {
        if volume() == Volume::Quiet || !io::stderr().is_terminal() {
            return Meter(None);
        }
        let bar = bytes.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        let template = if bytes.is_some() {
            "{spinner} reading {bytes}/{total_bytes} {wide_bar} {bytes_per_sec}, {eta} left"
        } else {
            "{spinner} reading {bytes} {bytes_per_sec}"
        };
        style(&bar, template);
        bar.enable_steady_tick(Duration::from_millis(120));
        Meter(Some(bar))
    }
}

impl Progress for Meter {
    fn read(&self, bytes: u64) {
        if let Some(bar) = &self.0 {
            bar.inc(bytes);
        }
    }

    fn partitions(&self, count: usize) {
        if let Some(bar) = &self.0 {
            bar.reset();
            bar.set_length(count as u64);
            style(bar, "{spinner} writing partition {pos}/{len} {wide_bar} {eta} left");
        }
    }

    fn written(&self) {
        if let Some(bar) = &self.0 {
            bar.inc(1);
        }
    }
}

fn style(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
