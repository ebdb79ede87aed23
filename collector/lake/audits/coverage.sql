-- title: Coverage by heartbeat
-- answers: From which accounts and regions heartbeats arrived, for how many hours of the window, and how long the
--   longest silence was. A heartbeat counts for the hour that it was scheduled for, if it came within a day of it;
--   heartbeats in files prove nothing, for nobody knows when they arrived. Accounts and regions of which there are
--   events but no heartbeats are listed too; those of which there is nothing at all only `pipetrail status` knows.
-- published: no, its hours and silences are those of a window, and a published text has none
-- takes: from, to, account
-- column account_id: text: the account
-- column region: text: the region
-- column heartbeats: integer: heartbeats in the window that count
-- column hours_seen: integer: clock hours (UTC) that a heartbeat was scheduled for
-- column hours_without_rules: integer: clock hours without a heartbeat in which the bus had no rules for a while,
--   because `apply` replaced the pipeline stack; events of that time were replayed if there was an archive
-- column hours_expected: integer: clock hours that the window touches
-- column first_heartbeat: text: the earliest of them
-- column last_heartbeat: text: the latest of them
-- column longest_gap_seconds: integer: longest time without one, from the window's beginning and to its end too

SELECT
  s.account_id, s.region,
  coalesce(h.heartbeats, 0) AS heartbeats,
  coalesce(w.hours_seen, 0) AS hours_seen,
  CAST({:count_without_rules} - coalesce(w.seen_without_rules, 0) AS bigint) AS hours_without_rules,
  CAST({:hours} AS bigint) AS hours_expected,
  h.first_heartbeat, h.last_heartbeat,
  CAST(floor(CAST(
    CASE
      WHEN h.last_ms IS NULL THEN {:to_ms} - {:from_ms}
      WHEN {:to_ms} - h.last_ms > h.gap_ms THEN {:to_ms} - h.last_ms
      ELSE h.gap_ms
    END AS double) / 1000) AS bigint) AS longest_gap_seconds
FROM (
  SELECT account_id, region FROM {heartbeats} AS h
  UNION
  SELECT account_id, region
  FROM {heartbeats copies} AS y
  WHERE substr(covered_hour, 1, 13) >= substr({:from}, 1, 13) AND covered_hour < {:to}
  UNION
  SELECT account_id, region FROM {pipeline_executions} AS e
  UNION
  SELECT account_id, region FROM {stage_executions} AS g
  UNION
  SELECT account_id, region FROM {action_executions} AS a
  UNION
  SELECT account_id, region FROM {approval_calls} AS d
  UNION
  SELECT account_id, region FROM {api_calls} AS c
) AS s
LEFT JOIN (
  SELECT
    account_id, region,
    count(*) AS heartbeats,
    min(event_time) AS first_heartbeat,
    max(event_time) AS last_heartbeat,
    max(event_ms) AS last_ms,
    max(event_ms - coalesce(before_ms, {:from_ms})) AS gap_ms
  FROM (
    SELECT
      b.account_id, b.region, b.event_time, b.event_ms,
      lag(b.event_ms) OVER (
        PARTITION BY b.account_id, b.region ORDER BY b.event_ms, b.event_key
      ) AS before_ms
    FROM {heartbeats} AS b
    WHERE b.covered_hour IS NOT NULL
  ) AS beats
  GROUP BY account_id, region
) AS h ON h.account_id = s.account_id AND h.region = s.region
LEFT JOIN (
  SELECT
    account_id, region,
    count(DISTINCT covered_hour) AS hours_seen,
    count(DISTINCT CASE WHEN substr(covered_hour, 1, 13) IN ({:hours_without_rules}) THEN covered_hour END)
      AS seen_without_rules
  FROM {heartbeats copies} AS c
  WHERE substr(covered_hour, 1, 13) >= substr({:from}, 1, 13) AND covered_hour < {:to}
  GROUP BY account_id, region
) AS w ON w.account_id = s.account_id AND w.region = s.region
ORDER BY s.account_id, s.region
