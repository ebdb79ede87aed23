-- title: Pipeline changes
-- answers: Who created, changed or deleted pipelines and action types, enabled or disabled transitions, or
--   overrode a condition. Calls that were refused are here too, with their error.
-- takes: from, to, account, pipeline
-- column event_time: text: when it was called
-- column account_id: text: account of the pipeline
-- column region: text: region of the pipeline
-- column pipeline: text: pipeline; NULL where the call names none
-- column change: text: the call, such as UpdatePipeline
-- column stage: text: stage of the transition or condition
-- column actor: text: who called
-- column principal_kind: text: kind of principal, as in `decisions`
-- column principal_arn: text: ARN of the caller
-- column mfa: boolean: whether AWS saw MFA; NULL where it cannot know
-- column console: boolean: whether the session came from the console
-- column source_ip: text: address the call came from
-- column user_agent: text: user agent
-- column pipeline_version: integer: version of the pipeline's structure that it made
-- column reason: text: reason that was given
-- column error_code: text: why it was refused; NULL where it was done
-- column event_key: text: identity of the call

SELECT
  event_time, account_id, region, pipeline, event_name AS change, stage, actor,
  principal_kind, principal_arn, mfa, console, source_ip, user_agent,
  pipeline_version, reason, error_code, event_key
FROM {api_calls} AS c
WHERE event_name IN (
  'CreatePipeline', 'UpdatePipeline', 'DeletePipeline',
  'EnableStageTransition', 'DisableStageTransition', 'OverrideStageCondition',
  'PutWebhook', 'DeleteWebhook', 'RegisterWebhookWithThirdParty', 'DeregisterWebhookWithThirdParty',
  'CreateCustomActionType', 'DeleteCustomActionType', 'UpdateActionType',
  'TagResource', 'UntagResource'
)
ORDER BY event_time, event_key
