// The rows of the roles: who may take them, and what they may do by their own policies.
import {
  ACCOUNT_TOPIC, ADMINISTRATOR, ALERTS, APPROVAL, ARTIFACTS, ATHENA, AUDIT, AUDIT_READER, BUS, BUS_ROLE, CANARY, CATALOG, DATABASE, DECISIONS,
  DEFAULT_BUS, EVENTBRIDGE, EVIDENCE, FORWARDER, FORWARD_DLQ, GATE, LAKE, MEMBER, MEMBER_ADMINISTRATOR, MEMORY, OPERATOR, ORGANIZATION, OTHER, PERSON, PIPELINE,
  PUT, PUT_IF_ABSENT, READER, REGION, ROSTER, SCHEDULE, SCHEDULES, SETTLE, SETTLED_TABLES, STREAMS, TABLES, TRANSFORM, WATCH, WORKGROUP, allowed, denied, from, group, lambda,
  logGroup, logs, rule, service, source, stream, table,
} from "./names.mjs";

const ASSUME = "sts:AssumeRole";
const FIREHOSE = service("firehose");
const LAMBDA = service("lambda");
const SCHEDULER = service("scheduler");
const EC2 = service("ec2");

const takes = (says, who, role, context) => allowed(says, who, ASSUME, role.arn, context);
const refused = (says, who, role, context) => denied(says, who, ASSUME, role.arn, context);

// Each role, with a service that takes it and what that service says.
const TAKERS = [
  [BUS_ROLE, EVENTBRIDGE, from(AUDIT, rule("pipetrail/pipetrail-api_calls"))],
  [STREAMS, FIREHOSE, { "sts:ExternalId": AUDIT }],
  [TRANSFORM, LAMBDA],
  [SETTLE, LAMBDA],
  [SCHEDULES, SCHEDULER, from(AUDIT)],
  [APPROVAL, LAMBDA],
  [WATCH, LAMBDA],
  [FORWARDER, EVENTBRIDGE, from(MEMBER, rule("pipetrail-forward", MEMBER))],
  [FORWARDER, SCHEDULER, from(MEMBER)],
];

const trust = group("trust", [
  TAKERS.map(([role, who, context]) => [
    takes(`${who.service} takes ${role.may}.`, who, role, context),
    refused(`Another service does not take ${role.may} by what ${who.service} says.`, EC2, role, context),
  ]),
  [...new Set(TAKERS.map(([role]) => role))].map((role) => [
    refused(`An administrator of the audit account does not take ${role.may}.`, ADMINISTRATOR, role),
    refused(`An administrator of the member does not take ${role.may}.`, MEMBER_ADMINISTRATOR, role),
  ]),

  refused("A rule of another bus does not take the bus's role.", EVENTBRIDGE, BUS_ROLE, from(AUDIT, rule("other/pipetrail-api_calls"))),
  refused("A rule of another name does not.", EVENTBRIDGE, BUS_ROLE, from(AUDIT, rule("pipetrail/mine"))),
  refused("Another account's rule does not.", EVENTBRIDGE, BUS_ROLE, from(OTHER, rule("pipetrail/pipetrail-api_calls", OTHER))),
  refused("Our rule in another account's name does not.", EVENTBRIDGE, BUS_ROLE, from(OTHER, rule("pipetrail/pipetrail-api_calls"))),
  refused("EventBridge that says nothing of a rule does not.", EVENTBRIDGE, BUS_ROLE),

  refused("Firehose for another account does not take the streams' role.", FIREHOSE, STREAMS, { "sts:ExternalId": OTHER }),
  refused("Firehose that says no account does not.", FIREHOSE, STREAMS),

  refused("Scheduler for another account does not take the schedules' role.", SCHEDULER, SCHEDULES, from(OTHER)),
  refused("Scheduler that says no account does not.", SCHEDULER, SCHEDULES),

  refused("Another rule of the member does not take the forwarder's role.", EVENTBRIDGE, FORWARDER, from(MEMBER, rule("pipetrail-forward-2", MEMBER))),
  refused("A forwarding rule of another account does not.", EVENTBRIDGE, FORWARDER, from(OTHER, rule("pipetrail-forward", OTHER))),
  refused("The member's rule in another account's name does not.", EVENTBRIDGE, FORWARDER, from(OTHER, rule("pipetrail-forward", MEMBER))),
  refused("Scheduler for another account does not take the forwarder's role.", SCHEDULER, FORWARDER, from(AUDIT)),

  refused("Firehose does not take λ settle's role.", FIREHOSE, SETTLE, { "sts:ExternalId": AUDIT }),
  refused("Lambda does not take the streams' role.", LAMBDA, STREAMS),
]);

