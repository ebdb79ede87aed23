// The table: who asks for what, and whether it is allowed. Here bus, queues and topics; buckets, roles
// and the service control policy have files of their own.
import { buckets } from "./buckets.mjs";
import { roles } from "./roles.mjs";
import { scp } from "./scp.mjs";
import {
  ACCOUNT_TOPIC, ADMINISTRATOR, ALERTS, APPROVAL, AUDIT, BUS, BUS_DLQ, BUS_ROLE, CLOUDWATCH, DECISIONS, EVENTBRIDGE,
  FOREIGN_FORWARDER, FORWARDER, FORWARD_DLQ, LONELY_FORWARDER, MEMBER, MEMBER_ADMINISTRATOR, OPERATOR, OTHER,
  OTHER_ADMINISTRATOR, PERSON, PLAIN_HTTP, REGION, SETTLE, TABLES, administrator, alarm, allowed, denied, from, group,
  person, rule, service, source,
} from "./names.mjs";

const PUT_EVENTS = "events:PutEvents";
const SEND = "sqs:SendMessage";
const PUBLISH = "sns:Publish";
const SUBSCRIBE = "sns:Subscribe";

const FORWARDER_ELSEWHERE = administrator("role/pipetrail-forwarder-us-east-1", OTHER);
const protocol = (name) => ({ "sns:Protocol": name });

const bus = group("bus", [
  allowed("A forwarder puts an event of CodePipeline.", FORWARDER, PUT_EVENTS, BUS, source("aws.codepipeline")),
  allowed("A forwarder puts a heartbeat.", FORWARDER, PUT_EVENTS, BUS, source("pipetrail.heartbeat")),
  allowed("A forwarder puts both in one batch.", FORWARDER, PUT_EVENTS, BUS, source("aws.codepipeline", "pipetrail.heartbeat")),
  allowed("So does the forwarder of another account and region.", FORWARDER_ELSEWHERE, PUT_EVENTS, BUS, source("aws.codepipeline")),
  denied("A forwarder of another organization puts nothing.", FOREIGN_FORWARDER, PUT_EVENTS, BUS, source("aws.codepipeline")),
  denied("Nor does one of an account without an organization.", LONELY_FORWARDER, PUT_EVENTS, BUS, source("aws.codepipeline")),
  denied("A role of another name puts nothing.", MEMBER_ADMINISTRATOR, PUT_EVENTS, BUS, source("aws.codepipeline")),
  denied("A user of a forwarder's name puts nothing.", administrator("user/pipetrail-forwarder-1", MEMBER), PUT_EVENTS, BUS, source("aws.codepipeline")),
  denied("A forwarder puts no other source.", FORWARDER, PUT_EVENTS, BUS, source("aws.s3")),
  denied("A forwarder puts no source that begins alike.", FORWARDER, PUT_EVENTS, BUS, source("pipetrail.heartbeats")),
  denied("A batch with one foreign event is refused.", FORWARDER, PUT_EVENTS, BUS, source("aws.codepipeline", "custom.app")),
  denied("A request without a source is refused.", FORWARDER, PUT_EVENTS, BUS),
  denied("EventBridge without a role puts nothing.", EVENTBRIDGE, PUT_EVENTS, BUS, { ...source("aws.codepipeline"), ...from(MEMBER, rule("pipetrail-forward", MEMBER)) }),
  denied("A forwarder cannot read the bus's settings.", FORWARDER_ELSEWHERE, "events:DescribeEventBus", BUS),
  denied("A forwarder cannot change the bus.", FORWARDER_ELSEWHERE, "events:UpdateEventBus", BUS),
  denied("Somebody of the audit account puts nothing without an own policy.", PERSON, PUT_EVENTS, BUS, source("pipetrail.heartbeat")),
  // Nothing denies it: within an account either policy is enough.
  allowed("An administrator of the audit account puts by its own policy.", ADMINISTRATOR, PUT_EVENTS, BUS, source("pipetrail.heartbeat")),
]);

