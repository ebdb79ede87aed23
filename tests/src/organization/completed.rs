//! What moto's CloudFormation leaves out of a member's stack, made through moto's own API: schedules, queue policies,
//! and inline policies as JSON (moto keeps them as Python prints them).
//!
//! What stands there then can be read, changed and removed like anything else in the account.

use anyhow::{Context, Result};
use aws_sdk_scheduler::types::{
    EventBridgeParameters, FlexibleTimeWindow, FlexibleTimeWindowMode, RetryPolicy, ScheduleState, Target,
};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;

use super::Organization;
use crate::relay::template::Stack;

impl Organization {
    /// Completes the stacks of all members and of the management account that were deployed or changed since the last
    /// time. What somebody did to the others stays as it is.
    ///
    /// # Errors
    /// When a stack cannot be read or moto refuses.
    pub async fn complete_members(&self) -> Result<()> {
        self.relay.invalidate().await;
        let mut completed = self.completed.lock().await;
        let members = self.members.iter().map(|member| member.id.as_str());
        for account in members.chain([self.unenrolled.id.as_str(), self.relay.cloud.management.as_str()]) {
            for region in &self.enrolment.regions {
                let stacks = self.relay.stacks_of(account, region).await?;
                let (at, now) = ((account.to_owned(), region.clone()), format!("{stacks:?}"));
                if completed.get(&at) == Some(&now) {
                    continue;
                }
                for stack in &stacks {
                    let done = self.complete(account, region, stack).await;
                    done.with_context(|| format!("cannot complete the stack of {account}, {region}"))?;
                }
                completed.insert(at, now);
            }
        }
        self.relay.invalidate().await;
        Ok(())
    }

    /// The same for all of them: what somebody did to schedules and policies is undone.
    ///
    /// # Errors
    /// As [`Organization::complete_members`].
    pub async fn complete_again(&self) -> Result<()> {
        self.completed.lock().await.clear();
        self.complete_members().await
    }

    async fn complete(&self, account: &str, region: &str, stack: &Stack) -> Result<()> {
        let config = self.relay.cloud.at(account, region).await?;
        let iam = aws_sdk_iam::Client::new(&config);
        for role in stack.resources("AWS::IAM::Role")? {
            let name = text(&role["RoleName"])?;
            for policy in role["Policies"].as_array().into_iter().flatten() {
                let document = policy["PolicyDocument"].to_string();
                let call = iam.put_role_policy().role_name(name).policy_document(document);
                call.policy_name(text(&policy["PolicyName"])?).send().await?;
            }
        }
        let sqs = aws_sdk_sqs::Client::new(&config);
        for policy in stack.resources("AWS::SQS::QueuePolicy")? {
            let document = policy["PolicyDocument"].to_string();
            for queue in policy["Queues"].as_array().into_iter().flatten() {
                let url = sqs.get_queue_url().queue_name(text(queue)?).send().await?.queue_url;
                let call = sqs.set_queue_attributes().set_queue_url(url);
                call.attributes(QueueAttributeName::Policy, &document).send().await?;
            }
        }
        let scheduler = aws_sdk_scheduler::Client::new(&config);
        for schedule in stack.resources("AWS::Scheduler::Schedule")? {
            // As often as the stack is rolled out again.
            let name = text(&schedule["Name"])?;
            let _ = scheduler.delete_schedule().name(name).send().await;
            let call = scheduler
                .create_schedule()
                .name(name)
                .target(target(&schedule["Target"])?);
            let window = FlexibleTimeWindow::builder()
                .mode(FlexibleTimeWindowMode::Off)
                .build()?;
            let call = call.schedule_expression(text(&schedule["ScheduleExpression"])?);
            let state = ScheduleState::from(text(&schedule["State"])?);
            call.flexible_time_window(window).state(state).send().await?;
        }
        Ok(())
    }
}

fn target(target: &Value) -> Result<Target> {
    let mut made = Target::builder()
        .arn(text(&target["Arn"])?)
        .role_arn(text(&target["RoleArn"])?)
        .input(text(&target["Input"])?);
    if let Some(puts) = target.get("EventBridgeParameters") {
        let puts = EventBridgeParameters::builder()
            .source(text(&puts["Source"])?)
            .detail_type(text(&puts["DetailType"])?);
        made = made.event_bridge_parameters(puts.build()?);
    }
    if let Some(retries) = target.get("RetryPolicy") {
        let attempts = retries["MaximumRetryAttempts"]
            .as_i64()
            .and_then(|number| i32::try_from(number).ok());
        made = made.retry_policy(RetryPolicy::builder().set_maximum_retry_attempts(attempts).build());
    }
    Ok(made.build()?)
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().with_context(|| format!("{value} is no text"))
}
