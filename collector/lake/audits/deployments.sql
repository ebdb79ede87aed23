-- title: Deployments
-- answers: How often each stage of each pipeline deployed, and how that ended. A deployment is one run of a
--   stage that has deploying actions; it failed as soon as one of them did, and counts once all
--   of them have ended.
-- takes: from, to, account, pipeline
-- parameter category: text, default 'Deploy': category of the actions that deploy; Build where CodeBuild does it
-- parameter stage: text, default '': only this stage, such as the one of production; empty for every stage
-- column account_id: text: account of the pipeline
-- column region: text: region of the pipeline
-- column pipeline: text: pipeline
-- column stage: text: stage that deploys
-- column deployments: integer: deployments that ended in the window, retries counted as such
-- column succeeded: integer: those of them that succeeded
-- column failed: integer: those that failed
-- column canceled: integer: those that were canceled or abandoned
-- column last_deployment: text: when the latest of them ended

SELECT
  account_id, region, pipeline, stage,
  count(*) AS deployments,
  count(CASE WHEN outcome = 'succeeded' THEN 1 END) AS succeeded,
  count(CASE WHEN outcome = 'failed' THEN 1 END) AS failed,
  count(CASE WHEN outcome = 'canceled' THEN 1 END) AS canceled,
  max(ended) AS last_deployment
FROM {deployments} AS d
WHERE ended >= {:from}
GROUP BY account_id, region, pipeline, stage
ORDER BY account_id, region, pipeline NULLS LAST, stage NULLS LAST