const PUT_RECORDS = "firehose:PutRecordBatch";
const bus = group("the bus's role", [
  TABLES.map((name) => allowed(`It puts into the stream of ${name}.`, BUS_ROLE, PUT_RECORDS, stream(`pipetrail-${name.replaceAll("_", "-")}`))),
  allowed("It puts a single record.", BUS_ROLE, "firehose:PutRecord", stream("pipetrail-api-calls")),
  denied("It puts into no other stream.", BUS_ROLE, PUT_RECORDS, stream("pipetrail-other")),
  denied("It changes no stream.", BUS_ROLE, "firehose:UpdateDestination", stream("pipetrail-api-calls")),
  denied("It puts nothing into the lake.", BUS_ROLE, "s3:PutObject", `${LAKE}/landing/api_calls/x`, PUT),
  denied("It puts no event.", BUS_ROLE, "events:PutEvents", BUS, source("pipetrail.heartbeat")),
]);

const streams = group("the streams' role", [
  TABLES.map((name) => allowed(`It lands rows of ${name}.`, STREAMS, "s3:PutObject", `${LAKE}/landing/${name}/x.parquet`, PUT)),
  allowed("It puts what failed under errors/.", STREAMS, "s3:PutObject", `${LAKE}/errors/api_calls/x`, PUT),
  allowed("It takes back an upload.", STREAMS, "s3:AbortMultipartUpload", `${LAKE}/landing/api_calls/x`),
  allowed("It reads what it landed.", STREAMS, "s3:GetObject", `${LAKE}/landing/api_calls/x`),
  ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"].map((action) => allowed(`It may ${action} of the lake.`, STREAMS, action, LAKE)),
  denied("It lists no other bucket.", STREAMS, "s3:ListBucket", EVIDENCE),
  denied("It changes no setting of the lake.", STREAMS, "s3:PutLifecycleConfiguration", LAKE),
  denied("It deletes nothing, not even an error.", STREAMS, "s3:DeleteObject", `${LAKE}/errors/api_calls/x`),
  denied("It writes nothing else into the lake.", STREAMS, "s3:PutObject", `${LAKE}/unregistered`, PUT),
  denied("It writes no entry of the log.", STREAMS, "s3:PutObject", `${LAKE}/settlement/api_calls/0000000001.json`, PUT_IF_ABSENT),
  denied("It reads nothing that is settled.", STREAMS, "s3:GetObject", `${LAKE}/api_calls/x.parquet`),
  denied("It writes no evidence.", STREAMS, "s3:PutObject", `${EVIDENCE}/alerted/x`, PUT_IF_ABSENT),
  allowed("It calls λ transform.", STREAMS, "lambda:InvokeFunction", lambda("pipetrail-transform")),
  allowed("It calls λ transform by its version.", STREAMS, "lambda:InvokeFunction", lambda("pipetrail-transform:$LATEST")),
  allowed("It asks how λ transform is set.", STREAMS, "lambda:GetFunctionConfiguration", lambda("pipetrail-transform:$LATEST")),
  denied("It calls no other function.", STREAMS, "lambda:InvokeFunction", lambda("pipetrail-approval")),
  denied("It changes no function.", STREAMS, "lambda:UpdateFunctionCode", lambda("pipetrail-transform")),
  [CATALOG, DATABASE, table("landing_api_calls")].map((resource) => ["glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"].map((action) =>
    allowed(`It may ${action} of ${resource.split(":")[5]}.`, STREAMS, action, resource))),
  denied("It reads no other database's schema.", STREAMS, "glue:GetTableVersions", table("x").replace("pipetrail", "other")),
  denied("It changes no table.", STREAMS, "glue:UpdateTable", table("landing_api_calls")),
  allowed("It logs.", STREAMS, "logs:PutLogEvents", logs("/aws/kinesisfirehose/pipetrail")),
  denied("It logs nowhere else.", STREAMS, "logs:PutLogEvents", logs("/aws/lambda/pipetrail-approval")),
  denied("It deletes no log.", STREAMS, "logs:DeleteLogStream", logs("/aws/kinesisfirehose/pipetrail")),
]);

