"""Files of landing for the bench of λ settle: a day's rows of all accounts, as Firehose would write them."""

import datetime
import json
import os
import re

import duckdb

# Rows a day of one account in one region: 330 events and the hourly heartbeat, in the order of the schedules.
ROWS = {"pipeline_executions": 30, "stage_executions": 118, "action_executions": 176, "approval_calls": 2,
        "api_calls": 3, "heartbeats": 24, "other_events": 1}
REGIONS = ["eu-central-1", "eu-west-1", "us-east-1", "us-west-2"]
MONTH = "2026-10"
# Files of the first day, one per five minutes, and of each day behind it, which is there for the close alone.
FILES, LATER_FILES = 288, 8
# One row in so many is delivered twice.
TWICE = 33

MACROS = """
CREATE MACRO text(ms) AS strftime(make_timestamp(ms * 1000), '%Y-%m-%dT%H:%M:%S.%gZ');
CREATE MACRO uid(s) AS substr(md5(s), 1, 8) || '-' || substr(md5(s), 9, 4) || '-4' || substr(md5(s), 14, 3) || '-a'
 || substr(md5(s), 18, 3) || '-' || substr(md5(s), 21, 12);
"""
EVENT = """'{"account":"' || account || '","detail":{"action":"Deploy-' || pipe || '","action-execution-id":"' || uid('a' || id)
 || '","execution-id":"' || run || '","execution-result":{"external-execution-id":"' || uid('x' || id) || '"},"pipeline":"'
 || service || '","pipeline-execution-attempt":1.0,"region":"' || region || '","stage":"Production","start-time":"'
 || text(ms - 4000) || '","state":"' || state || '","type":{"category":"Deploy","owner":"AWS","provider":"CodeDeploy",'
 || '"version":"1"},"version":4.0},"detail-type":"CodePipeline Action Execution State Change","id":"' || uid(id)
 || '","region":"' || region || '","resources":["' || arn || '"],"source":"aws.codepipeline","time":"' || text(ms)
 || '","version":"0"}'"""
COLUMNS = {
    "event_key": "md5(id)", "event_id": "uid(id)", "event_time": "text(ms)", "event_ms": "ms", "day": "text(ms)[:10]",
    "ingested_at": "text(ms + 2000 + copy * 300000)", "region": "region", "pipeline": "service", "pipeline_arn": "arn",
    "source": "'live'", "raw": EVENT, "event_version": "'0'", "content_sha256": "sha256(id)", "state": "state",
    "execution_id": "run", "pipeline_version": "4", "attempt": "1", "start_time": "text(ms - 4000)", "stage": "'Production'",
    "action": "'Deploy-' || pipe", "action_execution_id": "uid('a' || id)", "action_region": "region",
    "action_owner": "'AWS'", "action_category": "'Deploy'", "action_provider": "'CodeDeploy'", "action_version": "'1'",
    "result_id": "uid('x' || id)", "decision": "'Approved'", "approver": "'person' || pipe || '@example.com'",
    "event_name": "'UpdatePipeline'", "actor": "'person' || pipe || '@example.com'", "principal_arn": "arn || '/role'",
    "request": "'{\"name\":\"' || service || '\"}'", "cloudtrail_event_id": "uid('c' || id)", "request_id": "uid('r' || id)",
    "scheduled_time": "text(ms)", "covered_hour": "text(ms - ms % 3600000)", "detail_type": "'CodePipeline'",
    "detail": EVENT, "account_id": "account", "month": "text(ms)[:7]",
}


def make(folder, accounts, days, table):
    """A table's files of landing, and what is in them: {day: {"rows", "twice"}}."""
    facts = os.path.join(folder, table + ".json")
    if os.path.exists(facts):
        with open(facts) as file:
            return json.load(file)
    os.makedirs(os.path.join(folder, table), exist_ok=True)
    with open("docs/lake.md") as file:
        said = file.read()
    said = said.split(f"<!-- columns: {table} -->")[1].split("<!-- end -->")[0]
    types = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", said, re.M))
    types.update({key: "string" for key in re.findall(r"`(\w+)`", said.split("Partition keys:")[1])})
    sql_type = {"string": "VARCHAR", "bigint": "BIGINT", "boolean": "BOOLEAN"}
    select = ", ".join(f"CAST({COLUMNS.get(name, 'NULL')} AS {sql_type[ty]}) AS {name}" for name, ty in types.items())
    connection = duckdb.connect()
    connection.execute(MACROS + "SET threads = 2; SET enable_progress_bar = false")
    count, made = accounts * len(REGIONS) * ROWS[table], {}
    for nth in range(days):
        day = f"{MONTH}-{nth + 1:02}"
        begin = int(datetime.datetime.fromisoformat(day + "T00:00:00+00:00").timestamp() * 1000)
        made[day] = {"rows": 0, "twice": 0}
        files = FILES if nth == 0 else LATER_FILES
        for slot in range(files):
            bounds = [at * count // files for at in (max(slot - 1, 0), slot, slot + 1)]
            # A prime spreads accounts, regions and pipelines over the day; a copy comes in the file behind its event's.
            rows = f"""
SELECT *, 'service-' || pipe AS service, 'arn:aws:codepipeline:' || region || ':' || account || ':service-' || pipe AS arn,
 uid(account || region || (i // ({accounts} * 44))) AS run, [ 'STARTED', 'SUCCEEDED' ][1 + i % 2] AS state FROM (
 SELECT i, copy, '{table}{day}' || i AS id, {begin} + i * 86400000 // {count} AS ms,
  CAST(100000000000 + (j % {accounts}) * 7919 AS VARCHAR) AS account, {REGIONS}[1 + (j // {accounts}) % 4] AS region,
  j // ({accounts} * 4) % 10 AS pipe
 FROM (SELECT *, i * 7368787 % {count} AS j
  FROM (SELECT range AS i, 0 AS copy FROM range({bounds[1]}, {bounds[2]}) UNION ALL
        SELECT range, 1 FROM range({bounds[0]}, {bounds[1]}) WHERE range % {TWICE} = 0)))"""
            key = f"{table}/{day}-pipetrail-{table.replace('_', '-')}-1-{slot:04}.parquet"
            to = f"TO '{folder}/{key}' (FORMAT parquet, COMPRESSION snappy)"
            written = connection.execute(f"COPY (SELECT {select} FROM ({rows})) {to}").fetchone()[0]
            made[day]["rows"] += written
            made[day]["twice"] += written - (bounds[2] - bounds[1])
    with open(facts, "w") as file:
        json.dump(made, file)
    return made
