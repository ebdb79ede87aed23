-- title: Decisions per day
-- answers: How many approvals and rejections there were on each day; days without any are not listed.
-- takes: from, to, account, pipeline
-- column day: text: UTC day
-- column approved: integer: approvals
-- column rejected: integer: rejections

SELECT
  day,
  count(CASE WHEN decision = 'Approved' THEN 1 END) AS approved,
  count(CASE WHEN decision = 'Rejected' THEN 1 END) AS rejected
FROM {counting} AS d
GROUP BY day
ORDER BY day