const queues = group("queues", [
  [...TABLES, "decisions"].map((name) =>
    allowed(`The rule of ${name} sends what it gave up on.`, EVENTBRIDGE, SEND, BUS_DLQ, from(AUDIT, rule(`pipetrail/pipetrail-${name}`)))),
  denied("A rule of another name sends nothing to the bus's dead-letter queue.", EVENTBRIDGE, SEND, BUS_DLQ, from(AUDIT, rule("pipetrail/other"))),
  denied("Nor does a rule of another bus.", EVENTBRIDGE, SEND, BUS_DLQ, from(AUDIT, rule("other/pipetrail-decisions"))),
  denied("Nor does another account's rule of the same name.", EVENTBRIDGE, SEND, BUS_DLQ, from(MEMBER, rule("pipetrail/pipetrail-decisions", MEMBER))),
  denied("EventBridge cannot read what waits there.", EVENTBRIDGE, "sqs:ReceiveMessage", BUS_DLQ, from(AUDIT, rule("pipetrail/pipetrail-decisions"))),
  denied("Another service sends nothing there in a rule's name.", service("sns"), SEND, BUS_DLQ, from(AUDIT, rule("pipetrail/pipetrail-decisions"))),

  allowed("The rule of decisions sends a decision.", EVENTBRIDGE, SEND, DECISIONS, from(AUDIT, rule("pipetrail/pipetrail-decisions"))),
  denied("Another rule of the bus sends no decision.", EVENTBRIDGE, SEND, DECISIONS, from(AUDIT, rule("pipetrail/pipetrail-approval_calls"))),
  denied("A rule of the default bus sends no decision.", EVENTBRIDGE, SEND, DECISIONS, from(AUDIT, rule("pipetrail-decisions"))),
  denied("Another account's rule sends no decision.", EVENTBRIDGE, SEND, DECISIONS, from(MEMBER, rule("pipetrail/pipetrail-decisions", MEMBER))),
  denied("Another service sends no decision in the rule's name.", service("sns"), SEND, DECISIONS, from(AUDIT, rule("pipetrail/pipetrail-decisions"))),
  denied("EventBridge cannot purge the decisions.", EVENTBRIDGE, "sqs:PurgeQueue", DECISIONS, from(AUDIT, rule("pipetrail/pipetrail-decisions"))),
  denied("Somebody of the audit account sends no decision without an own policy.", PERSON, SEND, DECISIONS),
  denied("An administrator of another account sends no decision.", MEMBER_ADMINISTRATOR, SEND, DECISIONS),
  // Nothing denies it: within an account either policy is enough.
  allowed("An administrator of the audit account sends a decision by its own policy.", ADMINISTRATOR, SEND, DECISIONS),

  allowed("The forwarding rule sends what the audit bus did not take.", EVENTBRIDGE, SEND, FORWARD_DLQ, from(MEMBER, rule("pipetrail-forward", MEMBER))),
  denied("Another rule of the member sends nothing there.", EVENTBRIDGE, SEND, FORWARD_DLQ, from(MEMBER, rule("pipetrail-forward-2", MEMBER))),
  denied("Nor does a forwarding rule of another account.", EVENTBRIDGE, SEND, FORWARD_DLQ, from(OTHER, rule("pipetrail-forward", OTHER))),
  denied("Nor does an administrator of the audit account.", ADMINISTRATOR, SEND, FORWARD_DLQ),
  denied("Nor does another service in the rule's name.", service("sns"), SEND, FORWARD_DLQ, from(MEMBER, rule("pipetrail-forward", MEMBER))),
  denied("The forwarding rule cannot read what waits there.", EVENTBRIDGE, "sqs:ReceiveMessage", FORWARD_DLQ, from(MEMBER, rule("pipetrail-forward", MEMBER))),
]);

