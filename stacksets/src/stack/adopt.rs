//! Creating a stack around buckets that an earlier one retained: a change set that imports what exists.
//!
//! Every call may be the last one of a run: the change set's name follows from its content, so that
//! the same one is never made twice, and what is left of an older one is a shell that the plan names.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types::{ChangeSetStatus, ChangeSetType, OnStackFailure};

use super::convert::{capabilities, parameters_to, tags_to, text_of};
use super::{PREFIX, StackCalls};
use crate::error::{Error, from_sdk, unless_refused};
use crate::pause::{Pause, Tell};
use crate::plan::StackStep;
use crate::template::short_digest;

impl StackCalls<'_> {
    /// Makes and executes the change set; gives the id of the stack that CloudFormation now creates.
    pub(super) async fn adopt(
        &self,
        step: &StackStep,
        parameters: &BTreeMap<String, String>,
        template_url: Option<String>,
        tell: Tell<'_>,
    ) -> Result<Option<String>, Error> {
        let (stack, name) = (self.name, &change_set_name(step, parameters));
        let body = template_url.is_none().then(|| step.template.body().to_owned());
        let created = self
            .client
            .create_change_set()
            .stack_name(stack)
            .change_set_name(name)
            .change_set_type(ChangeSetType::Create)
            .import_existing_resources(true)
            // That check refuses names that are taken, and the ones to import are.
            .disable_validation(true)
            // Said, because ExecuteChangeSet's own default is documented as not rolling back. Not DELETE:
            // a shell that stays tells why.
            .on_stack_failure(OnStackFailure::Rollback)
            .set_template_body(body)
            .set_template_url(template_url)
            .set_parameters(Some(parameters_to(parameters)))
            .set_tags(Some(tags_to(&step.tags)))
            .set_capabilities(Some(capabilities()))
            .send()
            .await;
        let created = created.map_err(from_sdk(format!("create change set {name} of stack {stack}")));
        // By a call of this run whose answer was lost: the name says that it is the same one.
        unless_refused("AlreadyExistsException", self.written.note(created))?;
        let id = self.ready(name, tell).await?;
        self.execute(name).await?;
        Ok(id)
    }

    async fn describe_change_set(&self, name: &str) -> Result<DescribeChangeSetOutput, Error> {
        let call = self.client.describe_change_set().stack_name(self.name);
        let found = call.change_set_name(name).send().await;
        found.map_err(from_sdk(format!("describe change set {name} of stack {}", self.name)))
    }

    /// Waits until the change set can be executed; gives its stack's id.
    async fn ready(&self, name: &str, tell: Tell<'_>) -> Result<Option<String>, Error> {
        let mut pause = Pause::default();
        loop {
            let found = self.describe_change_set(name).await?;
            match found.status() {
                Some(ChangeSetStatus::CreatePending | ChangeSetStatus::CreateInProgress) => tell("REVIEW_IN_PROGRESS"),
                Some(ChangeSetStatus::CreateComplete) => return Ok(found.stack_id),
                status => {
                    let status = status.map_or("unknown", |status| status.as_str());
                    return Err(Error::StackFailed {
                        name: self.name.to_owned(),
                        status: format!("a change set that is {status}"),
                        reasons: found.status_reason.into_iter().collect(),
                    });
                }
            }
            pause.sleep().await;
        }
    }

    async fn execute(&self, name: &str) -> Result<(), Error> {
        let stack = self.name;
        let call = self.client.execute_change_set().stack_name(stack).change_set_name(name);
        // The token makes a repetition after a lost answer the same request.
        let executed = call.client_request_token(name).send().await;
        let executed = executed.map_err(from_sdk(format!("execute change set {name} of stack {stack}")));
        let code = executed.as_ref().err().and_then(Error::code);
        if let Some("InvalidChangeSetStatus" | "TokenAlreadyExistsException") = code {
            let found = self.describe_change_set(name).await?;
            // EXECUTE_IN_PROGRESS, EXECUTE_COMPLETE or EXECUTE_FAILED.
            if text_of(found.execution_status()).starts_with("EXECUTE_") {
                return self.written.note(Ok(()));
            }
        }
        self.written.note(executed).map(|_| ())
    }
}

/// `pipetrail-<16 hex digits>` of what it will create.
fn change_set_name(step: &StackStep, parameters: &BTreeMap<String, String>) -> String {
    let content = format!("{} {parameters:?} {:?}", step.template.digest(), step.tags);
    format!("{PREFIX}{}", short_digest(content.as_bytes()))
}
