// The rows of the service control policy that `pipetrail export scp` prints: who changes the member stack.
import {
  CANARY, FORWARDER, FORWARD_DLQ, MEMBER, MEMBER_ADMINISTRATOR, READER, STACK, SCHEDULE, administrator, allowed, denied, group, rule,
} from "./names.mjs";

const STACKSETS = administrator("role/stacksets-exec-0123456789abcdef", MEMBER);

const CHANGES = [
  ["events", rule("pipetrail-forward", MEMBER), rule("mine", MEMBER),
    ["DeleteRule", "DisableRule", "EnableRule", "PutRule", "PutTargets", "RemoveTargets"]],
  ["sqs", FORWARD_DLQ, FORWARD_DLQ.replace("pipetrail-forward-dlq", "mine"),
    ["AddPermission", "CreateQueue", "DeleteQueue", "PurgeQueue", "RemovePermission", "SetQueueAttributes"]],
  ["scheduler", SCHEDULE, SCHEDULE.replace("pipetrail-heartbeat", "mine"),
    ["CreateSchedule", "DeleteSchedule", "UpdateSchedule"]],
  ["scheduler", CANARY, CANARY.replace("pipetrail-canary", "mine"), ["CreateSchedule", "DeleteSchedule", "UpdateSchedule"]],
  ["iam", READER.arn, READER.arn.replace("pipetrail-reader", "mine"),
    ["AttachRolePolicy", "CreateRole", "DeleteRole", "DeleteRolePolicy", "PutRolePolicy", "UpdateAssumeRolePolicy"]],
  ["iam", FORWARDER.arn, FORWARDER.arn.replace("pipetrail-forwarder", "mine"),
    ["AttachRolePolicy", "CreateRole", "DeleteRole", "DeleteRolePermissionsBoundary", "DeleteRolePolicy", "DetachRolePolicy",
      "PassRole", "PutRolePermissionsBoundary", "PutRolePolicy", "UpdateAssumeRolePolicy", "UpdateRole"]],
  // Who had that role, or made one of its name, would be let through.
  ["iam", STACKSETS.arn, STACKSETS.arn.replace("stacksets-exec", "mine"),
    ["AttachRolePolicy", "CreateRole", "PutRolePolicy", "UpdateAssumeRolePolicy"]],
  ["cloudformation", STACK, STACK.replace("StackSet-pipetrail-member", "mine"),
    ["CancelUpdateStack", "ContinueUpdateRollback", "CreateChangeSet", "DeleteChangeSet", "DeleteStack", "ExecuteChangeSet",
      "RollbackStack", "SetStackPolicy", "SignalResource", "UpdateStack", "UpdateTerminationProtection"]],
];

export const scp = group("service control policy", CHANGES.map(([kind, ours, theirs, actions]) => [
  actions.map((action) => denied(`An administrator of the member does not ${kind}:${action} what is ours.`, MEMBER_ADMINISTRATOR, `${kind}:${action}`, ours)),
  allowed(`StackSets does ${kind}:${actions[0]} there.`, STACKSETS, `${kind}:${actions[0]}`, ours),
  allowed(`An administrator does ${kind}:${actions[0]} what is not ours.`, MEMBER_ADMINISTRATOR, `${kind}:${actions[0]}`, theirs),
]));
