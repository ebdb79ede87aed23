// The rows of the buckets.
import {
  ADMINISTRATOR, APPROVAL, ARTIFACTS, ATHENA, DEPLOYER, EVIDENCE, LAKE, MEMBER_ADMINISTRATOR, MEMORY, OTHER, PERSON, PLAIN_HTTP,
  PUT, PUT_IF_ABSENT, PUT_IF_MATCH, REGION, REPLACEMENT, ROSTER, SETTLE, SETTLED_TABLES, START_MULTIPART, STREAMS, WATCH, WRITER_A, WRITER_B, administrator, allowed, denied,
  group,
} from "./names.mjs";

const GET = "s3:GetObject";
const LIST = "s3:ListBucket";
const PUT_OBJECT = "s3:PutObject";
const DELETE = "s3:DeleteObject";
const DELETE_VERSION = "s3:DeleteObjectVersion";
const REPLICATE = "s3:ReplicateObject";
const REPLICATE_DELETE = "s3:ReplicateDelete";

const every = Object.entries({ lake: LAKE, evidence: EVIDENCE, artifacts: ARTIFACTS, athena: ATHENA }).map(([name, bucket]) =>
  group(`${name} bucket`, [
    allowed("An administrator lists it.", ADMINISTRATOR, LIST, bucket),
    allowed("An administrator reads an object.", ADMINISTRATOR, GET, `${bucket}/some/object`),
    denied("Nobody lists it over plain HTTP.", ADMINISTRATOR, LIST, bucket, PLAIN_HTTP),
    denied("Nobody reads an object over plain HTTP.", ADMINISTRATOR, GET, `${bucket}/some/object`, PLAIN_HTTP),
    denied("Nobody reads without an own policy.", PERSON, GET, `${bucket}/some/object`),
    denied("A member's administrator reads nothing.", MEMBER_ADMINISTRATOR, GET, `${bucket}/some/object`),
  ]));

const open = [["artifacts", ARTIFACTS], ["athena", ATHENA]].map(([name, bucket]) =>
  group(`${name} bucket`, [
    allowed("An administrator puts an object.", ADMINISTRATOR, PUT_OBJECT, `${bucket}/some/object`, PUT),
    allowed("An administrator deletes an object.", ADMINISTRATOR, DELETE, `${bucket}/some/object`),
    denied("λ settle puts nothing.", SETTLE, PUT_OBJECT, `${bucket}/some/object`, PUT),
    denied("A member's administrator puts nothing.", MEMBER_ADMINISTRATOR, PUT_OBJECT, `${bucket}/some/object`, PUT),
  ]));

const LANDED = `${LAKE}/landing/api_calls/2026-11-30-1.parquet`;
const SETTLED = `${LAKE}/api_calls/account_id=111122223333/month=2026-11/1.parquet`;
const ENTRY = `${LAKE}/settlement/api_calls/0000000001.json`;
const CLOCK = `${LAKE}/settlement/api_calls/clock`;
const WRITERS = [["λ settle", SETTLE], ["the lake writer a", WRITER_A], ["a lake writer b*", WRITER_B]];

