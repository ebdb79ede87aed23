-- title: Outcomes
-- answers: How many executions changed in the window, by the state they were in at its end.
-- takes: from, to, account, pipeline
-- column state: text: latest state, in AWS's words
-- column executions: integer: executions in it

SELECT state, count(*) AS executions
FROM {executions} AS e
GROUP BY state
ORDER BY count(*) DESC NULLS LAST, state NULLS LAST
