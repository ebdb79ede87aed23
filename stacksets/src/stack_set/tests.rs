//! Unproven on AWS: the answers follow the API's model; moto gives neither drift nor operation ids.

use super::*;
use crate::answers::Answers;

impl Instance {
    /// Nothing is known of it but where it is.
    pub(crate) fn of_test(account: &str, region: &str) -> Self {
        Instance {
            account: ids::known(account),
            region: ids::known(region),
            unit: None,
            status: String::new(),
            detailed_status: String::new(),
            reason: None,
            drift: None,
            last_operation: None,
        }
    }
}

fn page(list: &str, members: &str, token: &str) -> String {
    format!("<{list}Response><{list}Result><Summaries>{members}</Summaries>{token}</{list}Result></{list}Response>")
}

const TOKEN: &str = "<NextToken>t</NextToken>";

#[tokio::test]
async fn an_instance_says_its_drift_and_its_last_operation() {
    let drifted = "<member><Account>000000000001</Account><Region>eu-west-1</Region><Status>CURRENT</Status>\
        <DriftStatus>DRIFTED</DriftStatus><LastDriftCheckTimestamp>2026-11-20T08:00:00Z</LastDriftCheckTimestamp>\
        <LastOperationId>pipetrail-x-1</LastOperationId></member>";
    let silent = "<member><Account>000000000002</Account><Region>eu-west-1</Region></member>";
    let server = Answers::new(&[
        ("Action=ListStackInstances", 200, &page("ListStackInstances", "", TOKEN)),
        (
            "Action=ListStackInstances",
            200,
            &page("ListStackInstances", drifted, TOKEN),
        ),
        (
            "Action=ListStackInstances",
            200,
            &page("ListStackInstances", silent, ""),
        ),
    ]);
    let instances = list_instances(&server.cloudformation(), Caller::Management, None)
        .await
        .unwrap();
    let drift = Drift {
        status: "DRIFTED".into(),
        checked_at: "2026-11-20T08:00:00Z".parse().ok(),
    };
    assert_eq!(instances[0].drift, Some(drift));
    assert_eq!(instances[0].last_operation.as_deref(), Some("pipetrail-x-1"));
    assert_eq!((&instances[1].drift, &instances[1].last_operation), (&None, &None));
}

#[tokio::test]
async fn only_operations_that_deploy_and_have_ended_say_when() {
    let operation = |id: &str, action: &str, ended: &str| {
        format!(
            "<member><OperationId>{id}</OperationId><Action>{action}</Action><Status>SUCCEEDED</Status>{ended}</member>"
        )
    };
    let ended = "<EndTimestamp>2026-11-20T08:00:00.500Z</EndTimestamp>";
    let operations = [
        operation("made", "CREATE", ended),
        operation("looked", "DETECT_DRIFT", ended),
        operation("removed", "DELETE", ended),
        operation("at-work", "UPDATE", ""),
    ];
    let list = "ListStackSetOperations";
    let server = Answers::new(&[
        ("Action=ListStackSetOperations", 200, &page(list, "", TOKEN)),
        (
            "Action=ListStackSetOperations",
            200,
            &page(list, &operations.concat(), ""),
        ),
    ]);
    let (all, deployments) = list_operations(&server.cloudformation(), Caller::Management)
        .await
        .unwrap();
    assert_eq!(all.len(), 4);
    let wanted = BTreeMap::from([("made".to_owned(), "2026-11-20T08:00:00.5Z".parse().unwrap())]);
    assert_eq!(deployments, wanted);
}
