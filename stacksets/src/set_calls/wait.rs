//! Waiting for an operation, and what became of each account and region in it.

use std::time::Instant;

use pipetrail_names::member::STACK;

use super::SetCalls;
use super::tally::{Pace, Tally};
use crate::error::{Error, from_sdk};
use crate::ids;
use crate::instance_result::{InstanceResult, OperationEnd};
use crate::operation::is_open;
use crate::pause::{Pause, Tell};
use crate::plan::InstancesStep;
use crate::stack::{reason_of, text_of};
use crate::stack_set::list_instances;

impl SetCalls<'_> {
    /// Waits for an operation's end, however long that takes: it goes on in AWS when we are stopped,
    /// and the next run joins it.
    pub(crate) async fn wait(&self, id: &str, tell: Tell<'_>) -> Result<OperationEnd, Error> {
        let (status, reason) = self.end_of(id, tell).await?;
        let results = self.results(id).await?;
        let error = (status != "SUCCEEDED").then(|| Error::Operation {
            id: id.to_owned(),
            status,
            reason,
        });
        Ok(OperationEnd {
            error,
            succeeded: results.iter().filter(|result| result.status == "SUCCEEDED").count(),
            failed: results.into_iter().filter(InstanceResult::is_failed).collect(),
        })
    }

    /// The status in which an operation ends, with AWS's reason.
    pub(super) async fn end_of(&self, id: &str, tell: Tell<'_>) -> Result<(String, Option<String>), Error> {
        let (mut pause, mut pace, mut tally) = (Pause::default(), Pace::default(), Tally::default());
        loop {
            let call = self.client.describe_stack_set_operation().stack_set_name(STACK);
            let call = call.operation_id(id).call_as(self.caller.call_as());
            let described = call
                .send()
                .await
                .map_err(from_sdk(format!("describe operation {id}")))?;
            let (action, field) = ("DescribeStackSetOperation", "StackSetOperation");
            let operation = ids::answered(action, field, described.stack_set_operation)?;
            let status = text_of(operation.status());
            if !is_open(&status) {
                return Ok((status, operation.status_reason));
            }
            if pace.is_due() {
                let began = Instant::now();
                tally = Tally::of(&self.results(id).await?);
                pace.listed(began.elapsed());
            }
            tell(&format!("{status}{tally}"));
            pause.sleep().await;
        }
    }

    async fn results(&self, id: &str) -> Result<Vec<InstanceResult>, Error> {
        let list = self.client.list_stack_set_operation_results().stack_set_name(STACK);
        let list = list.operation_id(id).call_as(self.caller.call_as()).max_results(100);
        let list = list.into_paginator().stop_on_duplicate_token(false);
        let results = list.items().send().try_collect().await;
        let results = results.map_err(from_sdk(format!("list the results of operation {id}")))?;
        let action = "ListStackSetOperationResults";
        let results = results.iter().map(|result| {
            Ok(InstanceResult::new(
                &ids::answered_id(action, "Account", result.account())?,
                &ids::answered_id(action, "Region", result.region())?,
                &text_of(result.status()),
                reason_of(result.status_reason()),
            ))
        });
        results.collect()
    }

    /// What became of the instances of an operation that has no results: what they say themselves.
    pub(super) async fn read_instances(
        &self,
        id: &str,
        step: &InstancesStep,
        mut ended: OperationEnd,
    ) -> Result<OperationEnd, Error> {
        for instance in list_instances(self.client, self.caller, Some(id)).await? {
            if !step.regions.contains(&instance.region) {
                continue;
            }
            match (instance.status.as_str(), instance.detailed_status.as_str()) {
                ("CURRENT", _) => ended.succeeded += 1,
                (_, "PENDING" | "RUNNING") => {}
                (status, detailed) => {
                    let status = if detailed.is_empty() { status } else { detailed };
                    let result = InstanceResult::new(&instance.account, &instance.region, status, instance.reason);
                    ended.failed.push(result);
                }
            }
        }
        Ok(ended)
    }
}
