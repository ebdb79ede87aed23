#!/usr/bin/env python3
"""Measures `pipetrail ingest` and the embedded engine beside public tools, in one run.

    python tests/bench/lake.py --pipetrail target/release/pipetrail --generator target/release/local-org

Contenders on ingest, each on one core: `gzip -dc` of the same files, and DuckDB's read_json of them. On
queries, with all cores: DuckDB over the same Parquet files, with the same SQL. Of each the fastest of
all rounds counts, in CPU seconds for ingest (a busy machine hardly moves them) and in wall seconds for
queries. Needs the Python of the emulators (it has duckdb): target/emulators-*/bin/python.

A benchmark, not a test: nothing fails because it is slow.
"""

import argparse
import glob
import json
import os
import shutil
import subprocess
import sys
import time

CALLS = "codepipeline.amazonaws.com"

# An organization's trail as DuckDB reads it when told the shape: without it, it infers every field.
READ_JSON = """
SELECT count(*), max(record->>'$.eventTime')
FROM (SELECT unnest(Records) AS record
      FROM read_json('{files}', columns = {{'Records': 'JSON[]'}}, maximum_object_size = 134217728))
WHERE record->>'$.eventSource' = '{calls}'
"""

COPIES = """(SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY event_key ORDER BY event_time, ingested_at, event_id) AS copy
 FROM {table} WHERE {where}) AS copies WHERE copy = 1)"""


def once(table, where):
    return COPIES.format(table=table, where=where)


WINDOW = "month >= '2026-08' AND month <= '2026-11' AND event_time >= '2026-08-01T00:00:00.000Z'"
AUDITS = {
    "approvals by approver": f"""
SELECT approver, principal_kind, count(*) AS approved, count(DISTINCT account_id) AS accounts,
 count(DISTINCT pipeline_arn) AS pipelines, max(event_time) AS last_decision
FROM {once("approval_calls", WINDOW)} AS approval_calls
WHERE error_code IS NULL AND decision = 'Approved'
GROUP BY approver, principal_kind ORDER BY approved DESC, approver, principal_kind""",
    "deployments per pipeline": f"""
SELECT account_id, pipeline, count(*) AS deployments, max(event_time) AS last_deployment
FROM {once("action_executions", WINDOW)} AS actions
WHERE action_category = 'Deploy' AND state = 'SUCCEEDED'
GROUP BY account_id, pipeline ORDER BY deployments DESC, account_id, pipeline""",
    "decisions with their wait": f"""
SELECT approval_calls.account_id, approval_calls.pipeline, approval_calls.decision, count(*) AS decisions,
 min(approval_calls.event_ms - gates.event_ms) AS shortest, max(approval_calls.event_ms - gates.event_ms) AS longest
FROM {once("approval_calls", WINDOW)} AS approval_calls
JOIN {once("action_executions", WINDOW)} AS gates ON gates.action_execution_id = approval_calls.action_execution_id
 AND gates.account_id = approval_calls.account_id AND gates.state = 'STARTED'
WHERE approval_calls.error_code IS NULL AND gates.action_category = 'Approval'
GROUP BY approval_calls.account_id, approval_calls.pipeline, approval_calls.decision
ORDER BY decisions DESC, approval_calls.account_id, approval_calls.pipeline, approval_calls.decision""",
}

DUCKDB = """
import json, sys, time
import duckdb
task = json.load(sys.stdin)
connection = duckdb.connect()
connection.execute(f"SET threads = {task['threads']}")
connection.execute("SET enable_progress_bar = false")
began = time.monotonic()
for table, files in task.get("tables", {}).items():
    connection.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{files}', hive_partitioning = true, "
                       "hive_types_autocast = false, union_by_name = true)")
rows = connection.execute(task["sql"]).fetchall()
print(json.dumps({"seconds": time.monotonic() - began, "rows": len(rows), "first": [str(v) for v in rows[0]] if rows else []}))
"""


def run(command, cores=None, given=None):
    """Runs a command to its end: standard output, wall and CPU seconds, peak memory in MB."""

    def pin():
        if cores:
            os.sched_setaffinity(0, cores)

    began = time.monotonic()
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=pin, text=True
    )
    if given is not None:
        child.stdin.write(given)
    child.stdin.close()
    output = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    wall = time.monotonic() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{command[0]} ended with {child.returncode}: {' '.join(map(str, command))[:300]}")
    return {
        "output": output,
        "wall": wall,
        "cpu": used.ru_utime + used.ru_stime,
        "peak": used.ru_maxrss / 1024,
    }


def fastest(rounds, measure, by):
    return min((measure() for _ in range(rounds)), key=lambda ran: ran[by])


def duckdb(python, sql, threads, tables=None, cores=None):
    task = json.dumps({"sql": sql, "threads": threads, "tables": tables or {}})
    ran = run([python, "-c", DUCKDB], cores, task)
    ran.update(json.loads(ran["output"].splitlines()[-1]))
    return ran


def generate(args, name, options):
    """Generated once; the same options give the same files."""
    folder = os.path.join(args.work, name)
    facts = folder + ".json"
    if not os.path.exists(facts):
        ran = run([args.generator, "generate", *map(str, options), "--out", folder])
        with open(facts, "w") as file:
            file.write(ran["output"])
    with open(facts) as file:
        return folder, json.load(file)


