//! Service control policies that would keep the member stack from being made, or its role from doing its
//! work.
//!
//! Read: policies attached to the roots and to the organizational units of enrolled accounts, with the
//! units above them; not those of single accounts. Judged: every call of `calls`, against every
//! statement. A denial that cannot be judged for certain is a warning that names policy and statement.

mod read;
mod statement;

use std::collections::{BTreeMap, BTreeSet};

use pipetrail_names::audit::BUS;
use pipetrail_names::member::{
    CANARY_SCHEDULE, FORWARD_DLQ, FORWARD_RULE, HEARTBEAT_SCHEDULE, STACK, forwarder, reader,
};
use pipetrail_names::{OuId, Region, partition};
use serde_json::{Map, Value};

pub(crate) use self::read::{read, roots};
use self::statement::{Call, Truth, applies};
use super::check::Check;
use crate::config::Config;

/// The check.
pub(super) const NAME: &str = "service-control-policies";

/// Organizations throttles: beyond so many roots and units the rest is left out, and that is said.
const MOST_TARGETS: usize = 200;

/// StackSets' own role in a member. `*` is an end that is not known.
const EXECUTION: &str = "stacksets-exec-*";

/// An account that is not known: `#` is a digit.
const MEMBER: &str = "############";

/// The policies and where they are attached.
#[derive(Clone, Debug, Default)]
pub(super) struct Policies {
    /// Whether the organization uses policies of this kind at all.
    pub enabled: bool,
    /// Ids of policies by root or unit.
    pub attached: BTreeMap<OuId, BTreeSet<String>>,
    /// Their JSON by id.
    pub documents: BTreeMap<String, String>,
    /// How many units were left out.
    pub left_out: usize,
}

/// What CloudFormation calls to make the member stack, by the permissions that its resource types ask
/// for; `pipetrail` tags the stacks, and with them what is in them.
const STACK_ACTIONS: [&str; 2] = ["CreateStack", "UpdateStack"];
const RULE_ACTIONS: [&str; 4] = ["PutRule", "PutTargets", "DescribeRule", "TagResource"];
const QUEUE_ACTIONS: [&str; 4] = ["CreateQueue", "SetQueueAttributes", "GetQueueAttributes", "TagQueue"];
const SCHEDULE_ACTIONS: [&str; 2] = ["CreateSchedule", "GetSchedule"];
const ROLE_ACTIONS: [&str; 5] = ["CreateRole", "PutRolePolicy", "GetRole", "PassRole", "TagRole"];

/// What the reader asks of the forwarder's role.
const READ_ROLE: [&str; 4] = [
    "GetRole",
    "GetRolePolicy",
    "ListAttachedRolePolicies",
    "ListRolePolicies",
];

/// The calls that the member stack takes, and those of its roles.
fn calls(config: &Config, organization: &str) -> Vec<Call> {
    let home = config.audit.region.as_str();
    let partition = partition(&config.audit.region);
    let [_, own, looks] = roles();
    let mut calls = Vec::new();
    // A resource is a service, and the rest of an ARN behind it.
    let mut add = |role: &str, actions: &[&str], (service, resource): (&str, String), region: &str| {
        calls.extend(actions.iter().map(|action| Call {
            principal: principal(role, MEMBER, partition),
            action: format!("{service}:{action}"),
            resource: format!("arn:{partition}:{service}:{resource}"),
            region: region.to_owned(),
            organization: organization.to_owned(),
        }));
    };
    // IAM is asked in its partition's one region, from wherever.
    let of_iam = match partition {
        "aws-cn" => "cn-north-1",
        "aws-us-gov" => "us-gov-west-1",
        _ => "us-east-1",
    };
    for region in config.organization.regions.iter().map(Region::as_str) {
        let here = |service, resource: String| (service, format!("{region}:{MEMBER}:{resource}"));
        let stack = here("cloudformation", format!("stack/StackSet-{STACK}-*/*"));
        add(EXECUTION, &STACK_ACTIONS, stack, region);
        let rule = here("events", format!("rule/{FORWARD_RULE}"));
        add(EXECUTION, &RULE_ACTIONS, rule.clone(), region);
        add(&looks, &["DescribeRule", "ListTargetsByRule"], rule, region);
        let queue = here("sqs", FORWARD_DLQ.to_owned());
        add(EXECUTION, &QUEUE_ACTIONS, queue.clone(), region);
        add(&looks, &["GetQueueUrl", "GetQueueAttributes"], queue, region);
        for schedule in [HEARTBEAT_SCHEDULE, CANARY_SCHEDULE] {
            let schedule = here("scheduler", format!("schedule/default/{schedule}"));
            add(EXECUTION, &SCHEDULE_ACTIONS, schedule.clone(), region);
            add(&looks, &["GetSchedule"], schedule, region);
        }
        let role = ("iam", format!(":{MEMBER}:role/{}", forwarder(region)));
        add(EXECUTION, &ROLE_ACTIONS, role.clone(), of_iam);
        add(&looks, &READ_ROLE, role, of_iam);
        let bus = here("events", "event-bus/default".to_owned());
        add(&own, &["PutEvents"], bus, region);
    }
    let role = format!(
        ":{MEMBER}:role/{}",
        reader(config.organization.reader_region(&config.audit.region).as_str())
    );
    add(EXECUTION, &ROLE_ACTIONS, ("iam", role), of_iam);
    let bus = format!("{home}:{}:event-bus/{BUS}", config.audit.account);
    add(&own, &["PutEvents"], ("events", bus), home);
    calls
}

