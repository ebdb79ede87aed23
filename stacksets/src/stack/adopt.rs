//! Creating a stack around buckets that an earlier one retained: a change set that imports what exists.
//!
//! Every call may be the last one of a run: the change set's name follows from its content, so that
//! the same one is never made twice, and what is left of an older one is a shell that the plan names.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{ChangeSetStatus, ChangeSetType, ExecutionStatus, OnStackFailure};

use super::convert::{capabilities, parameters_to, tags_to};
use super::review::PREFIX;
use crate::error::{Error, from_sdk};
use crate::journal::Written;
use crate::pause::Pause;
use crate::plan::StackStep;
use crate::template::short_digest;

/// Makes and executes the change set; gives the id of the stack that CloudFormation now creates.
pub(super) async fn create(
    client: &Client,
    step: &StackStep,
    parameters: &BTreeMap<String, String>,
    template_url: Option<String>,
    written: &Written,
    tell: &mut (dyn FnMut(&str) + Send),
) -> Result<Option<String>, Error> {
    let (stack, name) = (step.name.as_str(), change_set_name(step, parameters));
    let body = template_url.is_none().then(|| step.template.body().to_owned());
    let created = client
        .create_change_set()
        .stack_name(stack)
        .change_set_name(&name)
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
    match created {
        // By a call of this run whose answer was lost: the name says that it is the same one.
        Err(error)
            if error.as_service_error().is_some_and(
                aws_sdk_cloudformation::operation::create_change_set::CreateChangeSetError::is_already_exists_exception,
            ) => {}
        created => {
            written.note(created.map_err(from_sdk(format!("create change set {name} of stack {stack}"))))?;
        }
    }
    let id = ready(client, stack, &name, tell).await?;
    execute(client, stack, &name, written).await?;
    Ok(id)
}

/// `pipetrail-<16 hex digits>` of what it will create.
fn change_set_name(step: &StackStep, parameters: &BTreeMap<String, String>) -> String {
    let content = format!("{} {parameters:?} {:?}", step.template.digest(), step.tags);
    format!("{PREFIX}{}", short_digest(content.as_bytes()))
}

/// Waits until the change set can be executed; gives its stack's id.
async fn ready(
    client: &Client,
    stack: &str,
    name: &str,
    tell: &mut (dyn FnMut(&str) + Send),
) -> Result<Option<String>, Error> {
    let mut pause = Pause::default();
    loop {
        let call = client.describe_change_set().stack_name(stack).change_set_name(name);
        let found = call.send().await;
        let found = found.map_err(from_sdk(format!("describe change set {name} of stack {stack}")))?;
        match found.status() {
            Some(ChangeSetStatus::CreatePending | ChangeSetStatus::CreateInProgress) => tell("REVIEW_IN_PROGRESS"),
            Some(ChangeSetStatus::CreateComplete) => return Ok(found.stack_id),
            status => {
                return Err(Error::StackFailed {
                    name: stack.to_owned(),
                    status: format!(
                        "a change set that is {}",
                        status.map_or("unknown", |status| status.as_str())
                    ),
                    reasons: found.status_reason.into_iter().collect(),
                });
            }
        }
        pause.sleep().await;
    }
}

async fn execute(client: &Client, stack: &str, name: &str, written: &Written) -> Result<(), Error> {
    let call = client.execute_change_set().stack_name(stack).change_set_name(name);
    // The token makes a repetition after a lost answer the same request.
    let executed = call.client_request_token(name).send().await;
    let Err(error) = executed else {
        return written.note(Ok(()));
    };
    let begun = error.as_service_error().is_some_and(|error| {
        error.is_invalid_change_set_status_exception() || error.is_token_already_exists_exception()
    });
    let error = from_sdk(format!("execute change set {name} of stack {stack}"))(error);
    if begun {
        let found = client.describe_change_set().stack_name(stack).change_set_name(name);
        let found = found.send().await;
        let found = found.map_err(from_sdk(format!("describe change set {name} of stack {stack}")))?;
        if matches!(
            found.execution_status(),
            Some(
                ExecutionStatus::ExecuteInProgress | ExecutionStatus::ExecuteComplete | ExecutionStatus::ExecuteFailed
            )
        ) {
            return written.note(Ok(()));
        }
    }
    written.note(Err(error))
}
