//! One statement of an organization's policy against one call that pipetrail depends on.
//!
//! Three-valued: what cannot be judged from here (a tag, a network, a date, a policy variable) is a
//! perhaps, never a no.

use serde_json::{Map, Value};

use crate::aws::glob::{Overlap, overlap};

/// A call by a principal, as far as it is known beforehand; see [`overlap`] for what is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// Who: the ARN of a role; `None` is an AWS service, for itself.
    pub principal: Option<String>,
    /// `service:Action`.
    pub action: String,
    /// On what: an ARN.
    pub resource: String,
    /// `aws:RequestedRegion`.
    pub region: String,
    /// `aws:PrincipalOrgID`, and `aws:ResourceOrgID`: everything is inside of the organization.
    pub organization: String,
    /// Whose policies bind it.
    pub bound: Bound,
}

/// Whose policies bind a call: those of the principal's account for a service control policy, those of the resource's
/// account for a resource control policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    Member,
    Audit,
}

/// Whether something holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// That depends on this.
    Perhaps(String),
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Truth::Yes } else { Truth::No }
    }
}

impl Truth {
    fn not(self) -> Self {
        match self {
            Truth::Yes => Truth::No,
            Truth::No => Truth::Yes,
            perhaps => perhaps,
        }
    }

    /// All of them: one no decides.
    fn all(each: impl IntoIterator<Item = Truth>) -> Self {
        let mut all = Truth::Yes;
        for truth in each {
            match truth {
                Truth::No => return Truth::No,
                Truth::Perhaps(why) if all == Truth::Yes => all = Truth::Perhaps(why),
                _ => {}
            }
        }
        all
    }

    /// One of them: one yes decides.
    fn any(each: impl IntoIterator<Item = Truth>) -> Self {
        Truth::all(each.into_iter().map(Truth::not)).not()
    }
}

/// Whether the statement is about the call, whatever its effect.
pub(super) fn applies(statement: &Map<String, Value>, call: &Call) -> Truth {
    Truth::all([
        // Actions are case-insensitive.
        listed(statement, "Action", |pattern, _| {
            let (pattern, action) = (pattern.to_ascii_lowercase(), call.action.to_ascii_lowercase());
            Truth::from(overlap(&pattern, &action) == Overlap::Covers)
        }),
        listed(statement, "Resource", |pattern, key| like(pattern, &call.resource, key)),
        condition(statement, call),
    ])
}

/// Whether one of the patterns under `key` matches, or none of those under its `Not…`.
fn listed(statement: &Map<String, Value>, key: &str, matches: impl Fn(&str, &str) -> Truth) -> Truth {
    let any = |key: &str| {
        let patterns = statement.get(key).and_then(texts)?;
        Some(Truth::any(patterns.iter().map(|pattern| matches(pattern, key))))
    };
    let not = format!("Not{key}");
    any(key)
        .or_else(|| any(&not).map(Truth::not))
        .unwrap_or_else(|| Truth::Perhaps(format!("it names no {}s", key.to_ascii_lowercase())))
}

/// Whether a pattern matches what is known of a text.
fn like(pattern: &str, text: &str, what: &str) -> Truth {
    if pattern.contains("${") {
        return Truth::Perhaps(format!("its {what} has a policy variable"));
    }
    match overlap(pattern, text) {
        Overlap::Covers => Truth::Yes,
        Overlap::Apart => Truth::No,
        Overlap::Touches => Truth::Perhaps(format!("its {what} names \"{pattern}\"")),
    }
}

/// The same for ARNs in conditions: each of the six parts for itself, so that no `*` reaches into the
/// next one.
fn like_arn(pattern: &str, arn: &str, what: &str) -> Truth {
    let (parts, known): (Vec<&str>, Vec<&str>) = (pattern.splitn(6, ':').collect(), arn.splitn(6, ':').collect());
    match like(pattern, arn, what) {
        Truth::Yes if parts.len() == known.len() => {
            Truth::all(parts.iter().zip(known).map(|(part, known)| like(part, known, what)))
        }
        Truth::Yes => Truth::Perhaps(format!(
            "its {what} names \"{pattern}\", which has not the six parts of an ARN"
        )),
        whole => whole,
    }
}

