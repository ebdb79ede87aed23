//! Bringing one stack to its planned state, out of whatever state it is stuck in.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::ProvideErrorMetadata;

use super::convert::{capabilities, parameters_to, tags_to};
use super::{Stack, adopt, failures};
use crate::error::{Error, from_sdk};
use crate::journal::Written;
use crate::pause::Pause;
use crate::plan::{StackAction, StackStep};

/// CloudFormation answers a call before the status follows: for so many polls the old one says nothing.
const STALE_POLLS: usize = 5;

/// Carries out a step and waits for its end; gives the stack's outputs.
///
/// `template_url` is where the template lies when it is too large to be sent inline. "No updates are
/// to be performed" is success.
pub(crate) async fn deploy(
    client: &Client,
    step: &StackStep,
    parameters: &BTreeMap<String, String>,
    template_url: Option<String>,
    written: &Written,
    tell: &mut (dyn FnMut(&str) + Send),
) -> Result<BTreeMap<String, String>, Error> {
    let name = step.name.as_str();
    let body = template_url.is_none().then(|| step.template.body().to_owned());
    match &step.action {
        StackAction::Replace { id, status } => remove(client, name, id, status, written, tell).await?,
        StackAction::ContinueUpdateRollback => {
            // Without resources to skip: those would be left as they are, and nobody would know.
            let continued = client.continue_update_rollback().stack_name(name).send().await;
            let continued = continued.map_err(from_sdk(format!("continue the rollback of stack {name}")));
            written.note(continued)?;
            wait(client, name, name, Goal::Settled, Some("UPDATE_ROLLBACK_FAILED"), tell).await?;
        }
        StackAction::RollbackStack => {
            let begun = client.rollback_stack().stack_name(name).send().await;
            written.note(begun.map_err(from_sdk(format!("roll stack {name} back"))))?;
            wait(client, name, name, Goal::Settled, Some("UPDATE_FAILED"), tell).await?;
        }
        StackAction::Create | StackAction::Update => {}
    }
    let id = match &step.action {
        StackAction::Create | StackAction::Replace { .. } if !step.adopts.is_empty() => {
            adopt::create(client, step, parameters, template_url, written, tell).await?
        }
        StackAction::Create | StackAction::Replace { .. } => {
            let created = client
                .create_stack()
                .stack_name(name)
                .set_template_body(body)
                .set_template_url(template_url)
                .set_parameters(Some(parameters_to(parameters)))
                .set_tags(Some(tags_to(&step.tags)))
                .set_capabilities(Some(capabilities()))
                // What a failed creation made goes again, retained buckets too: else the next
                // attempt would find their names taken.
                .retain_except_on_create(true)
                .send()
                .await;
            match created {
                Err(error)
                    if error.as_service_error().is_some_and(
                        aws_sdk_cloudformation::operation::create_stack::CreateStackError::is_already_exists_exception,
                    ) =>
                {
                    created_before(client, name).await?
                }
                created => {
                    let created = created.map_err(from_sdk(format!("create stack {name}")));
                    written.note(created)?.stack_id
                }
            }
        }
        // What stands after a rollback could not be compared before it.
        action if *action != StackAction::Update || step.needs_update() => {
            let updated = client
                .update_stack()
                .stack_name(name)
                .set_template_body(body)
                .set_template_url(template_url)
                .set_parameters(Some(parameters_to(parameters)))
                .set_tags(Some(tags_to(&step.tags)))
                .set_capabilities(Some(capabilities()))
                .retain_except_on_create(true)
                .client_request_token(token())
                .send()
                .await;
            match updated {
                // By a call of this run whose answer was lost: nobody else has the token.
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(aws_sdk_cloudformation::operation::update_stack::UpdateStackError::is_token_already_exists_exception) =>
                {
                    written.note(Ok(Some(name.to_owned())))?
                }
                Err(error)
                    if error
                        .message()
                        .is_some_and(|text| text.contains("No updates are to be performed")) =>
                {
                    None
                }
                updated => {
                    let updated = updated.map_err(from_sdk(format!("update stack {name}")));
                    written.note(updated)?.stack_id
                }
            }
        }
        _ => None,
    };
    let goal = if id.is_some() { Goal::Changed } else { Goal::Settled };
    let stack = wait(client, name, id.as_deref().unwrap_or(name), goal, None, tell)
        .await?
        .unwrap_or_default();
    // Not at its creation: a protected shell could not be deleted.
    if step.protect && !stack.protected {
        protect(client, name, written).await?;
    }
    Ok(stack.outputs)
}