const functions = group("functions", Object.entries({ transform: TRANSFORM, settle: SETTLE, approval: APPROVAL, watch: WATCH }).map(([name, role]) => [
  allowed(`λ ${name} makes its log stream.`, role, "logs:CreateLogStream", logs(`/aws/lambda/pipetrail-${name}`)),
  allowed(`λ ${name} logs.`, role, "logs:PutLogEvents", logs(`/aws/lambda/pipetrail-${name}`)),
  denied(`λ ${name} logs nowhere else.`, role, "logs:PutLogEvents", logs("/aws/lambda/other")),
  denied(`λ ${name} makes no log group.`, role, "logs:CreateLogGroup", logGroup(`/aws/lambda/pipetrail-${name}`)),
  denied(`λ ${name} deletes no log.`, role, "logs:DeleteLogStream", logs(`/aws/lambda/pipetrail-${name}`)),
  denied(`λ ${name} reads no artifacts.`, role, "s3:GetObject", `${ARTIFACTS}/s.zip`),
  denied(`λ ${name} calls no function.`, role, "lambda:InvokeFunction", lambda(`pipetrail-${name}`)),
  denied(`λ ${name} answers no approval.`, role, "codepipeline:PutApprovalResult", GATE),
  denied(`λ ${name} sends nothing to the decisions.`, role, "sqs:SendMessage", DECISIONS),
  denied(`λ ${name} changes no policy of the evidence.`, role, "s3:PutBucketPolicy", EVIDENCE),
]));

const CHANGE_PARTITIONS = ["glue:GetTable", "glue:GetPartitions", "glue:BatchGetPartition", "glue:BatchCreatePartition", "glue:DeletePartition"];
const settle = group("λ settle", [
  allowed("It lists the lake.", SETTLE, "s3:ListBucket", LAKE),
  denied("It lists no other bucket.", SETTLE, "s3:ListBucket", EVIDENCE),
  allowed("It reads what landed.", SETTLE, "s3:GetObject", `${LAKE}/landing/api_calls/x.parquet`),
  allowed("It reads the log.", SETTLE, "s3:GetObject", `${LAKE}/settlement/api_calls/0000000001.json`),
  [...SETTLED_TABLES, "copies", "errors/api_calls/damaged", "errors/api_calls/rejected"].map((prefix) =>
    ["s3:GetObject", "s3:AbortMultipartUpload"].map((action) => allowed(`It may ${action} below ${prefix}/.`, SETTLE, action, `${LAKE}/${prefix}/x`))),
  allowed("It sets a damaged file aside.", SETTLE, "s3:PutObject", `${LAKE}/errors/api_calls/damaged/x`, PUT),
  denied("It deletes no damaged file.", SETTLE, "s3:DeleteObject", `${LAKE}/errors/api_calls/damaged/x`),
  allowed("It puts rejected rows.", SETTLE, "s3:PutObject", `${LAKE}/errors/api_calls/rejected/x`, PUT_IF_ABSENT),
  allowed("It deletes rejected rows.", SETTLE, "s3:DeleteObject", `${LAKE}/errors/api_calls/rejected/x`),
  denied("It touches no other error.", SETTLE, "s3:DeleteObject", `${LAKE}/errors/api_calls/processing-failed/x`),
  denied("It deletes nothing below settlement/, not even its clock.", SETTLE, "s3:DeleteObject", `${LAKE}/settlement/api_calls/clock`),
  ["landing/api_calls/x", "settlement/api_calls/0000000001.json", "api_calls/x.parquet"].map((key) =>
    denied(`It deletes no version of ${key}.`, SETTLE, "s3:DeleteObjectVersion", `${LAKE}/${key}`)),
  denied("It changes no setting of the lake.", SETTLE, "s3:PutBucketPolicy", LAKE),
  denied("It reads no evidence.", SETTLE, "s3:GetObject", `${EVIDENCE}/alerted/x`),
  CHANGE_PARTITIONS.map((action) => [...SETTLED_TABLES.map((name) => `settled_${name}`), "copies"].map((name) =>
    allowed(`It may ${action} of ${name}.`, SETTLE, action, table(name)))),
  [CATALOG, DATABASE].map((resource) => allowed(`Glue asks of ${resource.split(":")[5]} as well.`, SETTLE, "glue:BatchCreatePartition", resource)),
  denied("It changes no partition of landing.", SETTLE, "glue:BatchCreatePartition", table("landing_api_calls")),
  denied("It changes no table.", SETTLE, "glue:UpdateTable", table("settled_api_calls")),
  denied("It deletes no table.", SETTLE, "glue:DeleteTable", table("settled_api_calls")),
]);

