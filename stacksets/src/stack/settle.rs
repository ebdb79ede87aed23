//! Waiting until nothing of ours is under way, before anything is planned.

use aws_sdk_cloudformation::Client;

use super::{Condition, Stack};
use crate::error::Error;
use crate::journal::Progress;
use crate::pause::Pause;
use crate::step_id::StepId;

/// Waits until CloudFormation is at work on none of these stacks: a run that was killed leaves behind
/// what AWS goes on with. Writes nothing. Stacks that are not pipetrail's are not waited for.
///
/// # Errors
/// Any refused call.
pub async fn settle(client: &Client, names: &[&str], tell: &mut (dyn FnMut(Progress<'_>) + Send)) -> Result<(), Error> {
    let mut pause = Pause::default();
    loop {
        let mut busy = false;
        for name in names {
            let Some(stack) = Stack::describe(client, name).await? else {
                continue;
            };
            if stack.is_ours() && stack.condition() == Condition::Busy {
                busy = true;
                let (step, status) = (&StepId::Stack((*name).to_owned()), &stack.status);
                tell(Progress::Waits { step, status });
            }
        }
        if !busy {
            return Ok(());
        }
        pause.sleep().await;
    }
}
