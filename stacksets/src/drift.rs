//! Drift detection: whether the stacks of the stack set are still as it describes them.

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use pipetrail_names::member::STACK;

use crate::access::brief_retries;
use crate::desired::RolloutLimits;
use crate::error::{Error, from_sdk, is_unknown_call, unless_refused};
use crate::instance_result::InstanceResult;
use crate::journal::Written;
use crate::operation::next_id;
use crate::organization::Caller;
use crate::set_calls::{SetCalls, preferences};
use crate::stack_set::list_operations;

/// What became of a drift detection. What it found stands with each instance.
#[derive(Debug)]
pub enum Detection {
    /// It has ended.
    Ended {
        /// Why it stopped before its end, if it did.
        error: Option<Error>,
        /// Where it could not look.
        failed: Vec<InstanceResult>,
    },
    /// There is no stack set of that name.
    NoStackSet,
    /// The endpoint lacks the call.
    Unsupported,
}

/// Compares every stack of the stack set with it, and waits for the end. One detection that is at work
/// already is joined. It reads the stacks and changes none of them.
///
/// # Errors
/// A refused call.
pub async fn detect_drift(
    client: &Client,
    caller: Caller,
    max_concurrent_percentage: u8,
    tell: &mut (dyn FnMut(&str) + Send),
) -> Result<Detection, Error> {
    let calls = SetCalls {
        client,
        caller,
        rollout: &RolloutLimits {
            max_concurrent_percentage,
            // Looking harms nobody: one account that cannot be looked at stops no other.
            failure_tolerance_percentage: 100,
        },
        written: &Written::default(),
    };
    let listed = list_operations(client, caller).await;
    let Some((operations, _)) = unless_refused("StackSetNotFoundException", listed)? else {
        return Ok(Detection::NoStackSet);
    };
    let id = next_id(&["detect drift", STACK], &operations);
    let mut open = operations.iter().filter(|operation| operation.is_open());
    let is_at_work = open.any(|operation| operation.id == id);
    if !is_at_work && !calls.begin_detection(&id).await? {
        return Ok(Detection::Unsupported);
    }
    let ended = calls.wait(&id, tell).await?;
    Ok(Detection::Ended {
        error: ended.error,
        failed: ended.failed,
    })
}

impl SetCalls<'_> {
    /// Begins a detection; `false` where the endpoint lacks the call.
    async fn begin_detection(&self, id: &str) -> Result<bool, Error> {
        let call = self.client.detect_stack_set_drift().stack_set_name(STACK);
        let call = call.call_as(self.caller.call_as()).operation_id(id);
        let call = call.operation_preferences(preferences(self.rollout));
        let brief = call.clone().customize().config_override(brief_retries());
        let begun = match brief.send().await {
            Err(error) if !is_unknown_call(&error) => call.send().await,
            begun => begun,
        };
        match begun {
            Err(error) if is_unknown_call(&error) => Ok(false),
            // A try whose answer was lost, or another run, has begun it. The call's model lacks this error,
            // which all other calls with an operation id have.
            Err(error) if error.code() == Some("OperationIdAlreadyExistsException") => Ok(true),
            begun => begun
                .map(|_| true)
                .map_err(from_sdk(format!("detect the drift of stack set {STACK}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::Answers;

    // Unproven on AWS: the answers follow the API's model; moto lacks the call.
    const NO_OPERATIONS: &str = "<ListStackSetOperationsResponse><ListStackSetOperationsResult><Summaries/>\
        </ListStackSetOperationsResult></ListStackSetOperationsResponse>";
    const BEGUN: &str = "<DetectStackSetDriftResponse><DetectStackSetDriftResult><OperationId>x</OperationId>\
        </DetectStackSetDriftResult></DetectStackSetDriftResponse>";
    const ENDED: &str = "<DescribeStackSetOperationResponse><DescribeStackSetOperationResult><StackSetOperation>\
        <Status>SUCCEEDED</Status></StackSetOperation></DescribeStackSetOperationResult>\
        </DescribeStackSetOperationResponse>";
    const RESULTS: &str = "<ListStackSetOperationResultsResponse><ListStackSetOperationResultsResult><Summaries>\
        <member><Account>000000000001</Account><Region>eu-central-1</Region><Status>SUCCEEDED</Status></member>\
        <member><Account>000000000002</Account><Region>eu-central-1</Region><Status>FAILED</Status>\
        <StatusReason>no role</StatusReason></member>\
        </Summaries></ListStackSetOperationResultsResult></ListStackSetOperationResultsResponse>";

    async fn detect(server: &Answers) -> Result<Detection, Error> {
        detect_drift(&server.cloudformation(), Caller::Management, 20, &mut |_| {}).await
    }

    #[tokio::test]
    async fn a_detection_is_begun_once_and_waited_for() {
        let exists = "<ErrorResponse><Error><Code>OperationIdAlreadyExistsException</Code><Message>x</Message></Error></ErrorResponse>";
        for (status, begun) in [(200, BEGUN), (409, exists)] {
            let server = Answers::new(&[
                ("Action=ListStackSetOperations&", 200, NO_OPERATIONS),
                ("Action=DetectStackSetDrift", status, begun),
                ("Action=DetectStackSetDrift", status, begun),
                ("Action=DescribeStackSetOperation", 200, ENDED),
                ("Action=ListStackSetOperationResults", 200, RESULTS),
            ]);
            let Detection::Ended { error, failed } = detect(&server).await.unwrap() else {
                panic!("{status}");
            };
            assert!(error.is_none());
            assert_eq!(failed.len(), 1);
            assert_eq!(failed[0].account, "000000000002");
            assert!(server.count("OperationId=pipetrail-") >= 2, "{status}");
        }
    }

    #[tokio::test]
    async fn a_detection_that_is_at_work_is_joined() {
        let id = next_id(&["detect drift", "pipetrail-member"], &[]);
        let running = format!(
            "<ListStackSetOperationsResponse><ListStackSetOperationsResult><Summaries><member>\
             <OperationId>{id}</OperationId><Action>DETECT_DRIFT</Action><Status>RUNNING</Status></member></Summaries>\
             </ListStackSetOperationsResult></ListStackSetOperationsResponse>"
        );
        let server = Answers::new(&[
            ("Action=ListStackSetOperations&", 200, &running),
            ("Action=DescribeStackSetOperation", 200, ENDED),
            ("Action=ListStackSetOperationResults", 200, RESULTS),
        ]);
        assert!(matches!(detect(&server).await, Ok(Detection::Ended { .. })));
        assert_eq!(server.count("Action=DetectStackSetDrift"), 0);
    }

    #[tokio::test]
    async fn an_endpoint_without_the_call_is_unsupported_and_a_refusal_an_error() {
        let server = Answers::new(&[
            ("Action=ListStackSetOperations&", 200, NO_OPERATIONS),
            ("Action=DetectStackSetDrift", 500, "oops"),
            ("Action=DetectStackSetDrift", 500, "oops"),
        ]);
        assert!(matches!(detect(&server).await, Ok(Detection::Unsupported)));
        let refused = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
        let server = Answers::new(&[
            ("Action=ListStackSetOperations&", 200, NO_OPERATIONS),
            ("Action=DetectStackSetDrift", 403, refused),
            ("Action=DetectStackSetDrift", 403, refused),
        ]);
        assert!(matches!(detect(&server).await, Err(Error::Aws { .. })));
    }
}
