-- title: Refused decisions
-- answers: Who tried to decide and was refused: without permission, too late, with a token that is not the gate's.
-- takes: from, to, account, pipeline
-- column event_time: text: when it was tried
-- column account_id: text: account of the pipeline
-- column region: text: region of the pipeline
-- column pipeline: text: pipeline; NULL where the record does not say it
-- column stage: text: stage of the gate
-- column action: text: the gate: name of the approval action
-- column decision: text: what was asked for
-- column approver: text: who tried
-- column principal_kind: text: kind of principal, as in `decisions`
-- column principal_arn: text: ARN of the caller
-- column mfa: boolean: whether AWS saw MFA; NULL where it cannot know
-- column console: boolean: whether the session came from the console
-- column source_ip: text: address the call came from
-- column user_agent: text: user agent
-- column error_code: text: why, in AWS's words
-- column error_message: text: why, at length
-- column summary: text: comment that was given
-- column event_key: text: identity of the call

SELECT
  event_time, account_id, region, pipeline, stage, action, decision, approver,
  principal_kind, principal_arn, mfa, console, source_ip, user_agent,
  error_code, error_message, summary, event_key
FROM {approval_calls} AS c
WHERE error_code IS NOT NULL
ORDER BY event_time, event_key
