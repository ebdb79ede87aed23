"""The same work as λ transform, in Python's standard library: every column, key, redaction, `raw`.

The benchmark asserts that its rows equal ours on every fixture, so neither side does less.
What Rust does in `event`, `key`, `redact`, `principal`, `rows` and `transform` stands here in that order.
"""

import base64
import hashlib
import json
from datetime import datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MILLISECOND = timedelta(milliseconds=1)

compact = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode
sorted_keys = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, separators=(",", ":"), sort_keys=True
).encode


def at(value, *path):
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def text(value):
    return value if value is None or isinstance(value, str) else compact(value)


def string(value):
    return value if isinstance(value, str) else None


def integer(value):
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) <= 2**53:
        return int(value)
    return None


def boolean(value):
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else None


# The event.

TABLES = {
    "CodePipeline Pipeline Execution State Change": "pipeline_executions",
    "CodePipeline Stage Execution State Change": "stage_executions",
    "CodePipeline Action Execution State Change": "action_executions",
}
API_CALL = "AWS API Call via CloudTrail"


def table_of(event):
    if event.get("source") == "pipetrail.heartbeat":
        return "heartbeats"
    detail_type = event.get("detail-type")
    if detail_type == API_CALL:
        return "approval_calls" if at(event, "detail", "eventName") == "PutApprovalResult" else "api_calls"
    return TABLES.get(detail_type, "other_events")


def instant(given):
    try:
        return datetime.fromisoformat(given.replace("Z", "+00:00")).astimezone(timezone.utc)
    except (AttributeError, ValueError):
        return None


def time_text(time):
    return time.isoformat(timespec="milliseconds")[:23] + "Z"


def time_of(event):
    if event.get("detail-type") == API_CALL:
        if time := instant(at(event, "detail", "eventTime")):
            return time
    return instant(event.get("time"))


# The key.


def whole_numbers(value):
    kind = type(value)
    if kind is float:
        return int(value) if value.is_integer() and abs(value) <= 2**53 else value
    if kind is dict:
        return {name: whole_numbers(item) for name, item in value.items()}
    if kind is list:
        return [whole_numbers(item) for item in value]
    return value


def key_of(event, table):
    detail = event.get("detail")
    region = string(event.get("region")) or ""
    canonical = b""
    parts = None
    if table in ("approval_calls", "api_calls"):
        identity = string(at(detail, "addendum", "originalEventID")) or string(at(detail, "eventID"))
        if identity is not None:
            parts = ("api-call", event["account"], identity)
    elif table == "heartbeats":
        scheduled = string(at(detail, "scheduled_time")) or string(event.get("time"))
        parts = ("heartbeat", event["account"], region, scheduled)
    if parts is None:
        told_apart = (
            at(detail, "pipeline-execution-attempt") is not None or at(detail, "action-execution-id") is not None
        )
        parts = (
            "event",
            event["account"],
            region,
            string(event.get("detail-type")) or "",
            "" if told_apart else string(event.get("time")) or "",
        )
        canonical = sorted_keys(whole_numbers(detail)).encode()
    hashed = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        hashed.update(len(encoded).to_bytes(8, "big"))
        hashed.update(encoded)
    hashed.update(canonical)
    return hashed.hexdigest()[:32]


OF_DELIVERY = {"addendum", "eventID", "eventContext"}


def without_nulls(value):
    kind = type(value)
    if kind is dict:
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    if kind is list:
        return [without_nulls(item) for item in value]
    return value


def content_of(event):
    detail = event.get("detail")
    if isinstance(detail, dict):
        detail = {name: value for name, value in detail.items() if name not in OF_DELIVERY}
    return hashlib.sha256(sorted_keys(whole_numbers(without_nulls(detail))).encode()).hexdigest()


# Redaction.

TOKENS = {"token", "clienttoken", "continuationtoken", "nonce"}
ACTION_EXECUTION_IDS = {"action-execution-id", "external-execution-id", "actionexecutionid", "externalexecutionid"}
OPAQUE = {
    "configuration",
    "commands",
    "secrettoken",
    "secretaccesskey",
    "sessiontoken",
    "artifactcredentials",
    "outputvariables",
    "accountcredentials",
}
NAMED_VALUES = {"variables", "environmentvariables", "pipelinevariables"}
HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"


def blank(value):
    if value is None:
        return None
    if isinstance(value, dict):
        return {name: blank(item) for name, item in value.items()}
    if isinstance(value, list):
        return [blank(item) for item in value]
    return "REDACTED"


