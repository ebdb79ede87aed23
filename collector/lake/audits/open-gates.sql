-- title: Open gates
-- answers: Which approvals wait for somebody at the end of the window, the longest first. A gate whose execution
--   has ended is not open, unless a retry opened it.
-- published: no, its waits are counted to the end of a window, and a published text has none
-- takes: from, to, account, pipeline
-- column opened: text: when the gate opened
-- column account_id: text: account of the pipeline
-- column region: text: region of the pipeline
-- column pipeline: text: pipeline
-- column stage: text: stage of the gate
-- column action: text: the gate: name of the approval action
-- column waiting_seconds: integer: from the opening to the end of the window
-- column execution_id: text: execution that waits
-- column action_execution_id: text: the gate's action execution, as SHA-256

SELECT
  g.opened, g.account_id, g.region, g.pipeline, g.stage, g.action,
  CAST(floor(CAST({:to_ms} - g.opened_ms AS double) / 1000) AS bigint) AS waiting_seconds,
  g.execution_id, g.action_execution_id
FROM {gates} AS g
LEFT JOIN (
  SELECT e.account_id, e.execution_id, max(coalesce(e.attempt, 1)) AS attempt
  FROM {pipeline_executions since 60 days} AS e
  WHERE e.state IN ('SUCCEEDED', 'FAILED', 'STOPPED', 'CANCELED', 'SUPERSEDED')
  GROUP BY e.account_id, e.execution_id
) AS e ON e.account_id = g.account_id AND e.execution_id = g.execution_id
WHERE g.outcome = 'open' AND g.opened_ms IS NOT NULL AND (e.attempt IS NULL OR e.attempt < g.attempt)
ORDER BY g.opened, g.account_id, g.action_execution_id NULLS LAST