const topics = group("topics", [
  allowed("λ approval tells everybody.", APPROVAL, PUBLISH, ALERTS),
  denied("λ approval tells nobody over plain HTTP.", APPROVAL, PUBLISH, ALERTS, PLAIN_HTTP),
  denied("An administrator publishes no alert over plain HTTP.", ADMINISTRATOR, PUBLISH, ALERTS, PLAIN_HTTP),
  allowed("Somebody of the audit account subscribes to all alerts by its own policy.", ADMINISTRATOR, SUBSCRIBE, ALERTS, protocol("email")),
  denied("Without such a policy nobody subscribes to all alerts.", PERSON, SUBSCRIBE, ALERTS, protocol("email")),
  denied("A member does not subscribe to all alerts.", MEMBER_ADMINISTRATOR, SUBSCRIBE, ALERTS, protocol("email")),
  denied("A member publishes no alert.", MEMBER_ADMINISTRATOR, PUBLISH, ALERTS),
  denied("EventBridge publishes no alert.", EVENTBRIDGE, PUBLISH, ALERTS, from(AUDIT, rule("pipetrail/pipetrail-decisions"))),
  denied("An alarm publishes no alert.", CLOUDWATCH, PUBLISH, ALERTS, from(AUDIT, alarm("pipetrail-bus-dlq"))),

  allowed("λ approval tells an account on its topic, by the topic's policy.", APPROVAL, PUBLISH, ACCOUNT_TOPIC),
  denied("λ approval does not tell it over plain HTTP.", APPROVAL, PUBLISH, ACCOUNT_TOPIC, PLAIN_HTTP),
  denied("λ settle tells no account anything.", SETTLE, PUBLISH, ACCOUNT_TOPIC),
  denied("A role of λ approval's name in another account tells no account anything.", administrator(`role/pipetrail-approval-${REGION}`, OTHER), PUBLISH, ACCOUNT_TOPIC),
  denied("λ approval subscribes nobody.", APPROVAL, SUBSCRIBE, ACCOUNT_TOPIC, protocol("email")),
  ["email", "email-json", "https", "lambda", "sqs"].map((name) =>
    allowed(`The account subscribes to its topic by ${name}.`, MEMBER_ADMINISTRATOR, SUBSCRIBE, ACCOUNT_TOPIC, protocol(name))),
  ["sms", "application", "http", "firehose"].map((name) =>
    denied(`The account does not subscribe to its topic by ${name}.`, MEMBER_ADMINISTRATOR, SUBSCRIBE, ACCOUNT_TOPIC, protocol(name))),
  denied("Nobody of the account subscribes without an own policy.", person("role/reader", MEMBER), SUBSCRIBE, ACCOUNT_TOPIC, protocol("email")),
  denied("The account does not publish on its topic.", MEMBER_ADMINISTRATOR, PUBLISH, ACCOUNT_TOPIC),
  denied("The account does not change its topic.", MEMBER_ADMINISTRATOR, "sns:SetTopicAttributes", ACCOUNT_TOPIC),
  denied("A third account does not subscribe to it.", OTHER_ADMINISTRATOR, SUBSCRIBE, ACCOUNT_TOPIC, protocol("email")),

  allowed("An alarm of ours tells the operator.", CLOUDWATCH, PUBLISH, OPERATOR, from(AUDIT, alarm("pipetrail-bus-dlq"))),
  denied("Another alarm of this account does not.", CLOUDWATCH, PUBLISH, OPERATOR, from(AUDIT, alarm("billing"))),
  denied("An alarm of another account does not.", CLOUDWATCH, PUBLISH, OPERATOR, from(OTHER, alarm("pipetrail-bus-dlq", OTHER))),
  denied("Nor does our alarm in another account's name.", CLOUDWATCH, PUBLISH, OPERATOR, from(OTHER, alarm("pipetrail-bus-dlq"))),
  denied("An alarm does not tell the operator over plain HTTP.", CLOUDWATCH, PUBLISH, OPERATOR, { ...from(AUDIT, alarm("pipetrail-bus-dlq")), ...PLAIN_HTTP }),
  denied("EventBridge does not tell the operator.", EVENTBRIDGE, PUBLISH, OPERATOR, from(AUDIT, rule("pipetrail/pipetrail-decisions"))),
  denied("Another service does not tell the operator in an alarm's name.", service("budgets"), PUBLISH, OPERATOR, from(AUDIT, alarm("pipetrail-bus-dlq"))),
  denied("An alarm subscribes nobody.", CLOUDWATCH, SUBSCRIBE, OPERATOR, { ...from(AUDIT, alarm("pipetrail-bus-dlq")), ...protocol("email") }),
  denied("λ approval does not tell the operator.", APPROVAL, PUBLISH, OPERATOR),
  denied("The role of the rules publishes nothing.", BUS_ROLE, PUBLISH, OPERATOR),
]);

export const requests = [bus, queues, topics, buckets, roles, scp].flat();

// Mutations that change nothing, as check.mjs prints them, each with the reason.
export const exceptions = {};
