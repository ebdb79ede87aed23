-- Calls that decided something: not refused, and Approved or Rejected.
SELECT *
FROM {approvals} AS c
WHERE c.error_code IS NULL AND c.decision IN ('Approved', 'Rejected')
