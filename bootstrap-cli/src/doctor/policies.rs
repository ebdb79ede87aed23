//! Policies of the organization that would keep the member stack from being made, its roles from doing their work
//! (service control policies), or what is in members and in the audit account from being used (resource control policies).
//!
//! Read: policies attached to the roots and to the organizational units of enrolled accounts (resource control policies
//! also of the audit account), with the units above them; not those of single accounts. Judged: every call of `calls`,
//! against every statement of a policy that binds it. A denial that cannot be judged for certain is a warning that names
//! policy and statement.

mod calls;
mod read;
mod statement;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use pipetrail_names::{OuId, partition};
use serde_json::{Map, Value};

use self::calls::{principal, roles};
pub(crate) use self::read::{read, roots};
use self::statement::{Bound, Call, Truth, applies};
use super::check::Check;
use crate::config::Config;

/// A kind of policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// What principals may do at most.
    ServiceControl,
    /// What may be done with resources at most.
    ResourceControl,
}

impl Kind {
    /// The check.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Kind::ServiceControl => "service-control-policies",
            Kind::ResourceControl => "resource-control-policies",
        }
    }

    /// The policy that allows everything.
    fn full_access(self) -> &'static str {
        match self {
            Kind::ServiceControl => "FullAWSAccess",
            Kind::ResourceControl => "RCPFullAWSAccess",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::ServiceControl => "service control policies",
            Kind::ResourceControl => "resource control policies",
        })
    }
}

/// Organizations throttles: beyond so many roots and units the rest is left out, and that is said.
const MOST_TARGETS: usize = 200;

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
    /// The roots and units above enrolled accounts, and above the audit account.
    pub above: [BTreeSet<OuId>; 2],
}

impl Policies {
    /// Whether a root or unit is above the account whose policies bind the call.
    fn binds(&self, target: &OuId, call: &Call) -> bool {
        let [members, audit] = &self.above;
        match call.bound {
            Bound::Member => members.contains(target),
            Bound::Audit => audit.contains(target),
        }
    }

    /// The same of one of the policies there.
    fn binds_by(&self, policy: &str, call: &Call) -> bool {
        let mut attached = self.attached.iter().filter(|(_, ids)| ids.contains(policy));
        attached.any(|(target, _)| self.binds(target, call))
    }
}

/// The named statements of policies, by the policies' ids.
type Parsed<'a> = BTreeMap<&'a str, Vec<Named>>;
type Named = (String, Map<String, Value>);

/// A statement that stands in the way, or may: its policy, its name, and why it is not certain.
type Finding<'a> = (&'a str, &'a str, Option<String>);

/// Judges the policies of a kind.
pub(super) fn judge(config: &Config, organization: &str, kind: Kind, policies: &Policies) -> Vec<Check> {
    let name = kind.name();
    if !policies.enabled {
        return vec![Check::ok(name, format!("the organization uses no {kind}"))];
    }
    let mut checks = Vec::new();
    let mut parsed: Parsed<'_> = BTreeMap::new();
    for (id, document) in &policies.documents {
        match statements(document) {
            Some(found) => drop(parsed.insert(id, found)),
            None => checks.push(Check::warning(
                name,
                format!("policy {id} cannot be read as JSON"),
                format!("see `aws organizations describe-policy --policy-id {id}`"),
            )),
        }
    }
    let calls = match kind {
        Kind::ServiceControl => calls::of_members(config, organization),
        Kind::ResourceControl => calls::on_resources(config, organization),
    };
    let mut found: BTreeMap<Finding<'_>, BTreeSet<String>> = BTreeMap::new();
    for (id, statements) in &parsed {
        for (said, statement) in statements.iter().filter(|(_, statement)| effect(statement) == "Deny") {
            for call in calls.iter().filter(|call| policies.binds_by(id, call)) {
                let perhaps = match applies(statement, call) {
                    Truth::No => continue,
                    Truth::Yes => None,
                    Truth::Perhaps(why) => Some(why),
                };
                let finding = (*id, said.as_str(), perhaps);
                found.entry(finding).or_default().insert(told(call));
            }
        }
    }
    let exempt = exemption(config, organization, kind);
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
                Check::failed(name, evidence, exempt.as_str())
            }
            Some(why) => Check::warning(
                name,
                format!("policy {policy} ({statement}) on {targets} may deny {denied}; it depends on {why}"),
                format!("see `aws organizations describe-policy --policy-id {policy}`; where it does, {exempt}"),
            ),
        });
    }
    checks.extend(not_allowed(kind, policies, &parsed, &calls));
    if policies.left_out > 0 {
        let evidence = format!(
            "{} OUs were not looked at: {MOST_TARGETS} are, at most",
            policies.left_out
        );
        checks.push(Check::unknown(name, evidence, None));
    }
    if checks.is_empty() {
        let (count, targets) = (policies.documents.len(), policies.attached.len());
        let evidence = format!(
            "none of {count} policies on {targets} roots and OUs stands in the way; those of single accounts were not read"
        );
        checks.push(Check::ok(name, evidence));
    }
    checks
}

