//! One statement of a service control policy against one call that pipetrail depends on.
//!
//! Three-valued: what cannot be judged from here (a tag, a network, a date, a policy variable) is a
//! perhaps, never a no.

use serde_json::{Map, Value};

use super::glob::{Overlap, overlap};

/// A call by a principal, as far as it is known beforehand; see [`overlap`] for what is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// Who: the ARN of a role.
    pub principal: String,
    /// `service:Action`.
    pub action: &'static str,
    /// On what: an ARN.
    pub resource: String,
    /// `aws:RequestedRegion`.
    pub region: String,
    /// `aws:PrincipalOrgID`, and `aws:ResourceOrgID`: everything is inside of the organization.
    pub organization: String,
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
        action(statement, call),
        resource(statement, call),
        condition(statement, call),
    ])
}

fn action(statement: &Map<String, Value>, call: &Call) -> Truth {
    // Actions are case-insensitive.
    let one =
        |pattern: &str| overlap(&pattern.to_ascii_lowercase(), &call.action.to_ascii_lowercase()) == Overlap::Covers;
    let listed = |name: &str| {
        statement
            .get(name)
            .and_then(texts)
            .map(|patterns| patterns.iter().any(|text| one(text)))
    };
    match (listed("Action"), listed("NotAction")) {
        (Some(true), _) | (None, Some(false)) => Truth::Yes,
        (Some(false), _) | (None, Some(true)) => Truth::No,
        (None, None) => Truth::Perhaps("it names no actions".to_owned()),
    }
}

fn resource(statement: &Map<String, Value>, call: &Call) -> Truth {
    let listed = |name: &str| {
        let patterns = statement.get(name).and_then(texts)?;
        Some(Truth::any(
            patterns.iter().map(|pattern| like(pattern, &call.resource, name)),
        ))
    };
    match (listed("Resource"), listed("NotResource")) {
        (Some(truth), _) => truth,
        (None, Some(truth)) => truth.not(),
        (None, None) => Truth::Perhaps("it names no resources".to_owned()),
    }
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
    let whole = like(pattern, arn, what);
    let (parts, known): (Vec<&str>, Vec<&str>) = (pattern.splitn(6, ':').collect(), arn.splitn(6, ':').collect());
    match whole {
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
    let Some(known) = known(key, call) else {
        return unknown();
    };
    // All known keys are there and have one value, so neither the set operators nor IfExists matter.
    let plain = operator
        .trim_start_matches("ForAnyValue:")
        .trim_start_matches("ForAllValues:");
    let plain = plain.strip_suffix("IfExists").unwrap_or(plain);
    let any = |holds: &dyn Fn(&str) -> Truth| Truth::any(values.iter().map(|value| holds(value)));
    let pattern = |value: &str| like(value, &known, &format!("condition on {key}"));
    let literal = |value: &str| match (value == known, known.contains(['*', '#'])) {
        _ if value.contains("${") => unknown(),
        (true, false) => Truth::Yes,
        // What is unknown of the subject may be just this.
        (_, true) if overlap(value, &known) == Overlap::Touches => unknown(),
        _ => Truth::No,
    };
    let arn = |value: &str| like_arn(value, &known, &format!("condition on {key}"));
    let folded = |value: &str| match value.eq_ignore_ascii_case(&known) {
        true if !known.contains(['*', '#']) => Truth::Yes,
        _ if value.contains("${") => unknown(),
        _ if overlap(&value.to_ascii_lowercase(), &known.to_ascii_lowercase()) == Overlap::Touches => unknown(),
        _ => Truth::No,
    };
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
        "Null" => any(&|value: &str| {
            if value.eq_ignore_ascii_case("true") {
                Truth::No
            } else {
                Truth::Yes
            }
        }),
        _ => unknown(),
    }
}

/// What a condition key holds in such a call; `None` where that is not known.
fn known(key: &str, call: &Call) -> Option<String> {
    Some(match key.to_ascii_lowercase().as_str() {
        "aws:principalarn" => call.principal.clone(),
        "aws:requestedregion" => call.region.clone(),
        "aws:principalorgid" | "aws:resourceorgid" => call.organization.clone(),
        "aws:principalisawsservice" => "false".to_owned(),
        _ => return None,
    })
}

/// A string, a Boolean, or a list of them; `None` for anything else.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Bool(flag) => Some(vec![flag.to_string()]),
        Value::Array(values) => values
            .iter()
            .map(texts)
            .collect::<Option<Vec<_>>>()
            .map(|lists| lists.concat()),
        _ => None,
    }
}
