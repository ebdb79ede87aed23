use super::*;

const IN_PROGRESS: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>OperationInProgressException</Code>\
    <Message>another operation is in progress</Message></Error></ErrorResponse>";
const STALE: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>StaleRequestException</Code>\
    <Message>another operation has been performed since</Message></Error></ErrorResponse>";
const OTHERS: &str = "<ListStackSetOperationsResponse><ListStackSetOperationsResult><Summaries>\
    <member><OperationId>auto-deployment</OperationId><Status>RUNNING</Status></member>\
    <member><OperationId>long-ago</OperationId><Status>FAILED</Status></member>\
    </Summaries></ListStackSetOperationsResult></ListStackSetOperationsResponse>";
const NO_OTHERS: &str =
    "<ListStackSetOperationsResponse><ListStackSetOperationsResult/></ListStackSetOperationsResponse>";
const OURS: &str = "<DescribeStackSetResponse><DescribeStackSetResult><StackSet><Tags><member>\
    <Key>managed-by</Key><Value>pipetrail</Value></member></Tags></StackSet></DescribeStackSetResult></DescribeStackSetResponse>";
const UPDATED: &str = "<UpdateStackInstancesResponse><UpdateStackInstancesResult>\
    <OperationId>pipetrail-0123456789abcdef-1</OperationId></UpdateStackInstancesResult></UpdateStackInstancesResponse>";

#[tokio::test]
async fn another_operation_at_work_is_waited_for_and_the_same_call_made_again() {
    let server = Answers::new(&[
        ("Action=UpdateStackInstances", 409, IN_PROGRESS),
        ("Action=ListStackSetOperations&", 200, OTHERS),
        ("OperationId=auto-deployment", 200, RUNNING),
        ("OperationId=auto-deployment", 200, SUCCEEDED),
        ("Action=DescribeStackSet&", 200, OURS),
        ("Action=UpdateStackInstances", 409, STALE),
        ("Action=ListStackSetOperations&", 200, NO_OTHERS),
        ("Action=DescribeStackSet&", 200, OURS),
        ("Action=UpdateStackInstances", 200, UPDATED),
        ("Action=DescribeStackSetOperation", 200, SUCCEEDED),
        ("Action=ListStackSetOperationResults", 200, LAST_PAGE),
    ]);
    let (client, written) = (server.cloudformation(), Written::default());
    let calls = calls(&client, &written);
    let ended = calls.roll_out(&step(), &mut |_| {}).await.unwrap();
    assert_eq!((ended.succeeded, ended.failed.len()), (1, 1));
    // One id for all three calls: however they are read, one operation comes of it.
    assert_eq!(server.count("Action=UpdateStackInstances"), 3);
    // Those, the polls and the results.
    assert_eq!(server.count("OperationId=pipetrail-0123456789abcdef-1"), 5);
    assert!(written.take());
}

#[tokio::test]
async fn a_stack_set_that_is_no_longer_ours_after_waiting_gets_nothing() {
    let theirs = OURS.replace("managed-by", "owner");
    let server = Answers::new(&[
        ("Action=UpdateStackInstances", 409, STALE),
        ("Action=ListStackSetOperations&", 200, NO_OTHERS),
        ("Action=DescribeStackSet&", 200, &theirs),
    ]);
    let (client, written) = (server.cloudformation(), Written::default());
    let calls = calls(&client, &written);
    let error = calls.roll_out(&step(), &mut |_| {}).await.unwrap_err();
    assert!(matches!(error, Error::Foreign { .. }), "{error}");
    assert!(!written.take());
}