const settled = group("lake bucket: settled by settle", [
  [...SETTLED_TABLES, "copies"].map((prefix) => [
    allowed(`λ settle puts below ${prefix}/.`, SETTLE, PUT_OBJECT, `${LAKE}/${prefix}/x.parquet`, PUT_IF_ABSENT),
    allowed(`λ settle deletes below ${prefix}/.`, SETTLE, DELETE, `${LAKE}/${prefix}/x.parquet`),
    denied(`An administrator puts nothing below ${prefix}/.`, ADMINISTRATOR, PUT_OBJECT, `${LAKE}/${prefix}/x.parquet`, PUT_IF_ABSENT),
  ]),
  denied("An administrator puts nothing below settlement/.", ADMINISTRATOR, PUT_OBJECT, ENTRY, PUT_IF_ABSENT),
  WRITERS.map(([name, who]) => allowed(`What is settled: ${name} puts.`, who, PUT_OBJECT, SETTLED, PUT)),
  WRITERS.map(([name, who]) => allowed(`What is settled: ${name} deletes.`, who, DELETE, SETTLED)),
  denied("An administrator deletes nothing that is settled.", ADMINISTRATOR, DELETE, SETTLED),
  denied("An administrator replicates no file there.", ADMINISTRATOR, REPLICATE, SETTLED),
  denied("An administrator replicates no delete marker there.", ADMINISTRATOR, REPLICATE_DELETE, SETTLED),
  denied("An administrator starts no multipart upload there.", ADMINISTRATOR, PUT_OBJECT, SETTLED, START_MULTIPART),
  denied("Whoever deploys puts nothing there.", DEPLOYER, PUT_OBJECT, SETTLED, PUT),
  denied("A role whose name only begins like a writer's puts nothing.", administrator("role/ab"), PUT_OBJECT, SETTLED, PUT),
  denied("The streams put nothing there.", STREAMS, PUT_OBJECT, SETTLED, PUT),
  denied("A role of λ settle's name in another account puts nothing.", administrator(`role/pipetrail-settle-${REGION}`, OTHER), PUT_OBJECT, SETTLED, PUT),
  allowed("An administrator deletes a version by its id: destroy needs it.", ADMINISTRATOR, DELETE_VERSION, SETTLED),
  allowed("The policy says nothing of errors/.", ADMINISTRATOR, PUT_OBJECT, `${LAKE}/errors/api_calls/x`, PUT),
]);

const landing = group("lake bucket: landing", [
  allowed("The streams put there.", STREAMS, PUT_OBJECT, LANDED, PUT),
  denied("An administrator puts nothing there.", ADMINISTRATOR, PUT_OBJECT, LANDED, PUT),
  denied("An administrator replicates nothing there.", ADMINISTRATOR, REPLICATE, LANDED),
  WRITERS.map(([name, who]) => denied(`Landing: ${name} puts nothing.`, who, PUT_OBJECT, LANDED, PUT_IF_ABSENT)),
  WRITERS.map(([name, who]) => allowed(`Landing: ${name} deletes.`, who, DELETE, LANDED)),
  denied("An administrator deletes nothing there.", ADMINISTRATOR, DELETE, LANDED),
  denied("An administrator replicates no delete marker there.", ADMINISTRATOR, REPLICATE_DELETE, LANDED),
  denied("The streams delete nothing there.", STREAMS, DELETE, LANDED),
]);

const log = group("lake bucket: the log of settling", [
  allowed("λ settle adds an entry.", SETTLE, PUT_OBJECT, ENTRY, PUT_IF_ABSENT),
  allowed("A lake writer adds an entry.", WRITER_A, PUT_OBJECT, ENTRY, PUT_IF_ABSENT),
  denied("λ settle replaces no entry.", SETTLE, PUT_OBJECT, ENTRY, PUT),
  denied("A lake writer replaces no entry.", WRITER_A, PUT_OBJECT, ENTRY, PUT),
  denied("A lake writer replaces no entry by replication.", WRITER_A, REPLICATE, ENTRY),
  allowed("A multipart upload may begin; its end must say If-None-Match.", WRITER_A, PUT_OBJECT, ENTRY, START_MULTIPART),
  allowed("λ settle puts its clock anew.", SETTLE, PUT_OBJECT, CLOCK, PUT),
  denied("λ settle deletes no entry.", SETTLE, DELETE, ENTRY),
  denied("A lake writer deletes no entry.", WRITER_A, DELETE, ENTRY),
  denied("A lake writer hides no entry by a replicated delete marker.", WRITER_A, REPLICATE_DELETE, ENTRY),
  denied("An administrator deletes no entry.", ADMINISTRATOR, DELETE, ENTRY),
]);

const GATES = `${LAKE}/gates/account_id=111122223333/eu-central-1/shop.json`;