def blank_values(value):
    if isinstance(value, dict):
        return {
            name: item if name in ("name", "description", "type") else blank(item) for name, item in value.items()
        }
    if isinstance(value, list):
        return [blank_values(item) for item in value]
    return blank(value)


def hash_token(value, secrets):
    if not isinstance(value, str):
        return blank(value)
    if value in ("", HIDDEN):
        return value
    secrets[value] = hashed = hashlib.sha256(value.encode()).hexdigest()
    return hashed


def walk(value, approval, secrets):
    kind = type(value)
    if kind is dict:
        out = {}
        for name, item in value.items():
            lower = name.lower()
            if lower in TOKENS or (approval and lower in ACTION_EXECUTION_IDS):
                out[name] = hash_token(item, secrets)
            elif lower in OPAQUE:
                out[name] = blank(item)
            elif lower in NAMED_VALUES:
                out[name] = blank_values(item)
            else:
                out[name] = walk(item, approval, secrets)
        return out
    if kind is list:
        return [walk(item, approval, secrets) for item in value]
    return value


def replace(value, secrets):
    kind = type(value)
    if kind is str:
        for secret, hashed in secrets:
            value = value.replace(secret, hashed)
        return value
    if kind is dict:
        return {replace(name, secrets): replace(item, secrets) for name, item in value.items()}
    if kind is list:
        return [replace(item, secrets) for item in value]
    return value


def redact(event):
    category = string(at(event, "detail", "type", "category"))
    result = at(event, "detail", "execution-result")
    ran_commands = (category or "").lower() in ("compute", "build", "test") or (
        string(at(event, "detail", "type", "provider")) or ""
    ).lower() in ("codebuild", "commands")
    if ran_commands and isinstance(result, dict) and "external-execution-summary" in result:
        result["external-execution-summary"] = blank(result["external-execution-summary"])
    secrets = {}
    event = walk(event, category is None or category.lower() == "approval", secrets)
    searchable = [(secret, hashed) for secret, hashed in secrets.items() if len(secret.encode()) >= 16]
    return replace(event, searchable) if searchable else event


# Who called.


def kind_of(identity, issuer_arn, invoked_by):
    kind = string(identity.get("type"))
    if kind == "AssumedRole":
        if ":role/aws-reserved/sso.amazonaws.com/" in (issuer_arn or ""):
            return "identity_center"
        return "aws_service" if (invoked_by or "").endswith(".amazonaws.com") else "role_session"
    return {
        "Role": "role_session",
        "IdentityCenterUser": "identity_center",
        "IAMUser": "iam_user",
        "FederatedUser": "federated",
        "SAMLUser": "federated",
        "WebIdentityUser": "federated",
        "Root": "root",
        "AWSService": "aws_service",
    }.get(kind, "unknown")


def principal(detail):
    identity = at(detail, "userIdentity")
    if not isinstance(identity, dict):
        identity = {}

    def named(*path):
        return string(at(identity, *path)) or None

    arn = named("arn")
    principal_id = named("principalId")
    invoked_by = named("invokedBy")
    source_identity = named("sessionContext", "sourceIdentity")
    assumed = identity.get("type") == "AssumedRole"
    kind = kind_of(identity, named("sessionContext", "sessionIssuer", "arn"), invoked_by)
    session = None
    if assumed:
        if arn and ":assumed-role/" in arn and arn.count("/") >= 2:
            session = arn.split("/", 2)[2]
        elif principal_id and ":" in principal_id:
            session = principal_id.split(":", 1)[1]
    name = source_identity
    for candidate in (session, named("userName"), arn, principal_id, named("onBehalfOf", "userId"), invoked_by):
        if name is None:
            name = candidate
    mfa = boolean(at(identity, "sessionContext", "attributes", "mfaAuthenticated"))
    if mfa is not True:
        mfa = False if kind in ("iam_user", "root") else None
    return {
        "name": name,
        "principal_kind": kind,
        "principal_arn": arn,
        "principal_id": principal_id,
        "principal_account": named("accountId"),
        "role_name": named("sessionContext", "sessionIssuer", "userName") if assumed else None,
        "source_identity": source_identity,
        "mfa": mfa,
        "invoked_by": invoked_by,
    }


# The row.


def named_in_message(message):
    for word in (message or "").split():
        word = word.strip(",.\"'")
        fields = word.split(":", 5)
        if fields[0] == "arn" and len(fields) == 6 and fields[2] == "codepipeline":
            parts = [part for part in fields[5].split("/") if part]
            return (parts + [None, None, None])[:3]
    return None, None, None


