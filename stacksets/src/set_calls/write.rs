//! Write calls on a stack set that others work on too: one place waits for them.

use std::error::Error as StdError;

use aws_sdk_cloudformation::config::http::HttpResponse;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};

use pipetrail_names::member::STACK;

use super::SetCalls;
use crate::error::{Error, from_sdk};
use crate::pause::{Pause, Tell};
use crate::stack::{is_ours, tags_from};
use crate::stack_set::list_operations;

/// How often a call is made while others keep the stack set busy. The operations found at work are
/// waited for besides, however long they take.
const ATTEMPTS: u32 = 10;

impl SetCalls<'_> {
    /// Makes a write call; `None` when an operation of its id was submitted before, by an attempt
    /// whose answer was lost or by another run.
    ///
    /// `OperationInProgressException` and `StaleRequestException` mean that another operation runs, or
    /// ran since: it is waited for, the stack set is read again, and the same call made once more. It
    /// says what should be, so it stays right whatever the other operation did.
    pub(crate) async fn write<T, E, F>(
        &self,
        action: &str,
        tell: Tell<'_>,
        call: impl Fn() -> F,
    ) -> Result<Option<T>, Error>
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let mut pause = Pause::default();
        for attempt in 1.. {
            let error = match call().await {
                Ok(done) => return self.written.note(Ok(Some(done))),
                Err(error) => error,
            };
            match error.code() {
                Some("OperationIdAlreadyExistsException") => return Ok(None),
                Some("OperationInProgressException" | "StaleRequestException") if attempt < ATTEMPTS => {
                    tell("waiting for another operation");
                    pause.sleep().await;
                    self.settled(tell).await?;
                }
                _ => return self.written.note(Err(from_sdk(action)(error))),
            }
        }
        Ok(None)
    }

    /// Waits for the operations that are at work on the stack set, which must still be ours then.
    async fn settled(&self, tell: Tell<'_>) -> Result<(), Error> {
        let (operations, _) = list_operations(self.client, self.caller).await?;
        for operation in operations.iter().filter(|operation| operation.is_open()) {
            self.end_of(&operation.id, tell).await?;
        }
        let call = self.client.describe_stack_set().stack_set_name(STACK);
        let described = call.call_as(self.caller.call_as()).send().await;
        let described = described.map_err(from_sdk(format!("describe stack set {STACK}")))?;
        match described.stack_set {
            Some(set) if is_ours(&tags_from(set.tags())) => Ok(()),
            _ => Err(Error::foreign("stack set", STACK)),
        }
    }
}