const schedules = group("the schedules' role", [
  ["settle", "watch"].map((name) => allowed(`It calls λ ${name}.`, SCHEDULES, "lambda:InvokeFunction", lambda(`pipetrail-${name}`))),
  denied("It calls no other function.", SCHEDULES, "lambda:InvokeFunction", lambda("pipetrail-approval")),
  denied("It changes no function.", SCHEDULES, "lambda:UpdateFunctionCode", lambda("pipetrail-settle")),
  denied("It deletes nothing of the lake.", SCHEDULES, "s3:DeleteObject", `${LAKE}/landing/api_calls/x`),
]);

const approval = group("λ approval", [
  ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"].map((action) => allowed(`It may ${action} of the decisions.`, APPROVAL, action, DECISIONS)),
  denied("It purges no queue.", APPROVAL, "sqs:PurgeQueue", DECISIONS),
  denied("It takes nothing out of another queue.", APPROVAL, "sqs:ReceiveMessage", DECISIONS.replace("decisions", "bus-dlq")),
  allowed("It lists the evidence, so that what is absent is a 404.", APPROVAL, "s3:ListBucket", EVIDENCE),
  denied("It lifts no retention.", APPROVAL, "s3:BypassGovernanceRetention", `${EVIDENCE}/alerted/x`),
  denied("It changes no retention.", APPROVAL, "s3:PutObjectRetention", `${EVIDENCE}/alerted/x`),
  denied("It reads nothing of the lake.", APPROVAL, "s3:GetObject", `${LAKE}/api_calls/x.parquet`),
  denied("It lists no other bucket.", APPROVAL, "s3:ListBucket", LAKE),
  denied("It changes no setting of the evidence.", APPROVAL, "s3:PutEncryptionConfiguration", EVIDENCE),
  denied("It reads nothing else of the evidence.", APPROVAL, "s3:GetObject", `${EVIDENCE}/elsewhere/x`),
  denied("It changes no topic.", APPROVAL, "sns:SetTopicAttributes", ALERTS),
  denied("It publishes on no topic that does not admit it.", APPROVAL, "sns:Publish", ACCOUNT_TOPIC.replace(MEMBER, OTHER)),
]);

