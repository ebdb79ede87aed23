//! One CloudFormation stack: what it is, how it is read, and waiting until nothing is under way.

mod adopt;
mod condition;
mod convert;
mod deploy;
mod failures;
mod review;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_cloudformation::types::TemplateStage;
use jiff::Timestamp;

pub(crate) use condition::Condition;
pub(crate) use convert::{is_ours, parameters_from, parameters_to, reason_of, tags_from, tags_to, text_of};
pub(crate) use deploy::StackCalls;
pub use review::{Review, review, take_shell_away};

use crate::error::{Error, from_sdk};
use crate::journal::StepProgress;
use crate::pause::Pause;
use crate::step_id::StepId;
use crate::time;

/// What our change sets' names begin with.
const PREFIX: &str = "pipetrail-";

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
    pub parameters: BTreeMap<String, String>,
    pub outputs: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
    pub protected: bool,
    /// When its deletion began, else when it was created.
    pub since: Option<Timestamp>,
}

impl Stack {
    /// Reads the stack and its template; `None` when there is none of that name.
    ///
    /// # Errors
    /// Any refused call, but the one that says it does not exist.
    pub async fn read(client: &Client, name: &str) -> Result<Option<Self>, Error> {
        let Some(mut stack) = Self::identify(client, name).await? else {
            return Ok(None);
        };
        if stack.condition() == Condition::Review {
            // There is no template yet.
            return Ok(Some(stack));
        }
        let call = client.get_template().stack_name(name);
        let template = call.template_stage(TemplateStage::Original).send().await;
        let template = template.map_err(from_sdk(format!("get the template of stack {name}")))?;
        stack.template = template.template_body.unwrap_or_default();
        Ok(Some(stack))
    }

    /// Reads the stack without its template, but with whose it is: of a shell that waits for its change
    /// set, only that change set says it.
    pub(crate) async fn identify(client: &Client, name: &str) -> Result<Option<Self>, Error> {
        let mut stack = Self::describe(client, name).await?;
        if let Some(shell) = stack.as_mut().filter(|stack| stack.condition() == Condition::Review) {
            shell.tags = tags_of_shell(client, name).await?;
        }
        Ok(stack)
    }

    /// Reads the stack without its template. `name` may be a stack's id, which finds deleted ones too.
    pub async fn describe(client: &Client, name: &str) -> Result<Option<Self>, Error> {
        let described = match client.describe_stacks().stack_name(name).send().await {
            // DescribeStacks has no error of its own for this: only the message tells it apart.
            Err(error)
                if error.code() == Some("ValidationError")
                    && error.message().is_some_and(|text| text.contains("does not exist")) =>
            {
                return Ok(None);
            }
            described => described.map_err(from_sdk(format!("describe stack {name}")))?,
        };
        Ok(described.stacks().first().map(|stack| Stack {
            id: stack.stack_id().unwrap_or_default().to_owned(),
            status: text_of(stack.stack_status()),
            reason: reason_of(stack.stack_status_reason()),
            template: String::new(),
            parameters: parameters_from(stack.parameters()),
            outputs: stack
                .outputs()
                .iter()
                .filter_map(|output| Some((output.output_key()?.to_owned(), output.output_value()?.to_owned())))
                .collect(),
            tags: tags_from(stack.tags()),
            protected: stack.enable_termination_protection().unwrap_or_default(),
            since: time::from_aws(stack.deletion_time().or(stack.creation_time())),
        }))
    }

    /// Whether pipetrail made it.
    pub fn is_ours(&self) -> bool {
        is_ours(&self.tags)
    }

    pub(crate) fn condition(&self) -> Condition {
        Condition::of(&self.status)
    }

    /// Whether nothing is under way and the last attempt left a stack to work with.
    pub fn is_settled(&self) -> bool {
        self.condition() == Condition::Settled
    }

    /// Whether an update leads to whatever state is wanted, perhaps after a rollback.
    pub(crate) fn can_be_updated(&self) -> bool {
        !self.must_be_replaced() && self.condition() != Condition::Stuck
    }

    /// Whether its resources are, or are about to be, gone.
    pub fn must_be_replaced(&self) -> bool {
        matches!(self.condition(), Condition::Shell | Condition::Review)
    }
}

/// The tags of a shell that waits for its change set to be executed: those of the change set, if it is
/// the only kind there and has a name of ours, else none.
async fn tags_of_shell(client: &Client, stack: &str) -> Result<BTreeMap<String, String>, Error> {
    let list = client.list_change_sets().stack_name(stack).into_paginator();
    let sets = list.stop_on_duplicate_token(false).items().send().try_collect().await;
    let sets = sets.map_err(from_sdk(format!("list the change sets of stack {stack}")))?;
    let names: Vec<&str> = sets.iter().filter_map(|set| set.change_set_name.as_deref()).collect();
    let (Some(name), true) = (names.first(), names.iter().all(|name| name.starts_with(PREFIX))) else {
        return Ok(BTreeMap::new());
    };
    let call = client.describe_change_set().stack_name(stack).change_set_name(*name);
    let found = call.send().await;
    let found = found.map_err(from_sdk(format!("describe change set {name} of stack {stack}")))?;
    Ok(tags_from(found.tags()))
}

/// Waits until CloudFormation is at work on none of these stacks: a run that was killed leaves behind
/// what AWS goes on with. Writes nothing. Stacks that are not pipetrail's are not waited for.
///
/// # Errors
/// Any refused call.
pub async fn settle(
    client: &Client,
    names: &[&str],
    tell: &mut (dyn FnMut(StepProgress<'_>) + Send),
) -> Result<(), Error> {
    let mut pause = Pause::default();
    loop {
        let mut busy = false;
        for name in names {
            let stack = Stack::describe(client, name).await?;
            if let Some(stack) = stack.filter(|stack| stack.is_ours() && stack.condition() == Condition::Busy) {
                busy = true;
                let (step, status) = (&StepId::Stack((*name).to_owned()), &stack.status);
                tell(StepProgress::Waits { step, status });
            }
        }
        if !busy {
            return Ok(());
        }
        pause.sleep().await;
    }
}