/// What makes a repetition after a lost answer the same request, and every other one another.
fn token() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("pipetrail-{}-{:x}", std::process::id(), now.as_nanos())
}

/// The id of a stack that was not there when the plan was made: an attempt whose answer was lost has
/// begun it, or another run of ours, and then the next plan shows what still differs. Anybody else's
/// is left alone.
async fn created_before(client: &Client, name: &str) -> Result<Option<String>, Error> {
    let stack = Stack::describe(client, name).await?;
    match stack.filter(Stack::is_ours) {
        Some(stack) => Ok(Some(stack.id)),
        None => Err(Error::Foreign {
            what: "stack",
            name: name.to_owned(),
        }),
    }
}

/// Deletes a stack, or what is left of one, by its id: the name may belong to another one by now.
/// Termination protection is never lifted here. `from` is the status that the stack leaves.
pub(crate) async fn remove(
    client: &Client,
    name: &str,
    id: &str,
    from: &str,
    written: &Written,
    tell: &mut (dyn FnMut(&str) + Send),
) -> Result<(), Error> {
    if id.is_empty() {
        return Err(Error::Incomplete {
            action: "DescribeStacks",
            field: "StackId",
        });
    }
    let deleted = client.delete_stack().stack_name(id).send().await;
    written.note(deleted.map_err(from_sdk(format!("delete stack {name}"))))?;
    wait(client, name, id, Goal::Gone, Some(from), tell).await?;
    Ok(())
}

/// Switches termination protection on.
async fn protect(client: &Client, name: &str, written: &Written) -> Result<(), Error> {
    let call = client
        .update_termination_protection()
        .stack_name(name)
        .enable_termination_protection(true);
    let done = call.send().await;
    let done = done.map_err(from_sdk(format!("change the termination protection of stack {name}")));
    written.note(done).map(|_| ())
}

/// What a stack is waited for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Goal {
    /// The change that was just submitted has succeeded.
    Changed,
    /// Nothing was submitted; the stack stands.
    Settled,
    /// The stack is gone.
    Gone,
}

/// Waits for the goal; `None` when the stack is gone. `from` is the status that it leaves.
async fn wait(
    client: &Client,
    name: &str,
    id: &str,
    goal: Goal,
    from: Option<&str>,
    tell: &mut (dyn FnMut(&str) + Send),
) -> Result<Option<Stack>, Error> {
    let mut pause = Pause::default();
    let mut polls = 0;
    loop {
        let Some(stack) = Stack::describe(client, id).await? else {
            return Ok(None);
        };
        polls += 1;
        match (goal, stack.status.as_str()) {
            (_, status) if from == Some(status) && polls <= STALE_POLLS => tell(status),
            (_, "DELETE_COMPLETE") => return Ok(None),
            (_, status) if status.ends_with("_IN_PROGRESS") => tell(status),
            (Goal::Gone, "DELETE_FAILED") => return failed(client, name, id, stack).await,
            (Goal::Gone, status) => tell(status),
            (Goal::Changed, "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE") => return Ok(Some(stack)),
            (Goal::Settled, _) if stack.is_settled() => return Ok(Some(stack)),
            _ => return failed(client, name, id, stack).await,
        }
        pause.sleep().await;
    }
}

/// The error of a stack that ended in a failed state, with the reasons of its resources.
async fn failed<T>(client: &Client, name: &str, id: &str, stack: Stack) -> Result<T, Error> {
    let reasons = failures::read(client, name, id).await?;
    Err(Error::StackFailed {
        name: name.to_owned(),
        status: stack.status,
        reasons,
    })
}