const gates = group("lake bucket: known gates", [
  allowed("λ approval puts what it knows of a new pipeline.", APPROVAL, PUT_OBJECT, GATES, PUT_IF_ABSENT),
  allowed("λ approval replaces it as it was read.", APPROVAL, PUT_OBJECT, GATES, PUT_IF_MATCH),
  allowed("λ approval reads it.", APPROVAL, GET, GATES),
  denied("λ approval does not delete it.", APPROVAL, DELETE, GATES),
  denied("λ approval deletes no version of it.", APPROVAL, DELETE_VERSION, GATES),
  denied("λ approval puts nothing else into the lake.", APPROVAL, PUT_OBJECT, `${LAKE}/unregistered`, PUT_IF_ABSENT),
  denied("An administrator puts nothing there.", ADMINISTRATOR, PUT_OBJECT, GATES, PUT_IF_MATCH),
  denied("Nor does whoever deploys.", DEPLOYER, PUT_OBJECT, GATES, PUT_IF_MATCH),
  denied("An administrator replicates nothing there.", ADMINISTRATOR, REPLICATE, GATES),
  denied("An administrator deletes nothing there.", ADMINISTRATOR, DELETE, GATES),
  denied("An administrator replicates no delete marker there.", ADMINISTRATOR, REPLICATE_DELETE, GATES),
  denied("A lake writer puts nothing there.", WRITER_A, PUT_OBJECT, GATES, PUT_IF_MATCH),
  denied("λ settle puts nothing there.", SETTLE, PUT_OBJECT, GATES, PUT_IF_MATCH),
  denied("A role of λ approval's name in another region puts nothing.", administrator("role/pipetrail-approval-us-east-1"), PUT_OBJECT, GATES, PUT_IF_MATCH),
  denied("Nor does one of its name in another account.", administrator(`role/pipetrail-approval-${REGION}`, OTHER), PUT_OBJECT, GATES, PUT_IF_MATCH),
  allowed("An administrator deletes a version by its id: destroy needs it.", ADMINISTRATOR, DELETE_VERSION, GATES),
]);

const WRITES = [["puts", PUT_OBJECT, PUT_IF_MATCH], ["replicates", REPLICATE], ["deletes", DELETE], ["replicates a delete marker of", REPLICATE_DELETE]];
const members = group("lake bucket: members", [
  allowed("λ watch puts what it remembers.", WATCH, PUT_OBJECT, MEMORY, PUT_IF_MATCH),
  allowed("Whoever deploys puts the list of members.", DEPLOYER, PUT_OBJECT, ROSTER, PUT_IF_MATCH),
  allowed("Whoever deploys puts what is remembered of replacements.", DEPLOYER, PUT_OBJECT, REPLACEMENT, PUT_IF_MATCH),
  WRITES.map(([does, action, context]) => [
    denied(`An administrator ${does} nothing that λ watch remembers.`, ADMINISTRATOR, action, MEMORY, context),
    denied(`An administrator ${does} no list of members.`, ADMINISTRATOR, action, ROSTER, context),
    denied(`An administrator ${does} nothing of replacements.`, ADMINISTRATOR, action, REPLACEMENT, context),
  ]),
  denied("Whoever deploys puts nothing that λ watch remembers.", DEPLOYER, PUT_OBJECT, MEMORY, PUT_IF_MATCH),
  denied("λ watch puts no list of members.", WATCH, PUT_OBJECT, ROSTER, PUT_IF_MATCH),
  denied("A role of λ watch's name in another account puts nothing.", administrator(`role/pipetrail-watch-${REGION}`, OTHER), PUT_OBJECT, MEMORY, PUT_IF_MATCH),
  denied("Nor does one of its name in another region.", administrator("role/pipetrail-watch-us-east-1"), PUT_OBJECT, MEMORY, PUT_IF_MATCH),
  allowed("An administrator reads both.", ADMINISTRATOR, GET, ROSTER),
  allowed("An administrator deletes a version by its id: destroy needs it.", ADMINISTRATOR, DELETE_VERSION, MEMORY),
]);

const RECORD = `${EVIDENCE}/account_id=111122223333/shop/2026/11/30/approve_20261130T120000Z_0123.txt`;
const MARKER = `${EVIDENCE}/alerted/account_id=111122223333/0123`;
const GATE_CHANGE = `${EVIDENCE}/gate_changes/account_id=111122223333/shop/2026/11/30/UpdatePipeline_20261130T120000Z_0123.txt`;
const THINGS = [["record", RECORD], ["record of a gate", GATE_CHANGE], ["marker", MARKER]];

