-- title: Executions
-- answers: Which pipelines ran, what started them, how far they came and how long that took. Executions that
--   changed in the window, as they stood at its end.
-- takes: from, to, account, pipeline
-- column started: text: when it started; NULL where that is not in the lake
-- column account_id: text: account of the pipeline
-- column region: text: region of the pipeline
-- column pipeline: text: pipeline
-- column execution_id: text: the execution
-- column state: text: its latest state, in AWS's words
-- column attempts: integer: 1, and one more for each retry
-- column changed: text: when its state changed last
-- column duration_seconds: integer: from the start to the last change; NULL where the start is not in the lake, or came so late that it seems to follow the change
-- column pipeline_version: integer: version of the pipeline's structure
-- column trigger_type: text: what started it; NULL for git triggers
-- column trigger_detail: text: who or which rule started it
-- column git_repository: text: git trigger: repository
-- column git_branch: text: git trigger: branch
-- column git_commit_id: text: git trigger: commit
-- column stop_comments: text: comment of whoever stopped it

SELECT
  started, account_id, region, pipeline, execution_id, state, attempts, changed,
  CASE
    WHEN changed_ms >= started_ms THEN CAST(floor(CAST(changed_ms - started_ms AS double) / 1000) AS bigint)
  END AS duration_seconds,
  pipeline_version, trigger_type, trigger_detail, git_repository, git_branch, git_commit_id, stop_comments
FROM {executions} AS e
ORDER BY started NULLS LAST, changed, account_id, region, pipeline NULLS LAST, execution_id NULLS LAST
