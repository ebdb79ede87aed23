-- title: DORA's four keys
-- answers: How often each pipeline deploys, how long a change takes through it, how many deployments fail, and how
--   long it takes until one succeeds again.
-- published: no, its rates are per week of a window, and a published text has none
-- takes: from, to, account, pipeline
-- parameter category: text, default 'Deploy': category of the actions that deploy; Build where CodeBuild does it
-- parameter stage: text, default '': only this stage, such as the one of production; empty for every stage
-- column account_id: text: account of the pipeline
-- column region: text: region of the pipeline
-- column pipeline: text: pipeline
-- column deployments: integer: deployments that succeeded or failed in the window
-- column deployments_per_week: double: deployment frequency: succeeded deployments, per week of the window
-- column lead_time_seconds: integer: lead time for changes: median from the execution's start to the end of each succeeded deployment
-- column change_failure_rate: double: failed deployments, as a share of those that succeeded or failed
-- column restores: integer: times in the window that a deployment succeeded after one or more had failed
-- column time_to_restore_seconds: integer: median from the first failure to that success, in the same stage; NULL without any

WITH deployed AS (
  SELECT * FROM {deployments} AS d WHERE outcome IN ('succeeded', 'failed')
),
lead_times AS (
  SELECT
    d.account_id, d.region, d.pipeline, d.ended_ms - e.started_ms AS ms,
    row_number() OVER (
      PARTITION BY d.account_id, d.region, d.pipeline ORDER BY d.ended_ms - e.started_ms
    ) AS nth,
    count(*) OVER (PARTITION BY d.account_id, d.region, d.pipeline) AS many
  FROM deployed AS d
  JOIN (
    SELECT account_id, region, execution_id, min(event_ms) AS started_ms
    FROM {pipeline_executions since 60 days} AS p
    WHERE state = 'STARTED'
    GROUP BY account_id, region, execution_id
  ) AS e
    ON e.account_id = d.account_id AND e.region = d.region AND e.execution_id = d.execution_id
  WHERE d.outcome = 'succeeded' AND d.ended >= {:from} AND e.started_ms <= d.ended_ms
),
ordered AS (
  SELECT
    d.account_id, d.region, d.pipeline, d.stage, d.outcome, d.ended_ms,
    lag(d.outcome) OVER (
      PARTITION BY d.account_id, d.region, d.pipeline, d.stage
      ORDER BY d.ended_ms, d.execution_id, d.attempt
    ) AS outcome_before,
    min(CASE WHEN d.outcome = 'succeeded' THEN d.ended_ms END) OVER (
      PARTITION BY d.account_id, d.region, d.pipeline, d.stage
      ORDER BY d.ended_ms, d.execution_id, d.attempt
      ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
    ) AS restored_ms
  FROM deployed AS d
),
restore_times AS (
  SELECT
    o.account_id, o.region, o.pipeline, o.restored_ms - o.ended_ms AS ms,
    row_number() OVER (
      PARTITION BY o.account_id, o.region, o.pipeline ORDER BY o.restored_ms - o.ended_ms
    ) AS nth,
    count(*) OVER (PARTITION BY o.account_id, o.region, o.pipeline) AS many
  FROM ordered AS o
  WHERE o.outcome = 'failed' AND coalesce(o.outcome_before, 'succeeded') = 'succeeded'
    AND o.restored_ms >= {:from_ms}
)
SELECT
  p.account_id, p.region, p.pipeline, p.deployments,
  CAST(p.succeeded AS double) * CAST(604800000 AS double) / CAST({:to_ms} - {:from_ms} AS double)
    AS deployments_per_week,
  l.lead_time_seconds,
  CAST(p.deployments - p.succeeded AS double) / CAST(p.deployments AS double) AS change_failure_rate,
  coalesce(r.restores, 0) AS restores,
  r.time_to_restore_seconds
FROM (
  SELECT
    account_id, region, pipeline,
    count(*) AS deployments,
    count(CASE WHEN outcome = 'succeeded' THEN 1 END) AS succeeded
  FROM deployed
  WHERE ended >= {:from}
  GROUP BY account_id, region, pipeline
) AS p
LEFT JOIN (
  SELECT
    account_id, region, pipeline,
    CAST(floor(avg(CAST(ms AS double)) / 1000) AS bigint) AS lead_time_seconds
  FROM lead_times
  WHERE 2 * nth BETWEEN many AND many + 2
  GROUP BY account_id, region, pipeline
) AS l ON l.account_id = p.account_id AND l.region = p.region AND l.pipeline = p.pipeline
LEFT JOIN (
  SELECT
    account_id, region, pipeline, max(many) AS restores,
    CAST(floor(avg(CAST(ms AS double)) / 1000) AS bigint) AS time_to_restore_seconds
  FROM restore_times
  WHERE 2 * nth BETWEEN many AND many + 2
  GROUP BY account_id, region, pipeline
) AS r ON r.account_id = p.account_id AND r.region = p.region AND r.pipeline = p.pipeline
ORDER BY p.account_id, p.region, p.pipeline NULLS LAST
