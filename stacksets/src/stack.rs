//! One CloudFormation stack: reading it, and bringing it to a planned state.

mod convert;
mod failures;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_cloudformation::types::{Capability, TemplateStage};

pub(crate) use convert::{parameters_from, parameters_to, tags_from, tags_to};

use crate::apply::Written;
use crate::error::{Error, from_sdk};
use crate::plan::{StackAction, StackStep};

/// A stack as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stack {
    /// Its id, an ARN: unlike the name it never means another stack.
    pub id: String,
    /// Its CloudFormation status, for example `UPDATE_COMPLETE`.
    pub status: String,
    /// The reason beside it.
    pub reason: Option<String>,
    /// The template as it was sent.
    pub template: String,
    /// Its parameters.
    pub parameters: BTreeMap<String, String>,
    /// Its outputs.
    pub outputs: BTreeMap<String, String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Whether termination protection is on.
    pub protected: bool,
}

impl Stack {
    /// Reads the stack and its template; `None` when there is none of that name.
    ///
    /// # Errors
    /// Any refused call, but the one that says it does not exist.
    pub async fn read(client: &Client, name: &str) -> Result<Option<Self>, Error> {
        let Some(mut stack) = Self::describe(client, name).await? else {
            return Ok(None);
        };
        let template = client
            .get_template()
            .stack_name(name)
            .template_stage(TemplateStage::Original)
            .send()
            .await;
        let template = template.map_err(from_sdk(format!("get the template of stack {name}")))?;
        stack.template = template.template_body.unwrap_or_default();
        Ok(Some(stack))
    }

    /// Reads the stack without its template. `name` may be a stack's id, which finds deleted ones too.
    pub(crate) async fn describe(client: &Client, name: &str) -> Result<Option<Self>, Error> {
        let described = match client.describe_stacks().stack_name(name).send().await {
            // DescribeStacks has no error of its own for this: only the message tells it apart.
            Err(error)
                if error.code() == Some("ValidationError")
                    && error
                        .message()
                        .is_some_and(|message| message.contains("does not exist")) =>
            {
                return Ok(None);
            }
            described => described.map_err(from_sdk(format!("describe stack {name}")))?,
        };
        Ok(described.stacks().first().map(|stack| Stack {
            id: stack.stack_id().unwrap_or_default().to_owned(),
            status: stack
                .stack_status()
                .map(|status| status.as_str().to_owned())
                .unwrap_or_default(),
            reason: stack
                .stack_status_reason()
                .filter(|reason| !reason.is_empty())
                .map(str::to_owned),
            template: String::new(),
            parameters: parameters_from(stack.parameters()),
            outputs: stack
                .outputs()
                .iter()
                .filter_map(|output| Some((output.output_key()?.to_owned(), output.output_value()?.to_owned())))
                .collect(),
            tags: tags_from(stack.tags()),
            protected: stack.enable_termination_protection().unwrap_or_default(),
        }))
    }

    /// Whether nothing is under way and the last attempt left a stack to work with.
    pub fn is_settled(&self) -> bool {
        self.status.ends_with("_COMPLETE") && !self.must_be_replaced()
    }

    /// Whether the stack is the empty shell of a failed creation, which can only be deleted.
    ///
    /// `REVIEW_IN_PROGRESS` is not: it holds somebody's change set that was not executed yet.
    pub fn must_be_replaced(&self) -> bool {
        self.status == "ROLLBACK_COMPLETE"
    }

    /// Whether pipetrail made it.
    pub fn is_ours(&self) -> bool {
        is_ours(&self.tags)
    }
}

/// Whether the tags say that pipetrail made what carries them.
pub(crate) fn is_ours(tags: &BTreeMap<String, String>) -> bool {
    let (key, value) = crate::OUR_TAG;
    tags.get(key).map(String::as_str) == Some(value)
}

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
    if let StackAction::Replace { id, .. } = &step.action {
        remove(client, name, id, written, tell).await?;
    }
    let id = match &step.action {
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
                    if error
                        .as_service_error()
                        .is_some_and(|error| error.is_already_exists_exception()) =>
                {
                    created_before(client, name).await?
                }
                created => {
                    let created = created.map_err(from_sdk(format!("create stack {name}")));
                    written.note(created)?.stack_id
                }
            }
        }
        StackAction::Update if step.needs_update() => {
            let updated = client
                .update_stack()
                .stack_name(name)
                .set_template_body(body)
                .set_template_url(template_url)
                .set_parameters(Some(parameters_to(parameters)))
                .set_tags(Some(tags_to(&step.tags)))
                .set_capabilities(Some(capabilities()))
                .retain_except_on_create(true)
                .send()
                .await;
            match updated {
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
        StackAction::Update => None,
    };
    let goal = if id.is_some() { Goal::Changed } else { Goal::Settled };
    let stack = wait(client, name, id.as_deref().unwrap_or(name), goal, tell)
        .await?
        .unwrap_or_default();
    // Not at its creation: a protected shell could not be deleted.
    if step.protect && !stack.protected {
        protect(client, name, written).await?;
    }
    Ok(stack.outputs)
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

/// Deletes the shell of a failed creation, by its id: such an id can never become healthy, but the
/// name may belong to a healthy stack by now. Termination protection is never lifted.
async fn remove(
    client: &Client,
    name: &str,
    id: &str,
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
    wait(client, name, id, Goal::Gone, tell).await?;
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

/// Waits for the goal; `None` when the stack is gone.
async fn wait(
    client: &Client,
    name: &str,
    id: &str,
    goal: Goal,
    tell: &mut (dyn FnMut(&str) + Send),
) -> Result<Option<Stack>, Error> {
    let mut pause = Pause::default();
    loop {
        let Some(stack) = Stack::describe(client, id).await? else {
            return Ok(None);
        };
        match (goal, stack.status.as_str()) {
            (_, "DELETE_COMPLETE") => return Ok(None),
            (_, status) if status.ends_with("_IN_PROGRESS") => tell(status),
            (Goal::Gone, "DELETE_FAILED") => return failed(client, name, id, stack).await,
            (Goal::Gone, status) => tell(status),
            (Goal::Changed, "CREATE_COMPLETE" | "UPDATE_COMPLETE") => return Ok(Some(stack)),
            (Goal::Settled, _) if stack.is_settled() => return Ok(Some(stack)),
            _ => return failed(client, name, id, stack).await,
        }
        pause.sleep().await;
    }
}

async fn failed<T>(client: &Client, name: &str, id: &str, stack: Stack) -> Result<T, Error> {
    let reasons = failures::read(client, name, id).await?;
    Err(Error::StackFailed {
        name: name.to_owned(),
        status: stack.status,
        reasons,
    })
}

/// The pauses between two polls: 0.5 s at first, up to 10 s.
pub(crate) struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Pause(Duration::from_millis(500))
    }
}

impl Pause {
    /// Sleeps, longer every time.
    pub(crate) async fn sleep(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 3 / 2).min(Duration::from_secs(10));
    }
}

fn capabilities() -> Vec<Capability> {
    // The audit account's templates name their roles and expand AWS::LanguageExtensions.
    vec![Capability::CapabilityNamedIam, Capability::CapabilityAutoExpand]
}