/// The roles that call: StackSets' own in a member, and the member stack's, of any region.
fn roles() -> [String; 3] {
    [EXECUTION.to_owned(), forwarder("*"), reader("*")]
}

/// The ARN of a role in an account.
fn principal(role: &str, account: &str, partition: &str) -> String {
    format!("arn:{partition}:iam::{account}:role/{role}")
}

/// The named statements of policies, by the policies' ids.
type Parsed<'a> = BTreeMap<&'a str, Vec<Named>>;
type Named = (String, Map<String, Value>);

/// A statement that stands in the way, or may: its policy, its name, and why it is not certain.
type Finding<'a> = (&'a str, &'a str, Option<String>);

/// Judges the policies.
pub(super) fn judge(config: &Config, organization: &str, policies: &Policies) -> Vec<Check> {
    if !policies.enabled {
        return vec![Check::ok(NAME, "the organization uses no service control policies")];
    }
    let mut checks = Vec::new();
    let mut parsed: Parsed<'_> = BTreeMap::new();
    for (id, document) in &policies.documents {
        match statements(document) {
            Some(found) => drop(parsed.insert(id, found)),
            None => checks.push(Check::warning(
                NAME,
                format!("policy {id} cannot be read as JSON"),
                format!("see `aws organizations describe-policy --policy-id {id}`"),
            )),
        }
    }
    let calls = calls(config, organization);
    let mut found: BTreeMap<Finding<'_>, BTreeSet<String>> = BTreeMap::new();
    for (id, statements) in &parsed {
        for (name, statement) in statements.iter().filter(|(_, statement)| effect(statement) == "Deny") {
            for call in &calls {
                let perhaps = match applies(statement, call) {
                    Truth::No => continue,
                    Truth::Yes => None,
                    Truth::Perhaps(why) => Some(why),
                };
                let finding = (*id, name.as_str(), perhaps);
                found.entry(finding).or_default().insert(told(call));
            }
        }
    }
    let partition = partition(&config.audit.region);
    let roles = roles().map(|role| format!("\"{}\"", principal(&role, "*", partition)));
    let exempt = format!(
        "exempt the roles there, for example with `\"ArnNotLike\": {{\"aws:PrincipalArn\": [{}]}}`",
        roles.join(", ")
    );
    for ((policy, statement, perhaps), denied) in &found {
        // What is denied for certain need not be doubted as well.
        let certain = found.get(&(*policy, *statement, None));
        if perhaps.is_some() && certain.is_some_and(|certain| denied.is_subset(certain)) {
            continue;
        }
        let targets = policies.attached.iter().filter(|(_, ids)| ids.contains(*policy));
        let targets: Vec<&str> = targets.map(|(target, _)| target.as_str()).collect();
        let (targets, denied) = (targets.join(", "), joined(denied));
        checks.push(match perhaps {
            None => {
                let evidence = format!("policy {policy} ({statement}) on {targets} denies {denied}");
                Check::failed(NAME, evidence, exempt.as_str())
            }
            Some(why) => Check::warning(
                NAME,
                format!("policy {policy} ({statement}) on {targets} may deny {denied}; it depends on {why}"),
                format!("see `aws organizations describe-policy --policy-id {policy}`; where it does, {exempt}"),
            ),
        });
    }
    checks.extend(not_allowed(policies, &parsed, &calls));
    if policies.left_out > 0 {
        let evidence = format!(
            "{} OUs were not looked at: {MOST_TARGETS} are, at most",
            policies.left_out
        );
        checks.push(Check::unknown(NAME, evidence, None));
    }
    if checks.is_empty() {
        let (count, targets) = (policies.documents.len(), policies.attached.len());
        let evidence = format!(
            "none of {count} policies on {targets} roots and OUs stands in the way; those of single accounts were not read"
        );
        checks.push(Check::ok(NAME, evidence));
    }
    checks
}

