-- title: Approvers
-- answers: Who decided how often, in how many accounts and pipelines, and how often without MFA.
-- takes: from, to, account, pipeline
-- column approver: text: who decided
-- column principal_kind: text: kind of principal, as in `decisions`
-- column approved: integer: approvals
-- column rejected: integer: rejections
-- column accounts: integer: different accounts
-- column pipelines: integer: different pipelines
-- column without_mfa: integer: decisions for which AWS saw that there was no MFA; not those where it cannot know
-- column last_decision: text: when the latest decision was made

SELECT
  approver,
  principal_kind,
  count(CASE WHEN decision = 'Approved' THEN 1 END) AS approved,
  count(CASE WHEN decision = 'Rejected' THEN 1 END) AS rejected,
  count(DISTINCT account_id) AS accounts,
  count(DISTINCT pipeline_arn) AS pipelines,
  count(CASE WHEN NOT mfa THEN 1 END) AS without_mfa,
  max(event_time) AS last_decision
FROM {counting} AS d
GROUP BY approver, principal_kind
ORDER BY count(*) DESC NULLS LAST, approver NULLS LAST, principal_kind NULLS LAST
