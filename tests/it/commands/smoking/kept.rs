//! The answers that a run has kept: numbered without a gap, complete, and without a secret.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use pipetrail_tests::organization::Organization;
use serde_json::Value;

/// Reads them all.
pub(super) fn check(organization: &Organization, captures: &Path, report: &Value) -> Result<()> {
    let config = std::fs::read_to_string(&organization.aws_config)?;
    let secrets = config.lines().filter_map(|line| {
        let (name, value) = line.split_once(" = ")?;
        (name.ends_with("_token") || name == "aws_secret_access_key").then_some(value)
    });
    // The audit account's is a word.
    let secrets: Vec<&str> = secrets.filter(|secret| secret.len() > 10).collect();
    ensure!(!secrets.is_empty(), "{config}");
    let (mut numbers, mut calls) = (BTreeSet::new(), BTreeSet::new());
    for entry in std::fs::read_dir(captures)? {
        let path = entry?.path();
        let text = std::fs::read_to_string(&path)?;
        if let Some(secret) = secrets.iter().find(|secret| text.contains(**secret)) {
            bail!("{} holds {secret}", path.display());
        }
        // Accounts of the emulator have addresses.
        let mut before = text.match_indices('@').map(|(at, _)| text[..at].chars().next_back());
        let is_whole = before.any(|c| c.is_some_and(char::is_alphanumeric));
        ensure!(!is_whole, "{} has an address: {text}", path.display());
        if path.file_name().is_some_and(|name| name == "report.json") {
            continue;
        }
        let capture: Value = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        numbers.insert(capture["number"].as_u64().context("no number")?);
        let text = |name: &str| capture[name].as_str().unwrap_or_default().to_owned();
        calls.insert(format!("{} {}", text("service"), text("operation")));
        ensure!(capture["status"].is_u64() && !text("account").is_empty(), "{capture}");
    }
    let count = report["answers"].as_u64().context("no answers")?;
    ensure!(numbers == (1..=count).collect(), "{numbers:?}, {count}");
    for call in [
        "firehose DescribeDeliveryStream",
        "cloudformation CreateChangeSet",
        "sts AssumeRole",
        "events PutEvents",
    ] {
        ensure!(calls.contains(call), "{call} is not among {calls:?}");
    }
    Ok(())
}
