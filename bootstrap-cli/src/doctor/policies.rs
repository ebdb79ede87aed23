//! Service control policies that would keep the member stack from being made, or its roles from doing
//! their work.
//!
//! Read: policies attached to the roots and to the organizational units of enrolled accounts, with the
//! units above them; not those of single accounts. Judged: every call of `calls`, against every
//! statement. A denial that cannot be judged for certain is a warning that names policy and statement.

mod glob;
mod read;
mod statement;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use pipetrail_names::audit::BUS;
use pipetrail_names::member::{FORWARD_DLQ, FORWARD_RULE, HEARTBEAT_SCHEDULE, Role, STACK};
use serde_json::{Map, Value};

pub(crate) use self::read::{read, roots};
use self::statement::{Call, Truth, applies};
use super::check::Check;

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
    pub attached: BTreeMap<String, BTreeSet<String>>,
    /// Their JSON by id.
    pub documents: BTreeMap<String, String>,
    /// How many units were left out.
    pub left_out: usize,
}

/// What is judged besides the policies.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    /// `o-…`.
    pub organization: &'a str,
    /// The audit account.
    pub audit: &'a str,
    /// Its home region.
    pub home: &'a str,
    /// The enrolled regions.
    pub regions: &'a [String],
}

/// The calls that the member stack takes, by the permissions that CloudFormation's resource types ask
/// for, and those of its two roles. `pipetrail` tags the stacks, and with them what is in them.
fn calls(place: &Place<'_>) -> Vec<Call> {
    let partition = pipetrail_names::partition(place.home);
    let [_, forwarder, heartbeat] = roles();
    let mut calls = Vec::new();
    let mut add = |role: &str, actions: &[&'static str], resource: String, region: &str| {
        calls.extend(actions.iter().map(|action| Call {
            principal: principal(role, MEMBER, partition),
            action,
            resource: format!("arn:{partition}:{resource}"),
            region: region.to_owned(),
            organization: place.organization.to_owned(),
        }));
    };
    for region in place.regions {
        add(
            EXECUTION,
            &["cloudformation:CreateStack", "cloudformation:UpdateStack"],
            format!("cloudformation:{region}:{MEMBER}:stack/StackSet-{STACK}-*/*"),
            region,
        );
        add(
            EXECUTION,
            &[
                "events:PutRule",
                "events:PutTargets",
                "events:DescribeRule",
                "events:TagResource",
            ],
            format!("events:{region}:{MEMBER}:rule/{FORWARD_RULE}"),
            region,
        );
        add(
            EXECUTION,
            &[
                "sqs:CreateQueue",
                "sqs:SetQueueAttributes",
                "sqs:GetQueueAttributes",
                "sqs:TagQueue",
            ],
            format!("sqs:{region}:{MEMBER}:{FORWARD_DLQ}"),
            region,
        );
        add(
            EXECUTION,
            &["scheduler:CreateSchedule", "scheduler:GetSchedule"],
            format!("scheduler:{region}:{MEMBER}:schedule/default/{HEARTBEAT_SCHEDULE}"),
            region,
        );
        for role in Role::ALL {
            // IAM is asked in its partition's one region, from wherever.
            add(
                EXECUTION,
                &[
                    "iam:CreateRole",
                    "iam:PutRolePolicy",
                    "iam:GetRole",
                    "iam:PassRole",
                    "iam:TagRole",
                ],
                format!("iam::{MEMBER}:role/{}", role.name(region)),
                match partition {
                    "aws-cn" => "cn-north-1",
                    "aws-us-gov" => "us-gov-west-1",
                    _ => "us-east-1",
                },
            );
        }
        add(
            &heartbeat,
            &["events:PutEvents"],
            format!("events:{region}:{MEMBER}:event-bus/default"),
            region,
        );
    }
    let bus = format!("events:{}:{}:event-bus/{BUS}", place.home, place.audit);
    add(&forwarder, &["events:PutEvents"], bus, place.home);
    calls
}

/// The roles that call: StackSets' own in a member, and the member stack's two, of any region.
fn roles() -> [String; 3] {
    let [forwarder, heartbeat] = Role::ALL.map(|role| role.name("*"));
    [EXECUTION.to_owned(), forwarder, heartbeat]
}

