-- Deployments: one run of a stage that has actions of the category, failed as soon as one of them did. It
-- is none before all of them have ended, so that it counts in one window, with one outcome. Those that
-- ended in 60 days before the window are here too.
SELECT
  account_id, region, pipeline, stage, execution_id, attempt,
  count(*) AS actions,
  max(ended) AS ended, max(ended_ms) AS ended_ms,
  CASE
    WHEN count(CASE WHEN state = 'FAILED' THEN 1 END) > 0 THEN 'failed'
    WHEN count(CASE WHEN state = 'SUCCEEDED' THEN 1 END) = count(*) THEN 'succeeded'
    ELSE 'canceled'
  END AS outcome
FROM (
  SELECT
    a.account_id, a.region, a.pipeline, a.stage, a.execution_id, coalesce(a.attempt, 1) AS attempt,
    max(CASE WHEN a.state IN ('SUCCEEDED', 'FAILED', 'CANCELED', 'ABANDONED') THEN a.event_time END) AS ended,
    max(CASE WHEN a.state IN ('SUCCEEDED', 'FAILED', 'CANCELED', 'ABANDONED') THEN a.event_ms END) AS ended_ms,
    max(CASE WHEN a.state IN ('SUCCEEDED', 'FAILED', 'CANCELED', 'ABANDONED') THEN a.state END) AS state
  FROM {action_executions since 60 days} AS a
  WHERE a.action_category = {:category}
    AND ({:stage} = '' OR a.stage = {:stage})
  GROUP BY
    a.account_id, a.region, a.pipeline, a.stage, a.execution_id, coalesce(a.attempt, 1),
    coalesce(a.action_execution_id, a.action)
) AS runs
GROUP BY account_id, region, pipeline, stage, execution_id, attempt
HAVING count(state) = count(*)
