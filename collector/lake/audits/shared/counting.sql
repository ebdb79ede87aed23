-- Calls that decided something: not refused, and Approved or Rejected.
SELECT *
FROM {approval_calls} AS c
WHERE c.error_code IS NULL AND c.decision IN ('Approved', 'Rejected')
