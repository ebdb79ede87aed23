// Who asks in the table, and for what: accounts, principals and ARNs by fixed names.
export const AUDIT = "999988887777";
export const MEMBER = "111122223333";
export const OTHER = "444455556666";
export const REGION = "eu-central-1";
export const ORGANIZATION = "o-exampleorgid";
const FOREIGN_ORGANIZATION = "o-anotherorgid";

export const TABLES = ["pipeline_executions", "stage_executions", "action_executions", "approval_calls", "api_calls",
  "heartbeats", "other_events"];
// Beside them one that no stream fills.
export const SETTLED_TABLES = [...TABLES, "own_changes"];

// --- Principals ---

// A role of the project: it may do what its own policies in the documents say.
const ours = (name, account = AUDIT) => ({ arn: `arn:aws:iam::${account}:role/${name}`, account, organization: ORGANIZATION, may: name });
// Somebody whose own policies allow everything, so that only the resource's policy can refuse.
export const administrator = (name, account = AUDIT, organization = ORGANIZATION) =>
  ({ arn: `arn:aws:iam::${account}:${name}`, account, organization, may: "everything" });
// Somebody whose own policies allow nothing, so that only the resource's policy can allow.
export const person = (name, account = AUDIT, organization = ORGANIZATION) =>
  ({ arn: `arn:aws:iam::${account}:${name}`, account, organization, may: "nothing" });
export const service = (name) => ({ service: `${name}.amazonaws.com` });

export const BUS_ROLE = ours(`pipetrail-bus-${REGION}`);
export const STREAMS = ours(`pipetrail-streams-${REGION}`);
export const TRANSFORM = ours(`pipetrail-transform-${REGION}`);
export const SETTLE = ours(`pipetrail-settle-${REGION}`);
export const SCHEDULES = ours(`pipetrail-schedules-${REGION}`);
export const APPROVAL = ours(`pipetrail-approval-${REGION}`);
export const WATCH = ours(`pipetrail-watch-${REGION}`);
export const FORWARDER = ours(`pipetrail-forwarder-${REGION}`, MEMBER);
export const READER = ours(`pipetrail-reader-${REGION}`, MEMBER);
export const AUDIT_READER = ours(`pipetrail-audit-reader-${REGION}`);

export const ADMINISTRATOR = administrator("role/admin");
export const PERSON = person("role/reader");
export const DEPLOYER = administrator("role/deployer-1");
export const WRITER_A = administrator("role/a");
export const WRITER_B = administrator("role/b2");
export const MEMBER_ADMINISTRATOR = administrator("role/admin", MEMBER);
export const OTHER_ADMINISTRATOR = administrator("role/admin", OTHER);
export const FOREIGN_FORWARDER = administrator(`role/pipetrail-forwarder-${REGION}`, "777788889999", FOREIGN_ORGANIZATION);
export const LONELY_FORWARDER = administrator(`role/pipetrail-forwarder-${REGION}`, "777788889999", null);

export const EVENTBRIDGE = service("events");
export const CLOUDWATCH = service("cloudwatch");

// --- Resources ---

const arn = (kind, name, account = AUDIT) => `arn:aws:${kind}:${REGION}:${account}:${name}`;
const bucket = (kind) => `arn:aws:s3:::pipetrail-${kind}-${AUDIT}-${REGION}`;

export const LAKE = bucket("lake");
export const EVIDENCE = bucket("evidence");
export const ARTIFACTS = bucket("artifacts");
export const ATHENA = bucket("athena");

export const BUS = arn("events", "event-bus/pipetrail");
export const DEFAULT_BUS = arn("events", "event-bus/default", MEMBER);
export const SCHEDULE = arn("scheduler", "schedule/default/pipetrail-heartbeat", MEMBER);
export const CANARY = arn("scheduler", "schedule/default/pipetrail-canary", MEMBER);
export const STACK = arn("cloudformation", "stack/StackSet-pipetrail-member-1/2", MEMBER);
export const BUS_DLQ = arn("sqs", "pipetrail-bus-dlq");
export const DECISIONS = arn("sqs", "pipetrail-decisions");
export const FORWARD_DLQ = arn("sqs", "pipetrail-forward-dlq", MEMBER);
export const ALERTS = arn("sns", "pipetrail-alerts");
export const OPERATOR = arn("sns", "pipetrail-operator");
export const ACCOUNT_TOPIC = arn("sns", `pipetrail-alerts-${MEMBER}`);

export const rule = (name, account = AUDIT) => arn("events", `rule/${name}`, account);
export const alarm = (name, account = AUDIT) => arn("cloudwatch", `alarm:${name}`, account);
export const stream = (name) => arn("firehose", `deliverystream/${name}`);
export const lambda = (name) => arn("lambda", `function:${name}`);
export const logs = (group) => arn("logs", `log-group:${group}:log-stream:one`);
export const logGroup = (group) => arn("logs", `log-group:${group}`);
export const table = (name) => arn("glue", `table/pipetrail/${name}`);
export const DATABASE = arn("glue", "database/pipetrail");
export const CATALOG = arn("glue", "catalog");
export const WORKGROUP = arn("athena", "workgroup/pipetrail");
export const ROSTER = `${LAKE}/members/roster.json`;
export const REPLACEMENT = `${LAKE}/replacement.json`;
export const MEMORY = `${LAKE}/members/watch.json`;
export const PIPELINE = arn("codepipeline", "shop", MEMBER);
export const GATE = arn("codepipeline", "shop/release/approve", MEMBER);

// --- What a request says beside that ---

export const PLAIN_HTTP = { "aws:SecureTransport": "false" };
export const source = (...sources) => ({ "events:source": sources });
export const from = (account, resource) => ({ "aws:SourceAccount": account, ...(resource && { "aws:SourceArn": resource }) });
// S3 says of a put whether it makes an object; the start of a multipart upload does not.
export const PUT = { "s3:ObjectCreationOperation": "true" };
export const PUT_IF_MATCH = { ...PUT, "s3:if-match": "x" };
export const PUT_IF_ABSENT = { ...PUT, "s3:if-none-match": "*" };
export const START_MULTIPART = { "s3:ObjectCreationOperation": "false" };

// --- Rows ---

const answer = (expected) => (says, who, action, resource, context = {}) => ({ says, who, action, resource, context, expected });
export const allowed = answer("allowed");
export const denied = answer("denied");
export const group = (name, rows) => rows.flat(Infinity).map((row) => ({ group: name, ...row }));
