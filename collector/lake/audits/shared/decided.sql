-- Decisions, with the opening of their gate: 60 days is the longest that an approval can wait.
-- An opening that says to be over a minute later than the decision came late itself: when it was is not known.
SELECT
  d.event_time, d.account_id, d.region, d.pipeline, d.stage, d.action, d.decision, d.approver,
  d.principal_kind, d.principal_arn, d.mfa, d.console, d.source_ip, d.user_agent, d.summary,
  g.execution_id,
  CASE
    WHEN d.event_ms < g.opened_ms - 60000 THEN CAST(NULL AS bigint)
    WHEN d.event_ms < g.opened_ms THEN 0
    ELSE CAST(floor(CAST(d.event_ms - g.opened_ms AS double) / 1000) AS bigint)
  END AS waited_seconds,
  d.action_execution_id, d.event_key
FROM {counting} AS d
LEFT JOIN (
  SELECT
    a.account_id, a.action_execution_id,
    min(a.execution_id) AS execution_id, min(a.event_ms) AS opened_ms
  FROM {action_executions since 60 days} AS a
  WHERE a.state = 'STARTED' AND a.action_category = 'Approval'
  GROUP BY a.account_id, a.action_execution_id
) AS g ON g.account_id = d.account_id AND g.action_execution_id = d.action_execution_id
