//! Deleting one stack, in whatever state it is.

use aws_sdk_cloudformation::Client;

use crate::error::{Error, from_sdk};
use crate::journal::Written;
use crate::pause::Pause;
use crate::stack::{self, Condition, Stack};

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
    stack::remove(client, name, id, &stack.status, written, tell).await
}