def ingest(args, folder, lake, jobs, cores=None):
    shutil.rmtree(lake, ignore_errors=True)
    command = [args.pipetrail, "ingest", folder, "--lake", lake, "--jobs", str(jobs), "--output", "json"]
    ran = run(command, cores)
    ran["report"] = json.loads(ran["output"])
    return ran


def measure_ingest(args, name, title, options):
    folder, facts = generate(args, name, options)
    files = sorted(glob.glob(folder + "/**/*.gz", recursive=True))
    packed = sum(os.path.getsize(file) for file in files)
    megabytes, records = facts["bytes"] / 1e6, facts["events"] + facts["noise"]
    core = {min(os.sched_getaffinity(0))}
    # Its own files only: xargs keeps the command line within its limit.
    unpack = ["sh", "-c", f"find {folder} -name '*.gz' -print0 | xargs -0 gzip -dc > /dev/null"]
    ours = fastest(args.rounds, lambda: ingest(args, folder, os.path.join(args.work, "lake-ingest"), 1, core), "cpu")
    gunzip = fastest(args.rounds, lambda: run(unpack, core), "cpu")
    sql = READ_JSON.format(files=folder + "/**/*.json.gz", calls=CALLS)
    duck = fastest(args.rounds, lambda: duckdb(args.python, sql, 1, cores=core), "cpu")
    print(f"\n## ingest: {title}")
    print(f"{len(files)} files, {packed / 1e6:.1f} MB packed, {megabytes:.1f} MB of JSON, {records:,} records, "
          f"{facts['events']:,} of them CodePipeline's; {facts['bytes'] / records:.0f} bytes each")
    for what, ran in (("pipetrail ingest --jobs 1", ours), ("gzip -dc", gunzip), ("DuckDB read_json", duck)):
        print(f"{what:28} {ran['cpu']:7.2f} s CPU {ran['wall']:7.2f} s wall  {megabytes / ran['cpu']:7.1f} MB/s  "
              f"{records / ran['cpu']:10,.0f} records/s  peak {ran['peak']:6.0f} MB")
    print(f"share of gunzip {gunzip['cpu'] / ours['cpu']:.0%} (goal 50 %); "
          f"{duck['cpu'] / ours['cpu']:.1f} x DuckDB (goal 5)")


def measure_audits(args):
    lake = args.lake
    if not lake:
        accounts, days = 200, 90
        options = ["--accounts", accounts, "--days", days, "--seed", 3, "--events", args.rows, "--no-heartbeats"]
        folder, facts = generate(args, "rows", options)
        lake = os.path.join(args.work, "lake-rows")
        if not os.path.isdir(lake):
            ran = ingest(args, folder, lake, os.cpu_count())
            print(f"\nlake of {facts['events']:,} events: {ran['wall']:.0f} s with all cores, peak {ran['peak']:.0f} MB")
    names = sorted(name for name in os.listdir(lake) if glob.glob(f"{lake}/{name}/*=*"))
    tables = {name: f"{lake}/{name}/**/*.parquet" for name in names}
    threads = os.cpu_count()
    total = sum(
        int(duckdb(args.python, f"SELECT count(*) FROM {name}", threads, {name: tables[name]})["first"][0])
        for name in names
    )
    size = sum(os.path.getsize(file) for file in glob.glob(f"{lake}/**/*.parquet", recursive=True))
    print(f"\n## audits over {total:,} rows, {size / 1e6:.0f} MB of Parquet, {threads} threads")
    for title, sql in AUDITS.items():
        command = [args.pipetrail, "query", sql, "--lake", lake, "--output", "json"]
        ours = fastest(args.rounds, lambda: run(command), "wall")
        duck = fastest(args.rounds, lambda: duckdb(args.python, sql, threads, tables), "seconds")
        print(f"{title:28} {ours['wall']:6.2f} s, peak {ours['peak']:5.0f} MB; DuckDB {duck['seconds']:6.2f} s, "
              f"peak {duck['peak']:5.0f} MB, {duck['rows']} rows: {ours['wall'] / duck['seconds']:.2f} x its time (goal 1.2)")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pipetrail", required=True, help="release build of the command")
    parser.add_argument("--generator", help="release build of local-org; not needed where the files are there")
    parser.add_argument("--python", default=next(iter(glob.glob("target/emulators-*/bin/python")), sys.executable))
    parser.add_argument("--work", default="target/bench-lake", help="folder of generated files and lakes; gigabytes")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=10_000_000, help="rows of the audits' lake")
    parser.add_argument("--lake", help="an existing lake for the audits")
    parser.add_argument("--only", choices=["own", "mixed", "audits"])
    args = parser.parse_args()
    args.work = os.path.abspath(args.work)
    os.makedirs(args.work, exist_ok=True)
    print(f"load {os.getloadavg()[0]:.1f} at the beginning")
    trail = ["--accounts", 20, "--days", 30, "--form", "trail"]
    if args.only in (None, "own"):
        options = [*trail, "--events", 100_000, "--seed", 5]
        measure_ingest(args, "own", "log files that hold CodePipeline's records alone", options)
    if args.only in (None, "mixed"):
        options = [*trail, "--events", 400, "--noise", 1000, "--seed", 6]
        measure_ingest(args, "mixed", "an organization's trail, one record in a thousand CodePipeline's", options)
    if args.only in (None, "audits"):
        measure_audits(args)
    print(f"\nload {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
