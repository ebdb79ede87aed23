-- title: Decisions per account
-- answers: In which accounts how much was approved and rejected, by how many people, in how many pipelines.
-- takes: from, to, account, pipeline
-- column account_id: text: account of the pipelines
-- column approved: integer: approvals
-- column rejected: integer: rejections
-- column approvers: integer: different approvers
-- column pipelines: integer: different pipelines
-- column last_decision: text: when the latest decision was made

SELECT
  account_id,
  count(CASE WHEN decision = 'Approved' THEN 1 END) AS approved,
  count(CASE WHEN decision = 'Rejected' THEN 1 END) AS rejected,
  count(DISTINCT approver) AS approvers,
  count(DISTINCT pipeline_arn) AS pipelines,
  max(event_time) AS last_decision
FROM {counting} AS d
GROUP BY account_id
ORDER BY account_id