fn condition(statement: &Map<String, Value>, call: &Call) -> Truth {
    let Some(condition) = statement.get("Condition") else {
        return Truth::Yes;
    };
    let Some(operators) = condition.as_object() else {
        return Truth::Perhaps("its Condition is not an object".to_owned());
    };
    Truth::all(operators.iter().flat_map(|(operator, keys)| {
        let keys = keys.as_object().into_iter().flatten();
        keys.map(move |(key, values)| compare(operator, key, values, call))
    }))
}

/// One key under one operator.
fn compare(operator: &str, key: &str, values: &Value, call: &Call) -> Truth {
    let unknown = || Truth::Perhaps(format!("its condition {operator} on {key}"));
    let Some(values) = texts(values) else {
        return unknown();
    };
    let known = match known(key, call) {
        Known::Value(known) => known,
        Known::Absent => return absent(operator, &values),
        Known::Unknown => return unknown(),
    };
    // The key is there and has one value, so neither the set operators nor IfExists matter.
    let plain = operator
        .trim_start_matches("ForAnyValue:")
        .trim_start_matches("ForAllValues:");
    let plain = plain.strip_suffix("IfExists").unwrap_or(plain);
    let any = |holds: &dyn Fn(&str) -> Truth| Truth::any(values.iter().map(|value| holds(value)));
    let what = format!("condition on {key}");
    let pattern = |value: &str| like(value, &known, &what);
    let arn = |value: &str| like_arn(value, &known, &what);
    let equal = |value: &str, known: &str| match overlap(value, known) {
        _ if value.contains("${") => unknown(),
        // What is unknown of the subject may be just this.
        Overlap::Touches => unknown(),
        _ => Truth::from(value == known && !known.contains(['*', '#'])),
    };
    let literal = |value: &str| equal(value, &known);
    let folded = |value: &str| equal(&value.to_ascii_lowercase(), &known.to_ascii_lowercase());
    match plain {
        "StringLike" => any(&pattern),
        "StringNotLike" => any(&pattern).not(),
        "ArnLike" | "ArnEquals" => any(&arn),
        "ArnNotLike" | "ArnNotEquals" => any(&arn).not(),
        "StringEquals" => any(&literal),
        "StringNotEquals" => any(&literal).not(),
        "StringEqualsIgnoreCase" | "Bool" => any(&folded),
        "StringNotEqualsIgnoreCase" => any(&folded).not(),
        // The key is there.
        "Null" => any(&|value: &str| Truth::from(!value.eq_ignore_ascii_case("true"))),
        _ => unknown(),
    }
}

/// A condition on a key that the call has not. Source: IAM's guide, condition operators: a negated one and one with
/// IfExists hold, others do not.
fn absent(operator: &str, values: &[String]) -> Truth {
    Truth::from(match operator {
        "Null" => values.iter().any(|value| value.eq_ignore_ascii_case("true")),
        of_each if of_each.starts_with("ForAllValues:") => true,
        of_one if of_one.starts_with("ForAnyValue:") => false,
        plain => plain.ends_with("IfExists") || plain.contains("Not"),
    })
}

/// What a condition key holds in a call.
enum Known {
    Value(String),
    /// The call has no such key.
    Absent,
    /// It depends on what is not known here.
    Unknown,
}

fn known(key: &str, call: &Call) -> Known {
    let of_role = |value: String| match call.principal {
        Some(_) => Known::Value(value),
        None => Known::Absent,
    };
    match key.to_ascii_lowercase().as_str() {
        "aws:principalarn" => of_role(call.principal.clone().unwrap_or_default()),
        "aws:principalorgid" => of_role(call.organization.clone()),
        "aws:requestedregion" => Known::Value(call.region.clone()),
        "aws:resourceorgid" => Known::Value(call.organization.clone()),
        "aws:principalisawsservice" => Known::Value(call.principal.is_none().to_string()),
        "aws:securetransport" => Known::Value("true".to_owned()),
        // A service that gives it calls for a resource of the organization; a role's call has none.
        "aws:sourceorgid" => match call.principal {
            Some(_) => Known::Absent,
            None => Known::Value(call.organization.clone()),
        },
        _ => Known::Unknown,
    }
}

/// A string, a Boolean, or a list of them; `None` for anything else.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Bool(flag) => Some(vec![flag.to_string()]),
        Value::Array(values) => Some(values.iter().map(texts).collect::<Option<Vec<_>>>()?.concat()),
        _ => None,
    }
}