/// Every root and unit on the way has to allow a call; usually FullAWSAccess does.
fn not_allowed(policies: &Policies, parsed: &Parsed<'_>, calls: &[Call]) -> Vec<Check> {
    let mut checks = Vec::new();
    for (target, ids) in &policies.attached {
        let allows = ids.iter().filter_map(|id| parsed.get(id.as_str())).flatten();
        let allows: Vec<&Named> = allows.filter(|(_, statement)| effect(statement) == "Allow").collect();
        // No policy at all: policies of this kind are switched off in the organization.
        if ids.is_empty() || ids.iter().any(|id| !parsed.contains_key(id.as_str())) {
            continue;
        }
        let (mut missing, mut doubtful) = (BTreeSet::new(), BTreeSet::new());
        for call in calls {
            let truths: Vec<Truth> = allows.iter().map(|(_, statement)| applies(statement, call)).collect();
            if truths.contains(&Truth::Yes) {
                continue;
            }
            let doubt = truths.iter().any(|truth| matches!(truth, Truth::Perhaps(_)));
            if doubt { &mut doubtful } else { &mut missing }.insert(told(call));
        }
        let remedy = format!("allow them on {target}, or attach FullAWSAccess to it");
        if !missing.is_empty() {
            let evidence = format!("no policy on {target} allows {}", joined(&missing));
            checks.push(Check::failed(NAME, evidence, remedy));
        } else if !doubtful.is_empty() {
            let evidence = format!(
                "policies on {target} allow {} only under conditions or for resources that cannot be judged here",
                joined(&doubtful)
            );
            checks.push(Check::warning(NAME, evidence, remedy));
        }
    }
    checks
}

/// A call in a few words; regions of one kind of resource are told apart.
fn told(call: &Call) -> String {
    let role = call.principal.rsplit('/').next().unwrap_or_default();
    format!("{} in {} by {role}", call.action, call.region)
}

/// The first few, and how many more.
fn joined(items: &BTreeSet<String>) -> String {
    let mut told: Vec<String> = items.iter().take(4).cloned().collect();
    if items.len() > 4 {
        told.push(format!("and {} more", items.len() - 4));
    }
    told.join("; ")
}

fn effect(statement: &Map<String, Value>) -> &str {
    statement.get("Effect").and_then(Value::as_str).unwrap_or_default()
}

/// The statements of a policy with a name each; `None` where it is not a policy.
fn statements(document: &str) -> Option<Vec<Named>> {
    let Value::Object(mut policy) = serde_json::from_str(document).ok()? else {
        return None;
    };
    let listed = match policy.remove("Statement")? {
        Value::Array(statements) => statements,
        one @ Value::Object(_) => vec![one],
        _ => return None,
    };
    let named = listed.into_iter().enumerate().map(|(index, statement)| {
        let Value::Object(statement) = statement else {
            return None;
        };
        let sid = statement
            .get("Sid")
            .and_then(Value::as_str)
            .filter(|sid| !sid.is_empty());
        let name = sid.map_or_else(|| (index + 1).to_string(), str::to_owned);
        Some((format!("statement {name}"), statement))
    });
    named.collect()
}

#[cfg(test)]
mod tests;
