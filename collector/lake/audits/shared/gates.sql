-- Gates (approval actions), those of 60 days before the window too, one row each. A decision ends the
-- wait; its action follows half a minute later.
-- An opening that says to be over a minute later than the end came late itself: when it was is not known.
SELECT
  g.account_id, g.region, g.pipeline, g.stage, g.action, g.execution_id, g.action_execution_id,
  g.attempt,
  CASE WHEN coalesce(d.event_ms, g.ended_ms) < g.opened_ms - 60000 THEN CAST(NULL AS varchar) ELSE g.opened END AS opened,
  CASE WHEN coalesce(d.event_ms, g.ended_ms) < g.opened_ms - 60000 THEN CAST(NULL AS bigint) ELSE g.opened_ms END AS opened_ms,
  coalesce(d.event_time, g.ended) AS ended,
  CASE
    WHEN coalesce(d.event_ms, g.ended_ms) BETWEEN g.opened_ms - 60000 AND g.opened_ms THEN g.opened_ms
    ELSE coalesce(d.event_ms, g.ended_ms)
  END AS ended_ms,
  CASE
    WHEN d.decision = 'Approved' THEN 'approved'
    WHEN d.decision = 'Rejected' THEN 'rejected'
    WHEN g.ended_ms IS NULL THEN 'open'
    WHEN g.state = 'SUCCEEDED' THEN 'approved'
    WHEN g.state = 'FAILED' THEN 'failed'
    WHEN g.state = 'CANCELED' THEN 'canceled'
    ELSE 'abandoned'
  END AS outcome,
  d.approver, g.error_code, coalesce(d.summary, g.result_summary) AS summary
FROM (
  SELECT
    a.account_id,
    coalesce(a.action_execution_id, a.execution_id || ' ' || a.stage || ' ' || a.action) AS gate,
    min(a.action_execution_id) AS action_execution_id,
    min(a.region) AS region, min(a.pipeline) AS pipeline, min(a.stage) AS stage,
    min(a.action) AS action, min(a.execution_id) AS execution_id, max(coalesce(a.attempt, 1)) AS attempt,
    min(CASE WHEN a.state = 'STARTED' THEN a.event_time END) AS opened,
    min(CASE WHEN a.state = 'STARTED' THEN a.event_ms END) AS opened_ms,
    min(CASE WHEN a.state IN ('SUCCEEDED', 'FAILED', 'CANCELED', 'ABANDONED') THEN a.event_time END) AS ended,
    min(CASE WHEN a.state IN ('SUCCEEDED', 'FAILED', 'CANCELED', 'ABANDONED') THEN a.event_ms END) AS ended_ms,
    max(CASE WHEN a.state IN ('SUCCEEDED', 'FAILED', 'CANCELED', 'ABANDONED') THEN a.state END) AS state,
    min(a.error_code) AS error_code, min(a.result_summary) AS result_summary
  FROM {action_executions since 60 days} AS a
  WHERE a.action_category = 'Approval'
  GROUP BY
    a.account_id,
    coalesce(a.action_execution_id, a.execution_id || ' ' || a.stage || ' ' || a.action)
) AS g
LEFT JOIN (
  SELECT *
  FROM (
    SELECT
      c.account_id, c.action_execution_id, c.event_time, c.event_ms, c.decision, c.approver, c.summary,
      row_number() OVER (
        PARTITION BY c.account_id, c.action_execution_id ORDER BY c.event_time, c.event_key
      ) AS nth
    FROM {approval_calls since 60 days} AS c
    WHERE c.error_code IS NULL AND c.decision IN ('Approved', 'Rejected')
  ) AS calls
  WHERE nth = 1
) AS d ON d.account_id = g.account_id AND d.action_execution_id = g.action_execution_id
