#!/usr/bin/env python3
"""Measures λ settle on the rows of an organization: the real binary on one core, every call to S3 and Glue slow.

    .ci/lambda-zips
    target/emulators-*/bin/python tests/bench/settle.py --accounts 5000 --delay-ms 50

Landing files (`settle_landing.py`) are made once for each number of accounts and days. S3 and Glue
(`settle_cloud.py`) are a process beside the function. The function is called as the schedule calls it: an arrival
day, the tidying behind it, the close of the month, and the tidying behind that; the clocks of S3 and Glue are put
forward seven hours before each tidying. With `--days` there are more arrival days, of a few files each, so that the
close has something to do; they are settled before it with no delay, and not told. Needs the Python of the emulators
(it has duckdb), and Linux.

A benchmark, not a test: nothing fails because it is slow, but wrong sums end it.
"""

import argparse
import collections
import datetime
import glob
import http.client
import json
import multiprocessing
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import duckdb
import settle_cloud
from settle_landing import MONTH, ROWS, make

DEADLINE = 900  # seconds of a call
LATER = 7 * 3600  # seconds, more than the grace of what was taken
CLOSES = datetime.date(2026, 11, 8)  # eight days after the month
SUMS = ["rows_in", "rows_out", "duplicates", "conflicts", "repetition", "rejected", "expired"]


class Function:
    """The binary behind Lambda's runtime API, and what it uses."""

    def __init__(self, binary, core, cloud_port, temp):
        self.events, self.answers, self.lines, self.temp = queue.Queue(), queue.Queue(), queue.Queue(), temp
        function = self

        class Api(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                event = json.dumps(function.events.get()).encode()
                self.send_response(200)
                for name, value in {
                    "request-id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
                    "deadline-ms": str(int((time.time() + DEADLINE) * 1000)),
                    "invoked-function-arn": "arn:aws:lambda:eu-central-1:000000000000:function:settle",
                }.items():
                    self.send_header("lambda-runtime-aws-" + name if name == "request-id" else "lambda-runtime-" + name, value)
                self.send_header("Content-Length", str(len(event)))
                self.end_headers()
                self.wfile.write(event)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()
                function.answers.put((self.path.rsplit("/", 1)[1], body))

        api = ThreadingHTTPServer(("127.0.0.1", 0), Api)
        threading.Thread(target=api.serve_forever, daemon=True).start()
        names = {"FUNCTION_NAME": "settle", "FUNCTION_MEMORY_SIZE": "1769", "FUNCTION_VERSION": "1",
                 "LOG_GROUP_NAME": "bench", "LOG_STREAM_NAME": "bench", "RUNTIME_API": f"127.0.0.1:{api.server_port}"}
        environment = {"AWS_LAMBDA_" + name: value for name, value in names.items()} | {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{cloud_port}", "AWS_REGION": "eu-central-1", "TMPDIR": temp,
            "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "DATABASE": "pipetrail",
            "LAKE_BUCKET": settle_cloud.BUCKET, "RETENTION_DAYS": "0"}
        self.child = subprocess.Popen([binary], env=environment, stdout=subprocess.PIPE, text=True,
                                      preexec_fn=lambda: os.sched_setaffinity(0, {core}))
        threading.Thread(target=lambda: [self.lines.put(line) for line in self.child.stdout], daemon=True).start()

    def call(self, table, when):
        """One call of the schedule: what the function says it did, and what it used."""
        with open(f"/proc/{self.child.pid}/clear_refs", "w") as file:
            file.write("5")
        before, began = self.cpu(), time.monotonic()
        self.events.put({"table": table, "time": when})
        disk, answer = 0, None
        while answer is None:
            disk = max(disk, self.disk())
            try:
                answer = self.answers.get(timeout=0.05)
            except queue.Empty:
                if self.child.poll() is not None:
                    sys.exit(f"the function ended with {self.child.returncode} at {table}, {when}")
        wall, after = time.monotonic() - began, self.cpu()
        if answer[0] != "response":
            sys.exit(f"the call failed: {answer[1].decode()}")
        while "settled" != (line := json.loads(self.lines.get(timeout=5))).get("message"):
            if line.get("level"):
                print(line, file=sys.stderr)
        status = open(f"/proc/{self.child.pid}/status").read()
        peak = int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) / 1024
        return {"done": line["done"], "wall": wall, "peak": peak, "disk": disk / 1e6,
                "user": after[0] - before[0], "system": after[1] - before[1]}

    def cpu(self):
        fields = open(f"/proc/{self.child.pid}/stat").read().rsplit(")", 1)[1].split()
        return [int(field) / os.sysconf("SC_CLK_TCK") for field in fields[11:13]]

    def disk(self):
        """Bytes of its temporary files, which have no names."""
        files = {}
        for link in glob.glob(f"/proc/{self.child.pid}/fd/*"):
            try:
                if os.readlink(link).startswith(self.temp):
                    there = os.stat(link)
                    files[there.st_ino] = there.st_size
            except OSError:
                pass
        return sum(files.values())


