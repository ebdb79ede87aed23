// Asks iam-simulate whether the policies allow each request of requests.mjs, and compares the answer
// with the table's. With --mutate it also changes the policies, one place at a time, and wants at
// least one request to be answered otherwise each time.
//
// node check.mjs <documents.json> <folder with node_modules, or NODE_MODULES_DIR> [--mutate | --defaults]
//
// --defaults asks the rows of defaults.mjs instead.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { defaults } from "./defaults.mjs";
import { mutations, policies } from "./mutate.mjs";
import { AUDIT, MEMBER, ORGANIZATION, REGION } from "./names.mjs";
import { exceptions, requests as table } from "./requests.mjs";

const mutate = process.argv.includes("--mutate");
const requests = process.argv.includes("--defaults") ? defaults : table;
const [file, modules = process.env.NODE_MODULES_DIR] = process.argv.slice(2).filter((word) => !word.startsWith("--"));
if (!file || !modules) {
  console.error("usage: node check.mjs <documents.json> <folder with node_modules> [--mutate | --defaults]");
  process.exit(2);
}
const { runSimulation } = createRequire(resolve(modules, "package.json"))("@cloud-copilot/iam-simulate");
const documents = JSON.parse(readFileSync(file, "utf8"));

const EVERYTHING = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };

// What the documents say of a resource: the name of its policy, and the keys that lead to it.
function resourcePolicy(resource) {
  const [, , kind, , , ...rest] = resource.split(":");
  const name = rest.join(":");
  if (kind === "s3") return ["buckets", name.split("/")[0]];
  if (kind === "events" && name.startsWith("event-bus/")) return ["buses", name.slice("event-bus/".length)];
  if (kind === "sqs") return ["queues", name];
  if (kind === "sns") return ["topics", name];
  if (kind === "iam") return ["roles", name.slice("role/".length), "trust"];
  return undefined;
}

// The account of a resource; the ARN of a bucket does not say it.
const accountOf = (resource) => resource.split(":")[4] || AUDIT;

// The names of the policies that a request's answer depends on.
function reads({ who, resource }) {
  const own = policies(documents).map(({ name }) => name).filter((name) => name.startsWith(`roles/${who.may}/policies/`));
  return [...own, resourcePolicy(resource)?.join("/"), ...(who.account === MEMBER ? ["scp"] : [])];
}

// What the organization lets the principals of an account do: of a member all but what the policy denies.
function controlPolicies(who, of) {
  if (who.account !== MEMBER) return [];
  const policies = [EVERYTHING, of.scp].map((policy, index) => ({ name: `${index}`, policy }));
  return [{ orgIdentifier: "r-ab12", policies }];
}

function ownPolicies(who, of) {
  if (who.service || who.may === "nothing") return [];
  const found = who.may === "everything" ? [EVERYTHING] : of.roles[who.may].policies;
  return found.map((policy, index) => ({ name: `${index}`, policy }));
}

// What AWS says of the caller with each request.
function caller({ service, arn, account, organization }) {
  if (service) return { "aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": service };
  return { "aws:PrincipalArn": arn, "aws:PrincipalAccount": account, ...(organization && { "aws:PrincipalOrgID": organization }) };
}

// "allowed" or "denied", or why it cannot be said.
async function answer(of, { who, action, resource, context }) {
  const path = resourcePolicy(resource);
  const policy = path?.reduce((value, key) => value?.[key], of);
  const simulation = {
    request: {
      principal: who.service ?? who.arn,
      action,
      resource: { resource, accountId: accountOf(resource) },
      contextVariables: { "aws:SecureTransport": "true", ...caller(who), ...context },
    },
    identityPolicies: ownPolicies(who, of),
    serviceControlPolicies: controlPolicies(who, of),
    resourceControlPolicies: [],
    // A policy of one statement that is gone is no policy.
    ...(policy?.Statement.length && { resourcePolicy: policy }),
  };
  const ran = await runSimulation(simulation, { simulationMode: "Strict" });
  if (ran.resultType !== "single") return `cannot be asked: ${JSON.stringify(ran.errors ?? ran.resultType)}`;
  const unknown = ran.result.ignoredContextKeys;
  if (unknown.length) return `cannot be asked: ${action} knows no ${unknown.join(", ")}`;
  return ran.overallResult === "Allowed" ? "allowed" : "denied";
}

const failures = [];
const fail = (text) => {
  failures.push(text);
  console.log(text);
};

const told = { account: AUDIT, region: REGION, organization: ORGANIZATION, member: MEMBER };
for (const [key, value] of Object.entries(told)) {
  if (documents[key] !== value) fail(`documents: ${key} is ${documents[key]}, the table is about ${value}`);
}

const asked = requests.map((row) => ({ ...row, reads: reads(row) }));
const sound = [];
for (const row of asked) {
  const got = await answer(documents, row);
  if (got === row.expected) sound.push(row);
  else fail(`${row.group}: ${row.says} Should be ${row.expected}, but: ${got}.`);
}
for (const { name } of requests === table ? policies(documents) : []) {
  if (!asked.some((row) => row.reads.includes(name))) fail(`${name}: no request asks about this policy`);
}

// Rows that fail anyway prove nothing here.
async function noticed({ policy, documents: changed }) {
  for (const row of sound) {
    if (!row.reads.includes(policy)) continue;
    const got = await answer(changed, row);
    if (got === row.expected) continue;
    if (got.startsWith("cannot")) throw new Error(`${row.says} ${got}`);
    return true;
  }
  return false;
}

let count = `${requests.length} requests`;
if (mutate) {
  const all = [...mutations(documents)];
  count += `, ${all.length} mutations`;
  const excused = new Set(Object.keys(exceptions));
  for (const mutation of all) {
    const seen = await noticed(mutation);
    if (!seen && !excused.delete(mutation.says)) fail(`no request notices: ${mutation.says}`);
  }
  for (const says of excused) fail(`an exception that is not needed: ${says}`);
}
console.log(`${count}: ${failures.length ? `${failures.length} not as expected` : "as expected"}`);
process.exitCode = failures.length ? 1 : 0;
