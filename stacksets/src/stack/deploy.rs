//! One stack's write calls: to its planned state, out of whatever state it is stuck in, or away.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_cloudformation::Client;

use super::convert::{capabilities, parameters_to, tags_to};
use super::{Condition, Stack, failures};
use crate::error::{Error, Fault, from_sdk, unless_refused};
use crate::ids::answered;
use crate::journal::Written;
use crate::pause::{Pause, Tell};
use crate::plan::{StackAction, StackStep};

/// CloudFormation answers a call before the status follows: for so many polls the old one says nothing.
const STALE_POLLS: usize = 5;

/// What all calls on one stack share.
pub(crate) struct StackCalls<'a> {
    pub(crate) client: &'a Client,
    pub(crate) name: &'a str,
    pub(crate) written: &'a Written,
}

impl StackCalls<'_> {
    /// Carries out a step and waits for its end; gives the stack's outputs.
    ///
    /// `template_url` is where the template lies when it is too large to be sent inline. "No updates are
    /// to be performed" is success.
    pub(crate) async fn deploy(
        &self,
        step: &StackStep,
        parameters: &BTreeMap<String, String>,
        template_url: Option<String>,
        tell: Tell<'_>,
    ) -> Result<BTreeMap<String, String>, Error> {
        let (client, name) = (self.client, self.name);
        let body = template_url.is_none().then(|| step.template.body().to_owned());
        match &step.action {
            StackAction::Replace { id, status, .. } => self.remove(id, status, tell).await?,
            StackAction::ContinueUpdateRollback => {
                // Without resources to skip: those would be left as they are, and nobody would know.
                let continued = client.continue_update_rollback().stack_name(name).send().await;
                let continued = continued.map_err(from_sdk(format!("continue the rollback of stack {name}")));
                self.written.note(continued)?;
                let from = Some("UPDATE_ROLLBACK_FAILED");
                self.wait(name, Goal::Settled, from, tell).await?;
            }
            StackAction::RollbackStack => {
                let begun = client.rollback_stack().stack_name(name).send().await;
                let begun = begun.map_err(from_sdk(format!("roll stack {name} back")));
                self.written.note(begun)?;
                self.wait(name, Goal::Settled, Some("UPDATE_FAILED"), tell).await?;
            }
            StackAction::Create | StackAction::Update => {}
        }
        let id = match &step.action {
            StackAction::Create | StackAction::Replace { .. } if !step.adopts.is_empty() => {
                self.adopt(step, parameters, template_url, tell).await?
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
                let created = created.map_err(from_sdk(format!("create stack {name}")));
                match unless_refused("AlreadyExistsException", self.written.note(created))? {
                    Some(created) => created.stack_id,
                    None => self.created_before().await?,
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
                let updated = updated.map_err(from_sdk(format!("update stack {name}")));
                match self.written.note(updated) {
                    // By a call of this run whose answer was lost: nobody else has the token.
                    Err(error) if error.code() == Some("TokenAlreadyExistsException") => {
                        self.written.note(Ok(Some(name.to_owned())))?
                    }
                    Err(Error::Aws {
                        fault: Fault::Refused { message, .. },
                        ..
                    }) if message.contains("No updates are to be performed") => None,
                    updated => updated?.stack_id,
                }
            }
            _ => None,
        };
        let goal = if id.is_some() { Goal::Changed } else { Goal::Settled };
        let stack = self.wait(id.as_deref().unwrap_or(name), goal, None, tell).await?;
        let stack = stack.unwrap_or_default();
        // Not at its creation: a protected shell could not be deleted.
        if step.protect && !stack.protected {
            self.set_protection(name, true).await?;
        }
        Ok(stack.outputs)
    }

    /// The id of a stack that was not there when the plan was made: an attempt whose answer was lost has
    /// begun it, or another run of ours, and then the next plan shows what still differs. Anybody else's
    /// is left alone.
    async fn created_before(&self) -> Result<Option<String>, Error> {
        match Stack::describe(self.client, self.name).await? {
            Some(stack) if stack.is_ours() => Ok(Some(stack.id)),
            _ => Err(Error::foreign("stack", self.name)),
        }
    }

    /// Deletes the stack of that id, in whatever state it is: waits for whatever is under way, lifts its
    /// termination protection where `lifts`, and waits until it is gone.
    pub(crate) async fn take_away(&self, id: &str, lifts: bool, tell: Tell<'_>) -> Result<(), Error> {
        let mut pause = Pause::default();
        let stack = loop {
            match Stack::describe(self.client, said(id)?).await? {
                None => return Ok(()),
                Some(stack) if stack.status == "DELETE_COMPLETE" => return Ok(()),
                Some(stack) if stack.condition() == Condition::Busy => tell(&stack.status),
                Some(stack) => break stack,
            }
            pause.sleep().await;
        };
        if lifts && stack.protected {
            self.set_protection(id, false).await?;
        }
        self.remove(id, &stack.status, tell).await
    }

    /// Deletes a stack, or what is left of one, by its id: the name may belong to another one by now.
    /// Termination protection is never lifted here. `from` is the status that the stack leaves.
    pub(crate) async fn remove(&self, id: &str, from: &str, tell: Tell<'_>) -> Result<(), Error> {
        let deleted = self.client.delete_stack().stack_name(said(id)?).send().await;
        let deleted = deleted.map_err(from_sdk(format!("delete stack {}", self.name)));
        self.written.note(deleted)?;
        self.wait(id, Goal::Gone, Some(from), tell).await.map(|_| ())
    }

    /// Switches termination protection on or off; `stack` is a name or an id.
    async fn set_protection(&self, stack: &str, protect: bool) -> Result<(), Error> {
        let call = self.client.update_termination_protection().stack_name(stack);
        let done = call.enable_termination_protection(protect).send().await;
        let verb = if protect { "change" } else { "lift" };
        let action = format!("{verb} the termination protection of stack {}", self.name);
        self.written.note(done.map_err(from_sdk(action))).map(|_| ())
    }

    /// Waits for the goal; `None` when the stack is gone. `from` is the status that it leaves.
    async fn wait(&self, id: &str, goal: Goal, from: Option<&str>, tell: Tell<'_>) -> Result<Option<Stack>, Error> {
        let mut pause = Pause::default();
        let mut polls = 0;
        loop {
            let Some(stack) = Stack::describe(self.client, id).await? else {
                return Ok(None);
            };
            polls += 1;
            match (goal, stack.status.as_str()) {
                (_, status) if from == Some(status) && polls <= STALE_POLLS => tell(status),
                (_, "DELETE_COMPLETE") => return Ok(None),
                (_, status) if status.ends_with("_IN_PROGRESS") => tell(status),
                (Goal::Gone, status) if status != "DELETE_FAILED" => tell(status),
                (Goal::Changed, "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE") => return Ok(Some(stack)),
                (Goal::Settled, _) if stack.is_settled() => return Ok(Some(stack)),
                // With the reasons of its resources.
                _ => {
                    return Err(Error::StackFailed {
                        name: self.name.to_owned(),
                        reasons: failures::read(self.client, self.name, id).await?,
                        status: stack.status,
                    });
                }
            }
            pause.sleep().await;
        }
    }
}

/// What makes a repetition after a lost answer the same request, and every other one another.
fn token() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("pipetrail-{}-{:x}", std::process::id(), now.as_nanos())
}

/// The stack's id, which AWS must have said.
fn said(id: &str) -> Result<&str, Error> {
    answered("DescribeStacks", "StackId", Some(id).filter(|id| !id.is_empty()))
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
