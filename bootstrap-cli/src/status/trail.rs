//! What a trail's files say of changes of our own resources in members.

use std::ffi::OsString;

use pipetrail_collector::Table;
use pipetrail_lake::answer::Value;
use pipetrail_lake::engine::{Embedded, Engine};
use pipetrail_lake::hostile;
use pipetrail_lake::ingest::Failed;
use pipetrail_lake::store::{Lake, Location};
use pipetrail_names::member::{forwarder, reader};
use serde::Serialize;

use super::verdict::Judged;
use crate::context::Context;
use crate::failure::{Problem, Result};
use crate::lake::files::{bring, inputs};
use crate::terminal::listing::{lines, table};

/// What `status --trail` found.
#[derive(Debug, Serialize)]
pub(crate) struct OwnChanges {
    /// Files that were read.
    pub files: u64,
    /// Records in them.
    pub records: u64,
    /// Records that could not be read.
    pub rejected: u64,
    /// The oldest first.
    pub changes: Vec<OwnChange>,
    /// Files that could not be read to their end.
    pub failed: Vec<Failed>,
}

/// A call that changed something of ours, or was refused.
#[derive(Debug, Serialize)]
pub(crate) struct OwnChange {
    /// UTC.
    pub time: String,
    pub account: String,
    /// The region whose stack has the resource; of a call of IAM it stands in the role's name.
    pub region: String,
    /// API operation.
    pub call: String,
    /// rule, queue, schedule, role, stack
    pub kind: String,
    /// Its name.
    pub resource: String,
    /// Who called, as the lake's column `actor`.
    pub actor: Option<String>,
    /// ARN of the caller.
    pub principal_arn: Option<String>,
    /// Why the call was refused; `None` where it was not.
    pub error: Option<String>,
    /// Whether the caller's role has the name that StackSets gives its own. Whoever may create roles can give one that name.
    pub by_stack_sets: bool,
}

const SQL: &str = "SELECT event_time, account_id, region, event_name, resource_kind, resource, actor, principal_arn, error_code, \
                   by_stack_sets FROM own_changes ORDER BY event_time, event_key";

/// Reads a trail's files. Nothing of them is kept.
///
/// # Errors
/// There are no files.
pub(crate) async fn read(context: &Context, trail: &[OsString]) -> Result<OwnChanges> {
    let (files, _, mut failed) = inputs(context, trail, false).await;
    if files.is_empty() {
        let why: Vec<String> = failed.iter().map(ToString::to_string).collect();
        return Err(Problem {
            message: format!("there is no log file of a trail to read: {}", why.join("; ")),
            hint: Some(
                "name its files, a folder of them, or s3://bucket/AWSLogs/…; `pipetrail doctor` names the organization's trail"
                    .to_owned(),
            ),
        }
        .into());
    }
    let folder =
        tempfile::tempdir().map_err(|error| Problem::new(format!("cannot make a temporary folder: {error}")))?;
    let location = Location::Folder(folder.path().to_owned());
    let nowhere = async || unreachable!("a folder needs no AWS");
    let lake = Lake::create(&location, nowhere).await?;
    let ingested = bring(files, lake, None, false, Some(Table::OwnChanges)).await?;
    failed.extend(ingested.failed);
    let changes = match ingested.rows {
        0 => vec![],
        _ => asked(&Lake::open(&location, nowhere).await?).await?,
    };
    Ok(OwnChanges {
        files: ingested.files,
        records: ingested.records,
        rejected: ingested.rejected,
        changes,
        failed,
    })
}

async fn asked(lake: &Lake) -> Result<Vec<OwnChange>> {
    let engine = Engine::Embedded(Embedded::over(lake)?);
    let answer = engine.ask(SQL).await?.collect().await?;
    Ok(answer.rows.into_iter().map(change).collect())
}

fn change(row: Vec<Value>) -> OwnChange {
    let by_stack_sets = row.last() == Some(&Value::Boolean(true));
    let mut texts = row.into_iter().map(|value| match value {
        Value::Text(text) => Some(text),
        _ => None,
    });
    let mut next = || texts.next().flatten();
    let mut change = OwnChange {
        time: next().unwrap_or_default(),
        account: next().unwrap_or_default(),
        region: next().unwrap_or_default(),
        call: next().unwrap_or_default(),
        kind: next().unwrap_or_default(),
        resource: next().unwrap_or_default(),
        actor: next(),
        principal_arn: next(),
        error: next(),
        by_stack_sets,
    };
    let roles = [forwarder(""), reader("")];
    if let Some(region) = roles
        .iter()
        .find_map(|role| change.resource.strip_prefix(role.as_str()))
    {
        change.region = region.to_owned();
    }
    change
}