const written = group("evidence bucket: written by approval", [
  THINGS.map(([name, object]) => [
    allowed(`λ approval puts a ${name}.`, APPROVAL, PUT_OBJECT, object, PUT_IF_ABSENT),
    denied(`λ approval replaces no ${name}.`, APPROVAL, PUT_OBJECT, object, PUT),
    allowed(`λ approval reads a ${name}: it looks whether a marker counts.`, APPROVAL, GET, object),
    denied(`λ approval puts no ${name} over plain HTTP.`, APPROVAL, PUT_OBJECT, object, { ...PUT_IF_ABSENT, ...PLAIN_HTTP }),
    denied(`An administrator puts no ${name}.`, ADMINISTRATOR, PUT_OBJECT, object, PUT_IF_ABSENT),
    denied(`Whoever deploys puts no ${name}.`, DEPLOYER, PUT_OBJECT, object, PUT_IF_ABSENT),
    denied(`An administrator replicates no ${name}.`, ADMINISTRATOR, REPLICATE, object),
  ]),
  allowed("A multipart upload may begin; its end must say If-None-Match.", APPROVAL, PUT_OBJECT, RECORD, START_MULTIPART),
  denied("An administrator starts no multipart upload.", ADMINISTRATOR, PUT_OBJECT, RECORD, START_MULTIPART),
  denied("λ approval puts nothing elsewhere.", APPROVAL, PUT_OBJECT, `${EVIDENCE}/elsewhere/x`, PUT_IF_ABSENT),
  denied("A role of λ approval's name in another region puts nothing.", administrator("role/pipetrail-approval-us-east-1"), PUT_OBJECT, RECORD, PUT_IF_ABSENT),
  denied("Nor does one of its name in another account.", administrator(`role/pipetrail-approval-${REGION}`, OTHER), PUT_OBJECT, RECORD, PUT_IF_ABSENT),
]);

const hidden = group("evidence bucket: never hidden", [
  denied("λ approval deletes nothing.", APPROVAL, DELETE, RECORD),
  denied("An administrator deletes nothing without a version id.", ADMINISTRATOR, DELETE, RECORD),
  denied("Nor does whoever deploys.", DEPLOYER, DELETE, RECORD),
  denied("An administrator hides nothing by a replicated delete marker.", ADMINISTRATOR, REPLICATE_DELETE, RECORD),
  // Object Lock refuses it as long as the version is held.
  allowed("An administrator deletes a version by its id.", ADMINISTRATOR, DELETE_VERSION, RECORD),
  denied("λ approval deletes no version.", APPROVAL, DELETE_VERSION, RECORD),
]);

const SETTINGS = [
  ["lifts a retention", "s3:BypassGovernanceRetention", RECORD],
  ["changes a retention", "s3:PutObjectRetention", RECORD],
  ["changes a legal hold", "s3:PutObjectLegalHold", RECORD],
  ["changes the policy", "s3:PutBucketPolicy", EVIDENCE],
  ["deletes the policy", "s3:DeleteBucketPolicy", EVIDENCE],
  ["changes the lock", "s3:PutBucketObjectLockConfiguration", EVIDENCE],
  ["changes the encryption", "s3:PutEncryptionConfiguration", EVIDENCE],
  ["deletes the bucket", "s3:DeleteBucket", EVIDENCE],
  ["changes the lifecycle", "s3:PutLifecycleConfiguration", EVIDENCE],
  ["changes the replication", "s3:PutReplicationConfiguration", EVIDENCE],
  ["changes the ownership of objects", "s3:PutBucketOwnershipControls", EVIDENCE],
  ["opens it to the public", "s3:PutBucketPublicAccessBlock", EVIDENCE],
];
const settings = group("evidence bucket: changed by the deployer", SETTINGS.map(([does, action, resource]) => [
  allowed(`The deployer ${does}.`, DEPLOYER, action, resource),
  denied(`No other administrator ${does}.`, ADMINISTRATOR, action, resource),
  denied(`No role whose name only begins alike ${does}.`, administrator("role/deployer"), action, resource),
]));

export const buckets = [...every, ...open, settled, landing, log, gates, members, written, hidden, settings].flat();
