-- title: Conflicts
-- answers: Events of which copies say different things or are over a day apart, what each says. AWS sends copies
--   that say the same, so somebody made the others; a record of CloudTrail that adds to another is no conflict.
-- takes: from, to, account
-- column account_id: text: account of the event
-- column table_name: text: table in which the copies are rows
-- column event_key: text: identity of the event, the same for its copies
-- column nth: integer: of copies in one table, within a day, other audits count the one with the lowest number
-- column event_time: text: when it happened, as the copy says
-- column says: text: state, error, decision, operation, scheduled time or type of the event, as the copy says
-- column source: text: how the copy came here, as in the tables
-- column source_file: text: file it was read from; NULL where it came through the bus
-- column ingested_at: text: when it came, or was read
-- column content_sha256: text: hash of what the copy says

SELECT
  account_id, table_name, event_key,
  row_number() OVER (
    PARTITION BY account_id, event_key
    ORDER BY precedence, event_time, ingested_at, event_id, content_sha256
  ) AS nth,
  event_time, says, source, source_file, ingested_at, content_sha256
FROM (
  SELECT
    c.*,
    row_number() OVER (
      PARTITION BY c.account_id, c.event_key, c.table_name, c.content_sha256, c.event_time
      ORDER BY c.precedence, c.ingested_at, c.event_id
    ) AS copy
  FROM {copies} AS c
  JOIN (
    SELECT account_id, event_key
    FROM {copies} AS k
    WHERE addendum_of IS NULL
    GROUP BY account_id, event_key
    HAVING
      (min(content_sha256) <> max(content_sha256) OR max(event_ms) - min(event_ms) > 86400000)
      AND min(event_time) < {:to} AND max(event_time) >= {:from}
  ) AS differing
    ON differing.account_id = c.account_id AND differing.event_key = c.event_key
  WHERE c.addendum_of IS NULL
) AS contents
WHERE copy = 1
ORDER BY account_id, event_key, nth
