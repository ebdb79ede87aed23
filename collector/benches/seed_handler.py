"""What codepipeline-event-logs' transform does, in our own words: parse, rename, re-encode.

No account, no key, no redaction, no original event: the cheapest useful transform in Python.
"""

import base64
import json


def transform(event):
    detail = event["detail"]
    resources = event["resources"]
    log = {
        "timestamp": event["time"],
        "eventVersion": event["version"],
        "pipelineArn": resources[0] if resources else None,
        "pipeline": detail.get("pipeline"),
        "version": detail.get("version"),
        "state": detail.get("state"),
        "executionId": detail.get("execution-id"),
    }
    if "stage" in detail:
        log["stage"] = detail["stage"]
    if "action" in detail:
        log["action"] = detail["action"]
        log["type"] = detail["type"]
    return log


def handler(request, _context):
    records = []
    for record in request["records"]:
        event = json.loads(base64.b64decode(record["data"]))
        log = json.dumps(transform(event)) + "\n"
        records.append(
            {"recordId": record["recordId"], "result": "Ok", "data": base64.b64encode(log.encode()).decode()}
        )
    return {"records": records}