/// The ARN of a role in an account.
fn principal(role: &str, account: &str, partition: &str) -> String {
    format!("arn:{partition}:iam::{account}:role/{role}")
}

/// The named statements of policies, by the policies' ids.
type Parsed<'a> = BTreeMap<&'a str, Vec<Named>>;
type Named = (String, Map<String, Value>);

/// A statement that stands in the way, or may.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    policy: String,
    statement: String,
    /// Why it is not certain.
    perhaps: Option<String>,
}

/// Judges the policies.
pub(super) fn judge(place: &Place<'_>, policies: &Policies) -> Vec<Check> {
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
    let calls = calls(place);
    let mut found: BTreeMap<Finding, BTreeSet<String>> = BTreeMap::new();
    for (id, statements) in &parsed {
        for (name, statement) in statements.iter().filter(|(_, statement)| effect(statement) == "Deny") {
            for call in &calls {
                let perhaps = match applies(statement, call) {
                    Truth::No => continue,
                    Truth::Yes => None,
                    Truth::Perhaps(why) => Some(why),
                };
                let finding = Finding {
                    policy: (*id).to_owned(),
                    statement: name.clone(),
                    perhaps,
                };
                found.entry(finding).or_default().insert(told(call));
            }
        }
    }
    let everywhere = |id: &str| {
        let targets = policies.attached.iter().filter(|(_, ids)| ids.contains(id));
        targets
            .map(|(target, _)| target.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    for (finding, denied) in &found {
        let Finding {
            policy,
            statement,
            perhaps,
        } = finding;
        // What is denied for certain need not be doubted as well.
        let certain = |finding: &Finding| {
            finding.policy == *policy && finding.statement == *statement && finding.perhaps.is_none()
        };
        if perhaps.is_some() && found.iter().any(|(other, all)| certain(other) && denied.is_subset(all)) {
            continue;
        }
        let (targets, denied) = (everywhere(policy), joined(denied));
        let partition = pipetrail_names::partition(place.home);
        let roles = roles().map(|role| format!("\"{}\"", principal(&role, "*", partition)));
        let roles = roles.join(", ");
        let exempt =
            format!("exempt the roles there, for example with `\"ArnNotLike\": {{\"aws:PrincipalArn\": [{roles}]}}`");
        checks.push(match perhaps {
            None => Check::failed(
                NAME,
                format!("policy {policy} ({statement}) on {targets} denies {denied}"),
                exempt,
            ),
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
        let allows: Vec<&Map<String, Value>> = allows
            .map(|(_, statement)| statement)
            .filter(|statement| effect(statement) == "Allow")
            .collect();
        // No policy at all: policies of this kind are switched off in the organization.
        if ids.is_empty() || ids.iter().any(|id| !parsed.contains_key(id.as_str())) {
            continue;
        }
        let (mut missing, mut doubtful) = (BTreeSet::new(), BTreeSet::new());
        for call in calls {
            let truths: Vec<Truth> = allows.iter().map(|statement| applies(statement, call)).collect();
            if truths.contains(&Truth::Yes) {
                continue;
            }
            let doubt = truths.iter().any(|truth| matches!(truth, Truth::Perhaps(_)));
            if doubt { &mut doubtful } else { &mut missing }.insert(told(call));
        }
        let remedy = format!("allow them on {target}, or attach FullAWSAccess to it");
        if !missing.is_empty() {
            checks.push(Check::failed(
                NAME,
                format!("no policy on {target} allows {}", joined(&missing)),
                remedy,
            ));
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
    let mut text = items.iter().take(4).cloned().collect::<Vec<_>>().join("; ");
    if items.len() > 4 {
        // Writing to a string cannot fail.
        let _ = write!(text, "; and {} more", items.len() - 4);
    }
    text
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
    let named = listed
        .into_iter()
        .enumerate()
        .map(|(index, statement)| match statement {
            Value::Object(statement) => {
                let sid = statement
                    .get("Sid")
                    .and_then(Value::as_str)
                    .filter(|sid| !sid.is_empty());
                let name = sid.map_or_else(|| format!("statement {}", index + 1), |sid| format!("statement {sid}"));
                Some((name, statement))
            }
            _ => None,
        });
    named.collect()
}

#[cfg(test)]
mod tests;
