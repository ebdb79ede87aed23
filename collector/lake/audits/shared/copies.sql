-- Every copy of every event of every table, those that were dropped when rows were settled too; of an event
-- the one with the lowest `precedence` counts.
SELECT
  'pipeline_executions' AS table_name, account_id, event_key, event_time, event_ms, ingested_at, event_id, source, source_file,
  content_sha256, precedence, state AS says, CAST(NULL AS varchar) AS addendum_of
FROM {pipeline_executions copies} AS e
UNION ALL
SELECT
  'stage_executions' AS table_name, account_id, event_key, event_time, event_ms, ingested_at, event_id, source, source_file,
  content_sha256, precedence, state AS says, CAST(NULL AS varchar) AS addendum_of
FROM {stage_executions copies} AS g
UNION ALL
SELECT
  'action_executions' AS table_name, account_id, event_key, event_time, event_ms, ingested_at, event_id, source, source_file,
  content_sha256, precedence, state AS says, CAST(NULL AS varchar) AS addendum_of
FROM {action_executions copies} AS a
UNION ALL
SELECT
  'approval_calls' AS table_name, account_id, event_key, event_time, event_ms, ingested_at, event_id, source, source_file,
  content_sha256, precedence, coalesce(error_code, decision) AS says, addendum_of
FROM {approval_calls copies} AS d
UNION ALL
SELECT
  'api_calls' AS table_name, account_id, event_key, event_time, event_ms, ingested_at, event_id, source, source_file,
  content_sha256, precedence, event_name AS says, addendum_of
FROM {api_calls copies} AS c
UNION ALL
SELECT
  'heartbeats' AS table_name, account_id, event_key, event_time, event_ms, ingested_at, event_id, source, source_file,
  content_sha256, precedence, scheduled_time AS says, CAST(NULL AS varchar) AS addendum_of
FROM {heartbeats copies} AS h
UNION ALL
SELECT
  'other_events' AS table_name, account_id, event_key, event_time, event_ms, ingested_at, event_id, source, source_file,
  content_sha256, precedence, detail_type AS says, CAST(NULL AS varchar) AS addendum_of
FROM {other_events copies} AS o
UNION ALL
SELECT
  'own_changes' AS table_name, account_id, event_key, event_time, event_ms, ingested_at, event_id, source, source_file,
  content_sha256, precedence, event_name AS says, addendum_of
FROM {own_changes copies} AS w
UNION ALL
SELECT
  table_name, account_id, event_key, event_time, event_ms, ingested_at, event_id, source, source_file,
  content_sha256, precedence, says, addendum_of
FROM {dropped} AS t
