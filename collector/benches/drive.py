"""Runs a Python handler for the benchmark `transform`.

    drive.py HANDLER answer            reads requests, one JSON document per line; writes the answers
    drive.py HANDLER time SECONDS      reads the same; writes the fastest seconds of each request, JSON
    drive.py HANDLER lambda            the smallest loop over Lambda's runtime API
"""

import importlib
import json
import os
import sys


def answer(handler, requests):
    for request in requests:
        print(json.dumps(handler(json.loads(request), None)))


def time_requests(handler, requests, seconds):
    """JSON text in and out, as Lambda hands it over. The first round only warms up."""
    from time import perf_counter

    answered = [json.dumps(handler(json.loads(request), None)) for request in requests]
    fastest = [float("inf")] * len(answered)
    begin = perf_counter()
    while fastest[0] == float("inf") or perf_counter() - begin < seconds:
        for index, request in enumerate(requests):
            start = perf_counter()
            json.dumps(handler(json.loads(request), None))
            fastest[index] = min(fastest[index], perf_counter() - start)
    print(json.dumps(fastest))


def serve(handler):
    from http.client import HTTPConnection

    runtime = HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        runtime.request("GET", "/2018-06-01/runtime/invocation/next")
        invocation = runtime.getresponse()
        result = json.dumps(handler(json.loads(invocation.read()), None))
        identity = invocation.headers["Lambda-Runtime-Aws-Request-Id"]
        runtime.request("POST", f"/2018-06-01/runtime/invocation/{identity}/response", result)
        runtime.getresponse().read()


def main():
    module, mode, *arguments = sys.argv[1:]
    handler = importlib.import_module(module).handler
    if mode == "lambda":
        serve(handler)
    requests = sys.stdin.read().splitlines()
    if mode == "answer":
        answer(handler, requests)
    if mode == "time":
        time_requests(handler, requests, float(*arguments))


main()
