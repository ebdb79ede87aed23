-- Executions that changed in the window, as they stood at its end. Events arrive out of order: the
-- latest state is that of the highest attempt, then of the highest rank, then of the latest time.
SELECT
  account_id, region, pipeline, execution_id,
  max(CASE WHEN latest = 1 THEN state END) AS state,
  max(coalesce(attempt, 1)) AS attempts,
  min(CASE WHEN state = 'STARTED' THEN event_time END) AS started,
  min(CASE WHEN state = 'STARTED' THEN event_ms END) AS started_ms,
  max(CASE WHEN latest = 1 THEN event_time END) AS changed,
  max(CASE WHEN latest = 1 THEN event_ms END) AS changed_ms,
  max(pipeline_version) AS pipeline_version,
  min(trigger_type) AS trigger_type, min(trigger_detail) AS trigger_detail,
  min(git_repository) AS git_repository, min(git_branch) AS git_branch,
  min(git_commit_id) AS git_commit_id, min(stop_comments) AS stop_comments
FROM (
  SELECT
    e.*,
    row_number() OVER (
      PARTITION BY e.account_id, e.region, e.pipeline, e.execution_id
      ORDER BY
        coalesce(e.attempt, 1) DESC NULLS LAST,
        CASE
          WHEN e.state IN ('STARTED', 'RESUMED') THEN 1
          WHEN e.state IN ('SUCCEEDED', 'FAILED', 'STOPPED', 'CANCELED', 'SUPERSEDED') THEN 3
          ELSE 2
        END DESC NULLS LAST,
        e.event_ms DESC NULLS LAST,
        e.event_key
    ) AS latest
  FROM {pipeline_executions since 60 days} AS e
) AS ranked
GROUP BY account_id, region, pipeline, execution_id
HAVING max(event_time) >= {:from}
