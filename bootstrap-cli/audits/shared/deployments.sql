-- Deployments: one run of a stage that has actions of the category, failed as soon as one of them did.
SELECT
  account_id, region, pipeline, stage, execution_id, coalesce(attempt, 1) AS attempt,
  count(*) AS actions,
  max(event_time) AS ended, max(event_ms) AS ended_ms,
  CASE
    WHEN count(CASE WHEN state = 'FAILED' THEN 1 END) > 0 THEN 'failed'
    WHEN count(CASE WHEN state = 'SUCCEEDED' THEN 1 END) = count(*) THEN 'succeeded'
    ELSE 'canceled'
  END AS outcome
FROM {action_executions since 1 days} AS a
WHERE a.action_category = {:category}
  AND a.state IN ('SUCCEEDED', 'FAILED', 'CANCELED', 'ABANDONED')
  AND ({:stage} = '' OR a.stage = {:stage})
GROUP BY account_id, region, pipeline, stage, execution_id, coalesce(attempt, 1)
HAVING max(event_time) >= {:from}
