#!/usr/bin/env python3
"""Measures how many bytes "approvals of one account in one closed month" reads, here and in the seed's layout.

    target/emulators-*/bin/python tests/bench/bytes_read.py --pipetrail target/debug/pipetrail --generator target/debug/local-org

One generated organization is laid out twice. Run it in the repository's folder. A figure of bytes does not
depend on the machine or the build. Nothing is asked of an engine here: the files and their footers are looked at.

The seed's layout: the log format of codepipeline-event-logs, one JSON object a line, without spaces, all
accounts together, one file for each hour of an event's time. It has no table of approvals, so all action events
of the month are read; those of category Approval are the answer, without the approver. Plain, and as gzip -6.

Ours, settled: the file of one account and month in `approval_calls`, as `ingest` writes it, for each account.
Columns: the footer and the column chunks of COLUMNS, and with those that the name `approval_calls` reads to
count each event once (ONCE). Ours, landing: the two days after the month, all accounts together. DuckDB writes
these files in Firehose's stead, one for each five minutes with a row, so a footer may be larger or smaller there.
An engine that knows minima and maxima of `month` reads only the footers of landing here.
"""

import argparse
import glob
import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys

import duckdb

sys.path.insert(0, "collector/benches")
from seed_handler import transform  # noqa: E402

MONTH, NEXT, DAYS, UNTIL = "2026-10", "2026-11", 33, "2026-11-02"
COLUMNS = ["event_time", "pipeline", "stage", "action", "decision", "approver"]
ONCE = ["event_key", "source", "addendum_of", "ingested_at", "event_id", "content_sha256"]
SLOT_MS = 300_000
ACTION = "CodePipeline Action Execution State Change"


def prepare(args):
    """The events and the lake of them; what is there is used again."""
    events, lake = os.path.join(args.work, "events"), os.path.join(args.work, "lake")
    if not os.path.isdir(lake):
        command = [args.generator, "generate", "--accounts", args.accounts, "--days", DAYS]
        command += ["--until", UNTIL, "--no-heartbeats"]
        if args.events:
            command += ["--events", args.events]
        subprocess.run([*map(str, command), "--out", events], check=True, stdout=subprocess.DEVNULL)
        # A lake that is half written must not be taken for a whole one by the next run.
        shutil.rmtree(lake + ".part", ignore_errors=True)
        subprocess.run([args.pipetrail, "ingest", events, "--lake", lake + ".part"], check=True, stdout=sys.stderr)
        os.rename(lake + ".part", lake)
    return events, lake


def seed_lines(events):
    """The month's action events in the seed's log format: {hour: [(account, line, is an approval)]}."""
    hours = {}
    for file in sorted(glob.glob(events + "/*.ndjson.gz")):
        with gzip.open(file, "rt") as lines:
            for line in lines:
                event = json.loads(line)
                if event["detail-type"] == ACTION and event["time"].startswith(MONTH):
                    log = transform(event)
                    text = json.dumps(log, separators=(",", ":"), ensure_ascii=False) + "\n"
                    approval = log["type"].get("category") == "Approval"
                    hours.setdefault(event["time"][:13], []).append((event["account"], text.encode(), approval))
    return hours


def seed(hours, accounts):
    found = {"files": 0, "events": 0, "approvals": 0, "plain": 0, "gzip": 0}
    for rows in hours.values():
        rows = [row for row in rows if row[0] in accounts]
        data = b"".join(row[1] for row in rows)
        found["files"] += bool(rows)
        found["events"] += len(rows)
        found["approvals"] += sum(row[2] for row in rows)
        found["plain"] += len(data)
        found["gzip"] += len(gzip.compress(data, 6, mtime=0)) if rows else 0
    return found


def parquet(file):
    """Bytes of a file: the whole, its footer with what frames it, and that with the chunks of columns."""
    footer = duckdb.execute("SELECT footer_size + 12, num_rows FROM parquet_file_metadata(?)", [file]).fetchone()
    sql = "SELECT path_in_schema, sum(total_compressed_size) FROM parquet_metadata(?) GROUP BY 1"
    chunks = dict(duckdb.execute(sql, [file]).fetchall())
    columns = footer[0] + sum(int(chunks[name]) for name in COLUMNS)
    once = columns + sum(int(chunks[name]) for name in ONCE)
    return {"whole": os.path.getsize(file), "once": once, "columns": columns, "footer": footer[0], "rows": footer[1]}


def land(lake, folder, accounts):
    """Writes the landing of the two days after the month, of these accounts."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    duckdb.execute(
        "CREATE OR REPLACE TEMP TABLE rows AS "
        "SELECT * REPLACE ('live' AS source, CAST(NULL AS VARCHAR) AS source_file) "
        f"FROM read_parquet('{lake}/approval_calls/*/month={NEXT}/*.parquet', hive_partitioning = true, "
        "hive_types_autocast = false, union_by_name = true) WHERE account_id IN (SELECT unnest(?)) ORDER BY event_ms",
        [accounts],
    )
    slots = duckdb.execute(f"SELECT DISTINCT event_ms // {SLOT_MS} FROM rows ORDER BY 1").fetchall()
    for (slot,) in slots:
        duckdb.execute(
            f"COPY (SELECT * FROM rows WHERE event_ms // {SLOT_MS} = {slot}) "
            f"TO '{folder}/{slot}.parquet' (FORMAT parquet, COMPRESSION snappy)"
        )
    return [parquet(file) for file in glob.glob(folder + "/*.parquet")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pipetrail", required=True, help="a build of the command")
    parser.add_argument("--generator", required=True, help="a build of local-org")
    parser.add_argument("--work", default="target/bench-bytes-read", help="folder of the events and the lake")
    parser.add_argument("--accounts", type=int, default=100)
    parser.add_argument("--events", type=int, help="about how many, in 33 days; without it 60 an account and day")
    args = parser.parse_args()
    os.makedirs(args.work, exist_ok=True)
    events, lake = prepare(args)
    hours = seed_lines(events)
    everyone = sorted({row[0] for rows in hours.values() for row in rows})
    print(json.dumps({"accounts": len(everyone), "month": MONTH, "columns": COLUMNS}))
    for many in sorted({max(len(everyone) // 10, 1), max(len(everyone) // 2, 1), len(everyone)}):
        accounts = everyone[:many]
        theirs = seed(hours, set(accounts))
        folders = [f"{lake}/approval_calls/account_id={account}/month={MONTH}" for account in accounts]
        ours = [parquet(file) for folder in folders for file in glob.glob(folder + "/*.parquet")]
        landing = land(lake, os.path.join(args.work, "landing"), accounts)
        print(f"\n## {many} accounts; {len(ours)} of them have approvals in the month")
        print(
            "seed: {files} files, {events:,} action events, {approvals:,} of them of approvals; "
            "plain {plain:,} bytes, gzip {gzip:,}".format(**theirs)
        )
        for name in ("rows", "whole", "once", "columns", "footer"):
            values = [file[name] for file in ours]
            middle = statistics.median(values)
            of_seed = [f"{theirs[form] / middle:,.0f} x {form}" for form in ("plain", "gzip") if name != "rows"]
            spread = f"{min(values):,} to {max(values):,}"
            print(f"settled, one account, {name:7}: median {middle:,.0f}, {spread}; seed {', '.join(of_seed) or '-'}")
        names = ("rows", "whole", "once", "columns", "footer")
        total = [f"{name} {sum(file[name] for file in landing):,}" for name in names]
        print(f"landing, two days: {len(landing)} files, {', '.join(total)}")


if __name__ == "__main__":
    main()
