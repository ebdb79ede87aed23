//! Stands in for EventBridge Scheduler: what a deployed schedule would put on the default bus.
//!
//! moto makes no `AWS::Scheduler::Schedule`, so the schedule is read from the deployed stack, and
//! its role from the account.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::Relay;
use crate::ids::{arn_part, uuid};
use crate::wire::Envelope;

pub(super) const SCHEDULER: &str = "scheduler.amazonaws.com";

impl Relay {
    /// The schedules of an account and region that are on.
    pub(super) async fn schedules(&self, account: &str, region: &str) -> Result<Vec<Value>> {
        let mut found = Vec::new();
        for stack in self.access.stacks.of(&self.cloud, account, region).await? {
            found.extend(stack.resources("AWS::Scheduler::Schedule")?);
        }
        found.retain(|schedule| schedule["State"] != "DISABLED");
        Ok(found)
    }

    /// The events that the schedules of an account and Region put on its default bus at `time`
    /// (RFC 3339, whole seconds). A schedule whose role may not do so puts none, nor does one that calls something
    /// else.
    ///
    /// # Errors
    /// When a schedule cannot be read.
    pub async fn scheduled(&self, account: &str, region: &str, time: &str) -> Result<Vec<Envelope>> {
        let bus = format!("arn:aws:events:{region}:{account}:event-bus/default");
        let mut events = Vec::new();
        for schedule in self.schedules(account, region).await? {
            let target = &schedule["Target"];
            if target["Arn"] != bus.as_str() {
                continue;
            }
            let (name, role) = (text(&schedule["Name"])?, text(&target["RoleArn"])?);
            let arn = format!("arn:aws:scheduler:{region}:{account}:schedule/default/{name}");
            let (source, kind) = (
                text(&target["EventBridgeParameters"]["Source"])?,
                text(&target["EventBridgeParameters"]["DetailType"])?,
            );
            ensure!(!source.starts_with("aws."), "PutEvents refuses the source {source}");
            let Some(role) = self.access.assume(&self.cloud, &role, SCHEDULER, &arn).await? else {
                continue;
            };
            let keys = [("events:source", source.as_str()), ("events:detail-type", &kind)];
            if !self.access.role_allows(&role, "events:PutEvents", &bus, &keys)? {
                continue;
            }
            let input = text(&target["Input"])?.replace("<aws.scheduler.scheduled-time>", time);
            if input.contains("<aws.scheduler.") {
                bail!("cannot evaluate the schedule's input {input}");
            }
            let detail: Value = serde_json::from_str(&input).context("a schedule's input is JSON")?;
            let event = json!({"version": "0", "id": uuid(), "detail-type": kind, "source": source,
                "account": arn_part(&bus, 4), "time": time, "region": region, "resources": [], "detail": detail});
            events.push(Envelope::parse(event.to_string().as_bytes())?);
        }
        Ok(events)
    }
}

pub(super) fn text(value: &Value) -> Result<String> {
    value.as_str().map(str::to_owned).context("a schedule lacks a field")
}
