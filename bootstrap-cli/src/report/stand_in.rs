//! Stand-ins until the audits are merged.
use super::window::Window;

pub fn sql(name: &str, window: &Window, accounts: &[String]) -> String {
    let (from, to) = (
        window.from.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string(),
        window.to.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string(),
    );
    let only = if accounts.is_empty() {
        String::new()
    } else {
        format!(" AND account_id IN ('{}')", accounts.join("','"))
    };
    let a = |table: &str| {
        format!(
            "(SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY event_key ORDER BY ingested_at, event_id) AS copy FROM {table} WHERE event_time >= '{from}' AND event_time < '{to}'{only}) AS t WHERE copy = 1)"
        )
    };
    let gates = format!(
        "SELECT s.account_id, s.region, s.pipeline, s.stage, s.action, s.event_time AS opened, e.event_time AS ended, e.state, (e.event_ms - s.event_ms) / 1000 AS waited_seconds, s.action_execution_id FROM {x} AS s JOIN {x} AS e ON s.action_execution_id = e.action_execution_id AND s.state = 'STARTED' AND e.state <> 'STARTED' WHERE s.action_category = 'Approval'",
        x = a("action_executions")
    );
    match name {
        "decisions" => format!("SELECT a.event_time, a.account_id, a.region, a.pipeline, a.stage, a.action, decision, approver, principal_kind, principal_arn, mfa, console, source_ip, user_agent, summary, a.event_id AS execution_id, g.waited_seconds, a.action_execution_id, event_key FROM {} AS a LEFT JOIN ({gates}) AS g ON g.action_execution_id = a.action_execution_id WHERE error_code IS NULL ORDER BY event_time DESC NULLS LAST, event_key", a("approvals")),
        "decisions-per-day" => format!("SELECT day, SUM(CASE WHEN decision = 'Approved' THEN 1 ELSE 0 END) AS approved, SUM(CASE WHEN decision = 'Rejected' THEN 1 ELSE 0 END) AS rejected FROM {} WHERE error_code IS NULL GROUP BY day ORDER BY day", a("approvals")),
        "decisions-per-account" => format!("SELECT account_id, SUM(CASE WHEN decision = 'Approved' THEN 1 ELSE 0 END) AS approved, SUM(CASE WHEN decision = 'Rejected' THEN 1 ELSE 0 END) AS rejected, COUNT(DISTINCT approver) AS approvers, COUNT(DISTINCT pipeline) AS pipelines, MAX(event_time) AS last_decision FROM {} WHERE error_code IS NULL GROUP BY account_id ORDER BY COUNT(*) DESC NULLS LAST, account_id", a("approvals")),
        "approvers" => format!("SELECT approver, principal_kind, SUM(CASE WHEN decision = 'Approved' THEN 1 ELSE 0 END) AS approved, SUM(CASE WHEN decision = 'Rejected' THEN 1 ELSE 0 END) AS rejected, COUNT(DISTINCT account_id) AS accounts, COUNT(DISTINCT pipeline) AS pipelines, SUM(CASE WHEN mfa = FALSE THEN 1 ELSE 0 END) AS without_mfa, MAX(event_time) AS last_decision FROM {} WHERE error_code IS NULL GROUP BY approver, principal_kind ORDER BY COUNT(*) DESC NULLS LAST, approver", a("approvals")),
        "gate-waits" => gates,
        "gate-wait-buckets" => format!("SELECT b AS bucket, CASE WHEN b = 1 THEN 'under 5 min' WHEN b = 2 THEN '5 to 30 min' WHEN b = 3 THEN '30 min to 2 h' WHEN b = 4 THEN '2 to 8 h' ELSE 'over 8 h' END AS label, COUNT(*) AS gates, SUM(CASE WHEN state = 'SUCCEEDED' THEN 1 ELSE 0 END) AS approved, SUM(CASE WHEN state = 'FAILED' THEN 1 ELSE 0 END) AS rejected, SUM(CASE WHEN state NOT IN ('SUCCEEDED', 'FAILED') THEN 1 ELSE 0 END) AS other FROM (SELECT state, CASE WHEN waited_seconds < 300 THEN 1 WHEN waited_seconds < 1800 THEN 2 WHEN waited_seconds < 7200 THEN 3 WHEN waited_seconds < 28800 THEN 4 ELSE 5 END AS b FROM ({gates}) AS g) AS h GROUP BY b ORDER BY b"),
        "open-gates" => format!("SELECT account_id, region, pipeline, stage, action, event_time AS waiting_since, action_execution_id FROM {x} AS s WHERE state = 'STARTED' AND action_category = 'Approval' AND action_execution_id NOT IN (SELECT action_execution_id FROM {x} AS y WHERE state <> 'STARTED') ORDER BY event_time, action_execution_id", x = a("action_executions")),
        "refused-decisions" => format!("SELECT event_time, account_id, region, pipeline, stage, action, decision, approver, error_code, error_message, event_key FROM {} WHERE error_code IS NOT NULL ORDER BY event_time DESC NULLS LAST, event_key", a("approvals")),
        "coverage" => "SELECT account_id, region, COUNT(DISTINCT event_key) AS heartbeats, COUNT(DISTINCT SUBSTR(event_time, 1, 13)) AS hours_seen, 24 AS hours_expected, MIN(event_time) AS first_heartbeat, MAX(event_time) AS last_heartbeat, 3600 AS longest_gap_seconds FROM heartbeats GROUP BY account_id, region ORDER BY account_id, region".to_owned(),
        _ => format!("SELECT account_id, COUNT(DISTINCT event_key) AS events FROM {} GROUP BY account_id ORDER BY account_id", a("action_executions")),
    }
}
