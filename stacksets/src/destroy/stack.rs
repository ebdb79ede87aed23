//! Deleting one stack, in whatever state it is.

use aws_sdk_cloudformation::Client;

use crate::apply::Written;
use crate::error::{Error, from_sdk};
use crate::stack::{self, Condition, Pause, Stack};

/// A deletion that is asked for may not show at once where the one before failed.
const POLLS_UNTIL_IT_SHOWS: u32 = 6;

/// Deletes the stack of that id: waits for whatever is under way, lifts its termination protection
/// where `lifts`, and waits until it is gone.
pub(super) async fn remove(
    client: &Client,
    name: &str,
    id: &str,
    lifts: bool,
    written: &Written,
    tell: &mut (dyn FnMut(&str) + Send),
) -> Result<(), Error> {
    if id.is_empty() {
        return Err(Error::Incomplete {
            action: "DescribeStacks",
            field: "StackId",
        });
    }
    let mut pause = Pause::default();
    let stack = loop {
        match Stack::describe(client, id).await? {
            None => return Ok(()),
            Some(stack) if stack.status == "DELETE_COMPLETE" => return Ok(()),
            Some(stack) if stack.condition() == Condition::Busy => tell(&stack.status),
            Some(stack) => break stack,
        }
        pause.sleep().await;
    };
    if lifts && stack.protected {
        let call = client
            .update_termination_protection()
            .stack_name(id)
            .enable_termination_protection(false);
        let done = call.send().await;
        written.note(done.map_err(from_sdk(format!("lift the termination protection of stack {name}"))))?;
    }
    let deleted = client.delete_stack().stack_name(id).send().await;
    written.note(deleted.map_err(from_sdk(format!("delete stack {name}"))))?;
    let mut pause = Pause::default();
    for poll in 0.. {
        let Some(now) = Stack::describe(client, id).await? else {
            return Ok(());
        };
        match now.status.as_str() {
            "DELETE_COMPLETE" => return Ok(()),
            "DELETE_FAILED" if poll < POLLS_UNTIL_IT_SHOWS && stack.status == "DELETE_FAILED" => {}
            "DELETE_FAILED" => return stack::failed(client, name, id, now).await,
            status => tell(status),
        }
        pause.sleep().await;
    }
    Ok(())
}