const WATCHED = ["heartbeats", "api_calls"];
const QUERY = ["athena:StartQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults", "athena:StopQueryExecution"];
const watch = group("λ watch", [
  takes("It takes the audit account's reader.", WATCH, AUDIT_READER),
  refused("It takes no member's role itself.", WATCH, READER, { "sts:ExternalId": ORGANIZATION, "aws:ResourceOrgID": ORGANIZATION }),
  refused("It takes no other role of the audit account.", WATCH, SETTLE),
  allowed("It reads the list of members.", WATCH, "s3:GetObject", ROSTER),
  allowed("It reads what it remembers.", WATCH, "s3:GetObject", MEMORY),
  denied("It deletes nothing that it remembers.", WATCH, "s3:DeleteObject", MEMORY),
  QUERY.map((action) => allowed(`It may ${action} in the workgroup.`, WATCH, action, WORKGROUP)),
  denied("It asks in no other workgroup.", WATCH, "athena:StartQueryExecution", WORKGROUP.replace("pipetrail", "primary")),
  denied("It changes no workgroup.", WATCH, "athena:UpdateWorkGroup", WORKGROUP),
  [CATALOG, DATABASE, ...WATCHED.flatMap((name) => [table(`landing_${name}`), table(`settled_${name}`)])].map((resource) =>
    ["glue:GetTable", "glue:GetPartitions"].map((action) =>
      allowed(`Athena may ${action} of ${resource.split(":")[5]} for it.`, WATCH, action, resource))),
  [CATALOG, DATABASE].map((resource) => allowed(`Athena looks up ${resource.split(":")[5]} for it.`, WATCH, "glue:GetDatabase", resource)),
  denied("It reads no other table.", WATCH, "glue:GetTable", table("settled_approval_calls")),
  denied("It changes no partition.", WATCH, "glue:BatchCreatePartition", table("settled_api_calls")),
  [LAKE, ATHENA].map((bucket) => ["s3:ListBucket", "s3:GetBucketLocation"].map((action) => allowed(`It may ${action} of ${bucket}.`, WATCH, action, bucket))),
  denied("It lists no other bucket.", WATCH, "s3:ListBucket", EVIDENCE),
  WATCHED.flatMap((name) => [name, `landing/${name}`]).map((prefix) => allowed(`It reads below ${prefix}/.`, WATCH, "s3:GetObject", `${LAKE}/${prefix}/x.parquet`)),
  denied("It reads no decision.", WATCH, "s3:GetObject", `${LAKE}/approval_calls/x.parquet`),
  denied("It reads no evidence.", WATCH, "s3:GetObject", `${EVIDENCE}/alerted/x`),
  denied("It deletes nothing of the lake.", WATCH, "s3:DeleteObject", `${LAKE}/landing/heartbeats/x`),
  ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"].map((action) => allowed(`It may ${action} of the results.`, WATCH, action, `${ATHENA}/results/x.csv`)),
  denied("It writes no results elsewhere.", WATCH, "s3:PutObject", `${ATHENA}/x.csv`, PUT),
  allowed("It tells the operator.", WATCH, "sns:Publish", OPERATOR),
  denied("It publishes no decision.", WATCH, "sns:Publish", ALERTS),
  denied("It subscribes nobody.", WATCH, "sns:Subscribe", OPERATOR),
]);

const PUT_EVENTS = "events:PutEvents";
const forwarder = group("the forwarder's role", [
  allowed("It puts a heartbeat on the default bus.", FORWARDER, PUT_EVENTS, DEFAULT_BUS, source("pipetrail.heartbeat")),
  denied("It puts nothing else there.", FORWARDER, PUT_EVENTS, DEFAULT_BUS, source("custom.app")),
  denied("It puts no event there that looks like CodePipeline's.", FORWARDER, PUT_EVENTS, DEFAULT_BUS, source("aws.codepipeline")),
  denied("It puts no batch there with anything else.", FORWARDER, PUT_EVENTS, DEFAULT_BUS, source("pipetrail.heartbeat", "custom.app")),
  denied("It puts nothing there without a source.", FORWARDER, PUT_EVENTS, DEFAULT_BUS),
  denied("It puts nothing on another bus.", FORWARDER, PUT_EVENTS, DEFAULT_BUS.replace("default", "other"), source("pipetrail.heartbeat")),
  denied("It puts nothing on another account's bus.", FORWARDER, PUT_EVENTS, BUS.replace(AUDIT, OTHER), source("aws.codepipeline")),
  denied("It changes no rule.", FORWARDER, "events:DisableRule", rule("pipetrail-forward", MEMBER)),
  denied("It takes nothing out of its dead-letter queue.", FORWARDER, "sqs:ReceiveMessage", FORWARD_DLQ),
  denied("It answers no approval.", FORWARDER, "codepipeline:PutApprovalResult", GATE),
  ["StopPipelineExecution", "StartPipelineExecution", "GetPipeline", "UpdatePipeline", "DeletePipeline"].map((name) =>
    denied(`It may not call codepipeline:${name}.`, FORWARDER, `codepipeline:${name}`, PIPELINE)),
]);