class Bench:
    def __init__(self, args):
        self.args, self.cache = args, os.path.join(args.work, f"landing-{args.accounts}x{args.days}")
        for name in ("objects", "tmp"):
            shutil.rmtree(os.path.join(args.work, name), ignore_errors=True)
            os.makedirs(os.path.join(args.work, name))
        self.facts = {table: make(self.cache, args.accounts, args.days, table) for table in args.tables}
        ours, theirs = multiprocessing.Pipe()
        folder = os.path.join(args.work, "objects")
        cloud = multiprocessing.Process(target=settle_cloud.serve, args=(folder, theirs), daemon=True)
        cloud.start()
        self.port = ours.recv()
        self.function = Function(args.settle, args.core, self.port, os.path.join(args.work, "tmp"))
        self.stages = []

    def ask(self, what, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("POST", f"/-/{what}", json.dumps(body))
        said = connection.getresponse().read()
        return json.loads(said) if said else None

    def land(self, day):
        for table in self.args.tables:
            paths = glob.glob(os.path.join(self.cache, table, f"{day}-*.parquet"))
            self.ask("land", {f"landing/{table}/{os.path.basename(path)}": path for path in paths})

    def stage(self, name, when):
        """Calls the function for each table, again until nothing waits."""
        used = {"stage": name, "tables": {}}
        for table in self.args.tables:
            calls, requests = [], collections.Counter()
            self.ask("calls")
            while not calls or calls[-1]["done"]["unfinished"]:
                calls.append(self.function.call(table, when))
            busy = 0
            for kind, (count, seconds) in self.ask("calls").items():
                requests[kind] += count
                busy += seconds
            done = [call["done"] for call in calls]
            sums = {key: sum(one[part][key] for one in done for part in ("settled", "closed")) for key in SUMS}
            if sums["rows_in"] != sum(sums[key] for key in SUMS[1:]) or any(one["left"] or one["set_aside"] for one in done):
                sys.exit(f"{name} of {table} does not add up: {done}")
            total = lambda key: sum(call[key] for call in calls)
            used["tables"][table] = sums | {
                "units": sum(one["days"] + one["closes"] for one in done), "deleted": sum(one["deleted"] for one in done),
                "calls": len(calls), "wall": total("wall"), "longest": max(call["wall"] for call in calls),
                "user": total("user"), "system": total("system"), "in_flight": busy / total("wall"),
                "peak_mb": max(call["peak"] for call in calls), "tmp_mb": max(call["disk"] for call in calls),
                "requests": dict(sorted(requests.items())), "files": self.files(table)}
            self.tell(name, table, used["tables"][table])
        self.stages.append(used)
        tables = used["tables"].values()
        used["wall"] = sum(table["wall"] for table in tables)
        used["peak_mb"], used["tmp_mb"] = (max(table[key] for table in tables) for key in ("peak_mb", "tmp_mb"))
        used["requests"] = dict(sorted(sum((collections.Counter(table["requests"]) for table in tables), collections.Counter()).items()))
        if name != "more days":
            self.say(f"{name:14} all {used['wall']:6.1f} s, peak {used['peak_mb']:.0f} MB, tmp {used['tmp_mb']:.0f} MB; {used['requests']}")

    def files(self, table):
        """How many files each of its partitions has: {files: partitions}; and those of landing."""
        keys = self.ask("objects")
        folders = collections.Counter(key.rsplit("/", 1)[0] for key in keys if key.startswith(table + "/"))
        landing = sum(key.startswith(f"landing/{table}/") for key in keys)
        return {"landing": landing} | {str(n): folders for n, folders in sorted(collections.Counter(folders.values()).items())}

    def tell(self, name, table, used):
        if name != "more days":
            self.say(f"{name:14} {table:20} {used['rows_in']:10,} rows in, {used['rows_out']:10,} out, {used['units']} units, "
                     f"{used['calls']} calls, {used['wall']:6.1f} s, CPU {used['user']:6.1f} + {used['system']:5.1f} s, "
                     f"in flight {used['in_flight']:4.1f}, peak {used['peak_mb']:5.0f} MB, tmp {used['tmp_mb']:6.0f} MB, "
                     f"files {used['files']}")

    def say(self, line):
        """Progress, where standard output is JSON."""
        print(line, file=sys.stderr if self.args.output == "json" else sys.stdout, flush=True)

    def check(self, closed):
        """Every row is a row or a copy; each event is a row once when its month is closed, before that in each unit."""
        objects = self.ask("objects")
        for table, days in self.facts.items():
            expected = {key: sum(day[key] for day in days.values()) for key in ("rows", "twice")}
            of = lambda prefix: [path for key, path in objects.items() if key.startswith(prefix)]
            count = lambda paths: duckdb.execute("SELECT count(*), count(DISTINCT event_key) FROM read_parquet(?)", [paths]).fetchone()
            rows, events = count(of(table + "/"))
            copies = [path for key, path in objects.items() if key.startswith("copies/") and f"/{table}-" in key]
            copies = count(copies)[0] if copies else 0
            right = events == expected["rows"] - expected["twice"] and rows + copies == expected["rows"]
            if not right or (closed and rows != events):
                sys.exit(f"{table} has {rows} rows of {events} events and {copies} copies; there were {expected}")

    def run(self):
        for nth in range(self.args.days):
            self.ask("delay", 0 if nth else self.args.delay_ms / 1000)
            day = datetime.date.fromisoformat(f"{MONTH}-01") + datetime.timedelta(nth)
            self.land(str(day))
            self.stage("more days" if nth else "day", f"{day + datetime.timedelta(1)}T02:10:00Z")
            if nth == 0:
                self.ask("ahead", LATER)
                self.stage("tidy", f"{day + datetime.timedelta(1)}T03:10:00Z")
        self.check(False)
        if not self.args.no_close:
            self.ask("delay", self.args.delay_ms / 1000)
            self.stage("close", f"{CLOSES}T03:10:00Z")
            self.ask("ahead", LATER)
            self.stage("tidy close", f"{CLOSES + datetime.timedelta(1)}T03:10:00Z")
            self.check(True)
        return {"accounts": self.args.accounts, "days": self.args.days, "delay_ms": self.args.delay_ms,
                "load": os.getloadavg()[0], "facts": self.facts, "stages": self.stages}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=5000)
    parser.add_argument("--days", type=int, default=1, help="arrival days before the close, 31 at most")
    parser.add_argument("--delay-ms", type=float, default=50, help="added to every call to S3 and Glue")
    parser.add_argument("--no-close", action="store_true", help="the arrival days alone, in half the space")
    parser.add_argument("--tables", nargs="+", choices=list(ROWS), default=list(ROWS))
    parser.add_argument("--settle", default="target/lambda/settle", help="the function's binary")
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)), help="the function's one core")
    parser.add_argument("--work", default="target/bench-settle", help="folder of files; gigabytes")
    parser.add_argument("--output", choices=["table", "json"], default="table")
    args = parser.parse_args()
    if not 1 <= args.days <= 31:
        parser.error("a month has 1 to 31 days")
    args.work = os.path.abspath(args.work)
    os.makedirs(args.work, exist_ok=True)
    # So that an end from outside ends the function too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    bench = Bench(args)
    bench.say(f"load {os.getloadavg()[0]:.1f} at the beginning")
    try:
        measured = bench.run()
    finally:
        bench.function.child.kill()
    bench.say(f"load {measured['load']:.1f} at the end")
    if args.output == "json":
        print(json.dumps(measured))


if __name__ == "__main__":
    main()
