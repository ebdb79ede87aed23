-- title: Gate waits
-- answers: How long each gate waited that was passed or failed in the window, and how that ended.
-- takes: from, to, account, pipeline
-- column ended: text: when the wait ended: at the decision, else when the action ended
-- column account_id: text: account of the pipeline
-- column region: text: region of the pipeline
-- column pipeline: text: pipeline
-- column stage: text: stage of the gate
-- column action: text: the gate: name of the approval action
-- column outcome: text: approved, rejected, failed (nobody decided in time, or the action could not run, or the decision is not in the lake), canceled or abandoned
-- column approver: text: who decided; NULL where no decision is in the lake
-- column waited_seconds: integer: from the opening to the end; NULL where it is not known when the gate opened
-- column opened: text: when the gate opened; NULL where that is not in the lake, or came so late that it seems to follow the end
-- column error_code: text: error of the action, such as JobFailed
-- column summary: text: comment of the reviewer, else what CodePipeline says
-- column execution_id: text: execution that waited
-- column action_execution_id: text: the gate's action execution, as SHA-256

SELECT
  ended, account_id, region, pipeline, stage, action, outcome, approver,
  CAST(floor(CAST(ended_ms - opened_ms AS double) / 1000) AS bigint) AS waited_seconds,
  opened, error_code, summary, execution_id, action_execution_id
FROM {gates} AS g
WHERE outcome <> 'open' AND ended >= {:from}
ORDER BY ended, account_id, action_execution_id NULLS LAST, execution_id NULLS LAST