impl OwnChanges {
    /// Leaves the changes in accounts and regions that are shown.
    pub(crate) fn retain(&mut self, shown: &[Judged]) {
        self.changes.retain(|change| {
            shown.iter().any(|row| {
                let region = row.row.region.as_ref();
                row.row.account.as_str() == change.account
                    && region.is_none_or(|region| region.as_str() == change.region)
            })
        });
    }

    /// A table and a summary. Without `all` what StackSets changed is only counted.
    pub(crate) fn listing(&self, all: bool) -> String {
        let (stack_sets, others): (Vec<_>, Vec<_>) = self.changes.iter().partition(|change| change.by_stack_sets);
        let listed: Vec<&OwnChange> = if all {
            self.changes.iter().collect()
        } else {
            others.clone()
        };
        let mut text = String::new();
        if !listed.is_empty() {
            let mut rows = table(&["TIME", "ACCOUNT", "REGION", "CALL", "RESOURCE", "BY", "RESULT"]);
            for change in listed {
                let by = change.actor.as_deref().or(change.principal_arn.as_deref());
                let texts = [
                    &change.time,
                    &change.account,
                    &change.region,
                    &change.call,
                    &change.resource,
                    by.unwrap_or("-"),
                    change.error.as_deref().unwrap_or("done"),
                ];
                rows.add_row(texts.map(hostile::line));
            }
            text.push_str(&lines(&rows));
            text.push('\n');
        }
        let refused = others.iter().filter(|change| change.error.is_some()).count();
        let hidden = if all || stack_sets.is_empty() {
            ""
        } else {
            ", which --all lists"
        };
        text.push_str(&format!(
            "trail: {} changes of pipetrail's own resources, {refused} of them refused, and {} by StackSets' roles{hidden}; {} records of {} files were read\n",
            others.len(),
            stack_sets.len(),
            self.records,
            self.files,
        ));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(region: &str, resource: &str, error: Option<&str>) -> Vec<Value> {
        let text = |text: &str| Value::Text(text.to_owned());
        vec![
            text("2026-11-30T12:00:00.000Z"),
            text("111122223333"),
            text(region),
            text("DisableRule"),
            text("rule"),
            text(resource),
            text("dana"),
            Value::Null,
            error.map_or(Value::Null, text),
            Value::Null,
        ]
    }

    #[test]
    fn a_role_belongs_to_the_region_in_its_name() {
        assert_eq!(
            change(row("us-east-1", "pipetrail-forwarder-eu-west-1", None)).region,
            "eu-west-1"
        );
        assert_eq!(
            change(row("us-east-1", "pipetrail-reader-eu-west-1", None)).region,
            "eu-west-1"
        );
        assert_eq!(change(row("eu-west-1", "pipetrail-forward", None)).region, "eu-west-1");
    }

    #[test]
    fn what_was_changed_and_what_was_refused_is_listed() {
        let changes = OwnChanges {
            files: 2,
            records: 90,
            rejected: 0,
            changes: vec![
                change(row("eu-west-1", "pipetrail-forward", None)),
                change(row("eu-west-1", "pipetrail-forward", Some("AccessDenied"))),
                OwnChange {
                    by_stack_sets: true,
                    ..change(row("eu-west-1", "pipetrail-forward", None))
                },
            ],
            failed: vec![],
        };
        assert_eq!(
            changes.listing(false),
            "TIME                      ACCOUNT       REGION     CALL         RESOURCE           BY    RESULT\n\
             2026-11-30T12:00:00.000Z  111122223333  eu-west-1  DisableRule  pipetrail-forward  dana  done\n\
             2026-11-30T12:00:00.000Z  111122223333  eu-west-1  DisableRule  pipetrail-forward  dana  AccessDenied\n\n\
             trail: 2 changes of pipetrail's own resources, 1 of them refused, and 1 by StackSets' roles, which --all lists; 90 records of 2 files were read\n"
        );
        assert_eq!(changes.listing(true).lines().count(), 6);
    }
}