/// How a denial lets through what pipetrail depends on.
fn exemption(config: &Config, organization: &str, kind: Kind) -> String {
    match kind {
        Kind::ServiceControl => {
            let partition = partition(&config.audit.region);
            let roles = roles().map(|role| format!("\"{}\"", principal(&role, "*", partition)));
            format!(
                "exempt the roles there, for example with `\"ArnNotLike\": {{\"aws:PrincipalArn\": [{}]}}`",
                roles.join(", ")
            )
        }
        Kind::ResourceControl => format!(
            "exempt AWS's services and the organization's own roles there: `\"BoolIfExists\": {{\"aws:PrincipalIsAWSService\": \"false\"}}, \"StringNotEqualsIfExists\": {{\"aws:PrincipalOrgID\": \"{organization}\"}}`"
        ),
    }
}

/// Every root and unit on the way has to allow a call; usually FullAWSAccess does.
fn not_allowed(kind: Kind, policies: &Policies, parsed: &Parsed<'_>, calls: &[Call]) -> Vec<Check> {
    let mut checks = Vec::new();
    for (target, ids) in &policies.attached {
        let allows = ids.iter().filter_map(|id| parsed.get(id.as_str())).flatten();
        let allows: Vec<&Named> = allows.filter(|(_, statement)| effect(statement) == "Allow").collect();
        // No policy at all: policies of this kind are switched off in the organization.
        if ids.is_empty() || ids.iter().any(|id| !parsed.contains_key(id.as_str())) {
            continue;
        }
        let (mut missing, mut doubtful) = (BTreeSet::new(), BTreeSet::new());
        for call in calls.iter().filter(|call| policies.binds(target, call)) {
            let truths: Vec<Truth> = allows.iter().map(|(_, statement)| applies(statement, call)).collect();
            if truths.contains(&Truth::Yes) {
                continue;
            }
            let doubt = truths.iter().any(|truth| matches!(truth, Truth::Perhaps(_)));
            if doubt { &mut doubtful } else { &mut missing }.insert(told(call));
        }
        let remedy = format!("allow them on {target}, or attach {} to it", kind.full_access());
        if !missing.is_empty() {
            let evidence = format!("no policy on {target} allows {}", joined(&missing));
            checks.push(Check::failed(kind.name(), evidence, remedy));
        } else if !doubtful.is_empty() {
            let evidence = format!(
                "policies on {target} allow {} only under conditions or for resources that cannot be judged here",
                joined(&doubtful)
            );
            checks.push(Check::warning(kind.name(), evidence, remedy));
        }
    }
    checks
}

/// A call in a few words; regions of one kind of resource are told apart.
fn told(call: &Call) -> String {
    let principal = call.principal.as_deref().unwrap_or("AWS's services");
    let role = principal.rsplit('/').next().unwrap_or_default();
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
