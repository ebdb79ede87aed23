-- title: Failed deployments and retries
-- answers: Which deploying actions failed, with which error, and who retried a stage or rolled it back.
-- takes: from, to, account, pipeline
-- parameter category: text, default 'Deploy': category of the actions that deploy; Build where CodeBuild does it
-- parameter stage: text, default '': only this stage, such as the one of production; empty for every stage
-- column event_time: text: when it happened
-- column kind: text: failed deployment, retry, rollback, or automatic rollback
-- column account_id: text: account of the pipeline
-- column region: text: region of the pipeline
-- column pipeline: text: pipeline
-- column stage: text: stage; NULL of an automatic rollback
-- column action: text: action that failed
-- column execution_id: text: execution that failed or was retried; of a rollback the new one
-- column attempt: integer: attempt of the execution that failed; NULL of calls
-- column actor: text: who retried or rolled back
-- column error_code: text: error of the action, such as JobFailed
-- column summary: text: what the action says of its failure
-- column event_key: text: identity of the event

SELECT
  event_time, kind, account_id, region, pipeline, stage, action, execution_id, attempt, actor,
  error_code, summary, event_key
FROM (
  SELECT
    event_time, 'failed deployment' AS kind, account_id, region, pipeline, stage, action, execution_id,
    coalesce(attempt, 1) AS attempt, CAST(NULL AS varchar) AS actor,
    error_code, result_summary AS summary, event_key
  FROM {action_executions} AS a
  WHERE state = 'FAILED' AND action_category = {:category} AND ({:stage} = '' OR stage = {:stage})
  UNION ALL
  SELECT
    event_time, CASE WHEN event_name = 'RollbackStage' THEN 'rollback' ELSE 'retry' END AS kind,
    account_id, region, pipeline, stage, CAST(NULL AS varchar) AS action, execution_id,
    CAST(NULL AS bigint) AS attempt, actor, CAST(NULL AS varchar) AS error_code,
    reason AS summary, event_key
  FROM {api_calls} AS c
  WHERE event_name IN ('RetryStageExecution', 'RollbackStage') AND error_code IS NULL
    AND ({:stage} = '' OR stage = {:stage})
  UNION ALL
  SELECT
    event_time, 'automatic rollback' AS kind, account_id, region, pipeline, CAST(NULL AS varchar) AS stage,
    CAST(NULL AS varchar) AS action, execution_id, CAST(NULL AS bigint) AS attempt,
    CAST(NULL AS varchar) AS actor, CAST(NULL AS varchar) AS error_code,
    trigger_detail AS summary, event_key
  FROM {pipeline_executions} AS e
  WHERE state = 'STARTED' AND trigger_type = 'AutomatedRollback' AND {:stage} = ''
) AS f
ORDER BY event_time, event_key