const OUR_WAY = { "sts:ExternalId": ORGANIZATION, "aws:ResourceOrgID": ORGANIZATION };
const ELSEWHERE = rule("pipetrail-forward", MEMBER).replace(REGION, "us-east-1");
const reader = group("the readers", [
  takes("The audit account's reader takes the member's.", AUDIT_READER, READER, OUR_WAY),
  refused("It takes none without the organization's id.", AUDIT_READER, READER, { "aws:ResourceOrgID": ORGANIZATION }),
  refused("It takes none with another organization's id.", AUDIT_READER, READER, { ...OUR_WAY, "sts:ExternalId": "o-anotherorgid" }),
  refused("It takes none of another organization.", AUDIT_READER, READER, { ...OUR_WAY, "aws:ResourceOrgID": "o-anotherorgid" }),
  refused("It takes no other role of the member.", AUDIT_READER, FORWARDER, OUR_WAY),
  refused("An administrator of the audit account does not take the member's.", ADMINISTRATOR, READER, OUR_WAY),
  refused("An administrator of the member does not.", MEMBER_ADMINISTRATOR, READER, OUR_WAY),
  takes("An administrator of the audit account takes its reader by its own policy.", ADMINISTRATOR, AUDIT_READER),
  refused("Somebody there without an own policy does not.", PERSON, AUDIT_READER),
  refused("An administrator of the member does not take the audit account's reader.", MEMBER_ADMINISTRATOR, AUDIT_READER),
  ["events:DescribeRule", "events:ListTargetsByRule"].map((action) => [rule("pipetrail-forward", MEMBER), ELSEWHERE].map((resource) =>
    allowed(`It may ${action} of the forwarding rule of every region.`, READER, action, resource))),
  denied("It reads no other rule.", READER, "events:DescribeRule", rule("mine", MEMBER)),
  denied("It changes no rule.", READER, "events:PutRule", rule("pipetrail-forward", MEMBER)),
  ["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"].map((action) => [
    allowed(`It may ${action} of the forwarder's role.`, READER, action, FORWARDER.arn),
    denied(`It may not ${action} of another role.`, READER, action, FORWARDER.arn.replace("pipetrail-forwarder", "mine")),
  ]),
  ["sqs:GetQueueAttributes", "sqs:GetQueueUrl"].map((action) => allowed(`It may ${action} of the dead-letter queue.`, READER, action, FORWARD_DLQ)),
  denied("It reads no other queue's settings.", READER, "sqs:GetQueueAttributes", FORWARD_DLQ.replace("pipetrail-forward-dlq", "mine")),
  denied("It takes nothing out of the queue.", READER, "sqs:ReceiveMessage", FORWARD_DLQ),
  [SCHEDULE, CANARY].map((schedule) => allowed(`It reads ${schedule.split("/").pop()}.`, READER, "scheduler:GetSchedule", schedule)),
  denied("It reads no other schedule.", READER, "scheduler:GetSchedule", SCHEDULE.replace("pipetrail-heartbeat", "mine")),
  denied("It reads no pipeline.", READER, "codepipeline:GetPipeline", PIPELINE),
]);

export const roles = [trust, bus, streams, functions, settle, schedules, approval, watch, forwarder, reader].flat();
