-- title: Decisions
-- answers: Who approved or rejected what, when, why, from where, and with MFA or not. Calls that were
--   refused decided nothing and are not here.
-- takes: from, to, account, pipeline
-- parameter decision: text, default '', else Approved or Rejected: only these decisions, Approved or Rejected; empty for both
-- column event_time: text: when it was decided
-- column account_id: text: account of the pipeline
-- column region: text: region of the pipeline
-- column pipeline: text: pipeline
-- column stage: text: stage of the gate
-- column action: text: the gate: name of the approval action
-- column decision: text: Approved or Rejected
-- column approver: text: who decided
-- column principal_kind: text: kind of principal: identity_center, iam_user, federated, root, role_session, aws_service, unknown
-- column principal_arn: text: ARN of the caller
-- column mfa: boolean: whether AWS saw MFA; NULL where MFA would be the identity provider's
-- column console: boolean: whether the session came from the console
-- column source_ip: text: address the call came from, or a service's DNS name
-- column user_agent: text: user agent
-- column summary: text: comment of the reviewer
-- column execution_id: text: execution that waited; NULL where the gate's opening is not in the lake
-- column waited_seconds: integer: from the gate's opening to the decision; NULL as execution_id, and where the opening came so late that it seems to follow the decision
-- column action_execution_id: text: the gate's action execution, as SHA-256
-- column event_key: text: identity of the call

SELECT
  event_time, account_id, region, pipeline, stage, action, decision, approver,
  principal_kind, principal_arn, mfa, console, source_ip, user_agent, summary,
  execution_id, waited_seconds, action_execution_id, event_key
FROM {decided} AS d
WHERE {:decision} = '' OR decision = {:decision}
ORDER BY event_time, event_key
