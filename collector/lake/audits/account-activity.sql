-- title: Activity per account
-- answers: What went on in each account: executions, decisions, other calls, and how many people were at it. The
--   daily call of pipetrail's own that is refused, so that CloudTrail records it, does not count.
-- takes: from, to, account, pipeline
-- column account_id: text: the account
-- column pipelines: integer: different pipelines that something happened to
-- column executions: integer: executions that changed
-- column decisions: integer: approvals and rejections
-- column refused: integer: decisions that were refused
-- column calls: integer: other calls, refused ones too
-- column people: integer: different approvers and callers
-- column first_event: text: the earliest event
-- column last_event: text: the latest event

SELECT
  account_id,
  count(DISTINCT pipeline_arn) AS pipelines,
  count(DISTINCT CASE WHEN kind = 'execution' THEN what END) AS executions,
  count(CASE WHEN kind = 'decision' THEN 1 END) AS decisions,
  count(CASE WHEN kind = 'refused' THEN 1 END) AS refused,
  count(CASE WHEN kind = 'call' THEN 1 END) AS calls,
  count(DISTINCT who) AS people,
  min(event_time) AS first_event,
  max(event_time) AS last_event
FROM (
  SELECT
    account_id, pipeline_arn, event_time, 'execution' AS kind,
    execution_id AS what, CAST(NULL AS varchar) AS who
  FROM {pipeline_executions} AS e
  UNION ALL
  SELECT
    account_id, pipeline_arn, event_time,
    CASE WHEN error_code IS NULL THEN 'decision' ELSE 'refused' END AS kind,
    event_key AS what, approver AS who
  FROM {approval_calls} AS d
  UNION ALL
  SELECT account_id, pipeline_arn, event_time, 'call' AS kind, event_key AS what, actor AS who
  FROM {api_calls} AS c
  WHERE NOT (
    event_name = 'StopPipelineExecution' AND error_code IS NOT NULL
    AND coalesce(role_name, '') LIKE 'pipetrail-forwarder-%'
  )
) AS happened
GROUP BY account_id
ORDER BY account_id