def gate_of(detail, table):
    if table not in ("approval_calls", "api_calls"):
        return text(at(detail, "pipeline")), text(at(detail, "stage")), text(at(detail, "action"))
    request = at(detail, "requestParameters")
    pipeline = text(at(request, "pipelineName"))
    if pipeline is None:
        pipeline = text(at(request, "pipeline", "name"))
    if pipeline is None and "Pipeline" in (string(at(detail, "eventName")) or ""):
        pipeline = text(at(request, "name"))
    if pipeline is None:
        pipeline = text(at(request, "webhook", "targetPipeline"))
    if pipeline is None:
        pipeline = text(at(detail, "responseElements", "pipeline", "name"))
    if pipeline is None:
        return named_in_message(string(at(detail, "errorMessage")))
    return pipeline, text(at(request, "stageName")), text(at(request, "actionName"))


def region_of(event):
    of_record = string(at(event, "detail", "awsRegion")) if event.get("detail-type") == API_CALL else None
    return of_record if of_record is not None else string(event.get("region"))


def arn_of(event, pipeline):
    region = region_of(event) or ""
    resources = event.get("resources")
    if isinstance(resources, list) and resources:
        first = resources[0]
        if isinstance(first, str) and first.startswith("arn:") and f":{region}:{event['account']}:" in first:
            return first
    if pipeline is None:
        return None
    partition = "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
    return f"arn:{partition}:codepipeline:{region}:{event['account']}:{pipeline}"


def state(detail, last_retry):
    return {
        "state": text(at(detail, "state")),
        "execution_id": text(at(detail, "execution-id")),
        "pipeline_version": integer(at(detail, "version")),
        "attempt": integer(at(detail, "pipeline-execution-attempt")),
        "start_time": text(at(detail, "start-time")),
        "last_retry_time": text(at(detail, last_retry)),
    }


def pipeline_execution(detail):
    trigger = at(detail, "execution-trigger")
    return state(detail, "last-retry-attempt-time") | {
        "trigger_type": text(at(trigger, "trigger-type")),
        "trigger_detail": text(at(trigger, "trigger-detail")),
        "git_provider": text(at(trigger, "provider-type")),
        "git_repository": text(at(trigger, "full-repository-name")),
        "git_branch": text(at(trigger, "branch-name")),
        "git_tag": text(at(trigger, "tag-name")),
        "git_commit_id": text(at(trigger, "commit-id")),
        "git_commit_message": text(at(trigger, "commit-message")),
        "git_author_name": text(at(trigger, "author-display-name")),
        "git_author_email": text(at(trigger, "author-email")),
        "stop_comments": text(at(detail, "stop-execution-comments")),
    }


def stage_execution(detail):
    return state(detail, "stage-last-retry-attempt-time") | {"stage": text(at(detail, "stage"))}


def action_execution(detail):
    row = state(detail, "")
    kind = at(detail, "type")
    result = at(detail, "execution-result")
    return row | {
        "stage": text(at(detail, "stage")),
        "action": text(at(detail, "action")),
        "action_execution_id": text(at(detail, "action-execution-id")),
        "action_region": text(at(detail, "region")),
        "action_owner": text(at(kind, "owner")),
        "action_category": text(at(kind, "category")),
        "action_provider": text(at(kind, "provider")),
        "action_version": text(at(kind, "version")),
        "result_summary": text(at(result, "external-execution-summary")),
        "result_url": text(at(result, "external-execution-url")),
        "result_id": text(at(result, "external-execution-id")),
        "error_code": text(at(result, "error-code")) or None,
        "input_artifacts": text(at(detail, "input-artifacts")),
        "output_artifacts": text(at(detail, "output-artifacts")),
        "source_revision": text(at(result, "external-execution-id")) if at(kind, "category") == "Source" else None,
    }


def call(detail, stage, action, who):
    return {
        "error_code": text(at(detail, "errorCode")) or None,
        "error_message": text(at(detail, "errorMessage")),
        "stage": stage,
        "action": action,
        **who,
        "console": boolean(at(detail, "sessionCredentialFromConsole")),
        "source_ip": text(at(detail, "sourceIPAddress")),
        "user_agent": text(at(detail, "userAgent")),
        "cloudtrail_event_id": text(at(detail, "eventID")),
        "request_id": text(at(detail, "requestID")),
        "on_behalf_of_user_id": text(at(detail, "userIdentity", "onBehalfOf", "userId")),
        "addendum_of": text(at(detail, "addendum", "originalEventID")) or None,
    }


