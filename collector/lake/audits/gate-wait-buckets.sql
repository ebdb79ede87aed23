-- title: Gate waits by length
-- answers: How many gates waited how long before they were passed or failed.
-- takes: from, to, account, pipeline
-- column bucket: integer: order of the buckets, from the shortest wait
-- column label: text: the bucket in words
-- column gates: integer: gates that waited so long
-- column approved: integer: those of them that were approved
-- column rejected: integer: those that were rejected
-- column other: integer: those that ended otherwise

SELECT
  b.bucket, b.label,
  count(g.outcome) AS gates,
  count(CASE WHEN g.outcome = 'approved' THEN 1 END) AS approved,
  count(CASE WHEN g.outcome = 'rejected' THEN 1 END) AS rejected,
  count(CASE WHEN g.outcome NOT IN ('approved', 'rejected') THEN 1 END) AS other
FROM (
  VALUES
    (1, 'under 5 minutes'),
    (2, '5 to 30 minutes'),
    (3, '30 minutes to 2 hours'),
    (4, '2 to 8 hours'),
    (5, '8 to 24 hours'),
    (6, '1 to 3 days'),
    (7, '3 to 7 days'),
    (8, '7 days and more'),
    (9, 'opening not known')
) AS b (bucket, label)
LEFT JOIN (
  SELECT
    outcome,
    CASE
      WHEN opened_ms IS NULL THEN 9
      WHEN ended_ms - opened_ms < 300000 THEN 1
      WHEN ended_ms - opened_ms < 1800000 THEN 2
      WHEN ended_ms - opened_ms < 7200000 THEN 3
      WHEN ended_ms - opened_ms < 28800000 THEN 4
      WHEN ended_ms - opened_ms < 86400000 THEN 5
      WHEN ended_ms - opened_ms < 259200000 THEN 6
      WHEN ended_ms - opened_ms < 604800000 THEN 7
      ELSE 8
    END AS bucket
  FROM {gates} AS g
  WHERE outcome <> 'open' AND ended >= {:from}
) AS g ON g.bucket = b.bucket
GROUP BY b.bucket, b.label
ORDER BY b.bucket
