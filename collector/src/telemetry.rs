//! Logs and metrics of the Lambda functions: JSON lines on standard output.
//!
//! A log line never holds an event that was not redacted. Metrics are in CloudWatch's embedded
//! metric format, with the function's name as their only dimension: an account or a pipeline as a
//! dimension would cost a custom metric each.

use std::io::Write as _;

use serde::Serialize;
use serde_json::{Value, json};

use crate::time::Instant;

pub const NAMESPACE: &str = "pipetrail";

/// Writes a log line. `fields` is an object whose fields stand beside the message.
pub fn log(level: Level, message: &str, fields: &impl Serialize) {
    #[derive(Serialize)]
    struct Line<'a, F> {
        timestamp: Option<String>,
        level: Level,
        message: &'a str,
        #[serde(flatten)]
        fields: &'a F,
    }
    line(&Line {
        timestamp: now().map(Instant::text),
        level,
        message,
        fields,
    });
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// Worth keeping.
    Info,
    /// Something was given up on, and is kept elsewhere.
    Warn,
    /// Something will be tried again.
    Error,
}

/// Writes counts as metrics of a function, unit `Count`. Zeroes are left out.
pub fn counts(function: &str, counts: &[(&str, usize)]) {
    let present: Vec<_> = counts.iter().filter(|(_, count)| *count > 0).copied().collect();
    if !present.is_empty() {
        metrics(&[("function", function)], &present);
    }
}

/// Writes one metric with these dimensions, unit `Count`, zero too: where silence would mean something else.
pub fn measure(dimensions: &[(&str, &str)], name: &str, value: usize) {
    metrics(dimensions, &[(name, value)]);
}

fn metrics(dimensions: &[(&str, &str)], values: &[(&str, usize)]) {
    let metrics: Vec<Value> = values
        .iter()
        .map(|(name, _)| json!({"Name": name, "Unit": "Count"}))
        .collect();
    let names: Vec<&str> = dimensions.iter().map(|(name, _)| *name).collect();
    let mut object = json!({
        "_aws": {
            "Timestamp": now().map_or(0, Instant::millis),
            "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": [names], "Metrics": metrics}],
        },
    });
    for (name, value) in dimensions {
        object[*name] = json!(value);
    }
    for (name, value) in values {
        object[*name] = json!(value);
    }
    line(&object);
}

fn now() -> Option<Instant> {
    let elapsed = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .ok()?;
    Instant::from_millis(i64::try_from(elapsed.as_millis()).ok()?)
}

fn line(value: &impl Serialize) {
    let Ok(mut text) = serde_json::to_string(value) else {
        return;
    };
    text.push('\n');
    // A log that cannot be written must not stop the work.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}
