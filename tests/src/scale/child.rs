//! Runs a command to its end, with an eye on its memory.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::process::Command;

pub(super) struct Ended {
    pub(super) code: Option<i32>,
    /// Standard output, then standard error.
    pub(super) said: String,
    pub(super) wall: Duration,
    pub(super) peak_kib: Option<u64>,
}

/// The peak is the kernel's own high-water mark, read every few milliseconds: only what is allocated
/// in the last of them is missed.
pub(super) async fn run(mut command: Command) -> Result<Ended> {
    let began = Instant::now();
    let child = command.spawn().context("cannot start pipetrail")?;
    let status = child.id().map(|id| format!("/proc/{id}/status"));
    let mut peak_kib = None;
    let output = child.wait_with_output();
    tokio::pin!(output);
    let output = loop {
        tokio::select! {
            output = &mut output => break output?,
            () = tokio::time::sleep(Duration::from_millis(2)) => {
                peak_kib = peak_kib.max(status.as_deref().and_then(high_water));
            }
        }
    };
    Ok(Ended {
        code: output.status.code(),
        said: [output.stdout, output.stderr]
            .map(|text| String::from_utf8_lossy(&text).into_owned())
            .concat(),
        wall: began.elapsed(),
        peak_kib,
    })
}

/// `VmHWM:     12345 kB`, on Linux.
fn high_water(path: &str) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