def approval(detail, stage, action):
    who = principal(detail)
    request = at(detail, "requestParameters")
    token = text(at(request, "token"))
    return {
        "decision": text(at(request, "result", "status")),
        "approver": who.pop("name"),
        "summary": text(at(request, "result", "summary")),
        "action_execution_id": None if token == HIDDEN else token,
        "approved_at": text(at(detail, "responseElements", "approvedAt")),
    } | call(detail, stage, action, who)


def api_call(detail, stage, action):
    who = principal(detail)
    request = at(detail, "requestParameters")
    response = at(detail, "responseElements")
    execution = text(at(response, "pipelineExecutionId"))
    version = integer(at(response, "pipeline", "version"))
    return {
        "event_name": text(at(detail, "eventName")),
        "actor": who.pop("name"),
        "execution_id": text(at(request, "pipelineExecutionId")) if execution is None else execution,
        "target_execution_id": text(at(request, "targetPipelineExecutionId")),
        "pipeline_version": integer(at(request, "pipeline", "version")) if version is None else version,
        "reason": text(at(request, "reason")),
        "request": text(request),
        "response": text(response),
        "read_only": boolean(at(detail, "readOnly")),
    } | call(detail, stage, action, who)


DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def covered_hour(scheduled, ingested, in_doubt):
    scheduled = instant(scheduled)
    if scheduled is None or in_doubt:
        return None
    hour = scheduled.replace(minute=0, second=0, microsecond=0)
    return time_text(hour) if hour - DAY <= ingested < hour + HOUR + DAY else None


def row_of(event, table, key, time, ingested):
    detail = event.get("detail")
    pipeline, stage, action = gate_of(detail, table)
    when = time_text(time)
    replayed = "replay-name" in event
    in_doubt = not replayed and abs(time - ingested) > DAY
    row = {
        "event_key": key,
        "event_id": text(event.get("id")),
        "event_time": when,
        "event_ms": (time - EPOCH) // MILLISECOND,
        "day": None if table == "heartbeats" else when[:10],
        "ingested_at": time_text(ingested),
        "region": region_of(event) or None,
        "pipeline": pipeline,
        "pipeline_arn": arn_of(event, pipeline),
        "source": "replay" if replayed else "live",
        "raw": compact(event),
        "event_version": text(event.get("version")),
        "content_sha256": content_of(event),
        "time_in_doubt": in_doubt or None,
    }
    if table == "pipeline_executions":
        row |= pipeline_execution(detail)
    elif table == "stage_executions":
        row |= stage_execution(detail)
    elif table == "action_executions":
        row |= action_execution(detail)
    elif table == "approval_calls":
        row |= approval(detail, stage, action)
    elif table == "api_calls":
        row |= api_call(detail, stage, action)
    elif table == "heartbeats":
        row |= {
            "account_id": event["account"],
            "scheduled_time": text(at(detail, "scheduled_time")),
            "covered_hour": covered_hour(at(detail, "scheduled_time"), ingested, in_doubt),
        }
    else:
        row |= {
            "detail_type": text(event.get("detail-type")),
            "event_source": text(event.get("source")),
            "detail": text(detail),
        }
    return {name: value for name, value in row.items() if value is not None}


# The batch.


def transform(record, stream_table):
    event = json.loads(base64.b64decode(record["data"], validate=True))
    table = table_of(event)
    if stream_table not in (table, "other_events"):
        raise ValueError(f"the event belongs to table {table}")
    account = event["account"]
    if not (len(account) == 12 and account.isascii() and account.isdigit()):
        raise ValueError("no account")
    if at(event, "detail", "recipientAccountId") not in (None, account):
        raise ValueError("the record of another account")
    time = time_of(event)
    if time is None:
        raise ValueError("no time")
    key = key_of(event, table)
    event = redact(event)
    ingested = EPOCH + MILLISECOND * record.get("approximateArrivalTimestamp", 0)
    when = time_text(time)
    keys = {"day": when[:10]} if stream_table == "heartbeats" else {"account_id": account, "month": when[:7]}
    line = compact(row_of(event, stream_table, key, time, ingested) | keys) + "\n"
    return base64.b64encode(line.encode()).decode()


def handler(request, _context):
    table = request["deliveryStreamArn"].rsplit("/pipetrail-", 1)[1].replace("-", "_")
    records = []
    for record in request["records"]:
        try:
            data = transform(record, table)
            records.append({"recordId": record["recordId"], "result": "Ok", "data": data})
        except (AttributeError, KeyError, TypeError, ValueError):
            records.append({"recordId": record["recordId"], "result": "ProcessingFailed", "data": record["data"]})
    return {"records": records}
