//! Waiting for an operation, and what became of each account and region in it.

use std::time::Instant;

use super::SetCalls;
use super::tally::{Pace, Tally};
use crate::error::{Error, from_sdk};
use crate::ids;
use crate::instance_result::{InstanceResult, OperationEnd};
use crate::operation::is_open;
use crate::pause::Pause;
use crate::plan::InstancesStep;
use crate::stack_set::list_instances;

impl SetCalls<'_> {
    /// Waits for an operation's end, however long that takes: it goes on in AWS when we are stopped,
    /// and the next run joins it.
    pub(crate) async fn wait(&self, id: &str, tell: &mut (dyn FnMut(&str) + Send)) -> Result<OperationEnd, Error> {
        let (status, reason) = self.end_of(id, tell).await?;
        let results = self.results(id).await?;
        let error = (status != "SUCCEEDED").then(|| Error::Operation {
            id: id.to_owned(),
            status,
            reason,
        });
        let succeeded = results.iter().filter(|result| result.status == "SUCCEEDED").count();
        Ok(OperationEnd {
            error,
            succeeded,
            failed: results.into_iter().filter(InstanceResult::is_failed).collect(),
        })
    }

    /// The status in which an operation ends, with AWS's reason.
    pub(super) async fn end_of(
        &self,
        id: &str,
        tell: &mut (dyn FnMut(&str) + Send),
    ) -> Result<(String, Option<String>), Error> {
        let (mut pause, mut pace, mut tally) = (Pause::default(), Pace::default(), Tally::default());
        loop {
            let described = self
                .client
                .describe_stack_set_operation()
                .stack_set_name(self.name)
                .operation_id(id)
                .call_as(self.call_as.clone())
                .send()
                .await
                .map_err(from_sdk(format!("describe operation {id}")))?;
            let operation = described.stack_set_operation.ok_or(Error::Incomplete {
                action: "DescribeStackSetOperation",
                field: "StackSetOperation",
            })?;
            let status = operation
                .status()
                .map(|status| status.as_str().to_owned())
                .unwrap_or_default();
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
        let list = self
            .client
            .list_stack_set_operation_results()
            .stack_set_name(self.name)
            .operation_id(id);
        let list = list.call_as(self.call_as.clone()).max_results(100);
        let mut pages = list.into_paginator().stop_on_duplicate_token(false).send();
        let mut results = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(from_sdk(format!("list the results of operation {id}")))?;
            for summary in page.summaries() {
                let action = "ListStackSetOperationResults";
                results.push(InstanceResult::new(
                    &ids::answered_id(action, "Account", summary.account())?,
                    &ids::answered_id(action, "Region", summary.region())?,
                    summary
                        .status()
                        .map(aws_sdk_cloudformation::types::StackSetOperationResultStatus::as_str)
                        .unwrap_or_default(),
                    summary
                        .status_reason()
                        .filter(|reason| !reason.is_empty())
                        .map(str::to_owned),
                ));
            }
        }
        Ok(results)
    }

    /// What became of the instances of an operation that has no results: what they say themselves.
    pub(super) async fn read_instances(
        &self,
        id: &str,
        step: &InstancesStep,
        ended: OperationEnd,
    ) -> Result<OperationEnd, Error> {
        let mut ended = ended;
        for instance in list_instances(self.client, self.name, &self.call_as, Some(id)).await? {
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
