//! Evaluates an IAM policy document, as much of it as deployed templates use.
//!
//! An explicit `Deny` wins; without an `Allow` the answer is no. What this module does not know
//! (an operator, a condition key, `NotAction`…) is an error, never a pass: the relay must not
//! deliver what AWS might refuse.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::Value;

#[derive(Clone, Debug)]
pub enum Principal {
    /// An AWS service, such as `events.amazonaws.com`.
    Service(String),
    /// A role, by its ARN.
    Role(String),
}

/// What is asked for. Condition keys are in lower case; a key that AWS knows but that has no value
/// in this request maps to an empty list.
#[derive(Clone, Debug)]
pub struct Request {
    pub principal: Principal,
    /// Such as `events:PutEvents`.
    pub action: String,
    pub resource: String,
    pub context: BTreeMap<String, Vec<String>>,
}

/// A policy's answer; of several, the greatest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// No statement speaks of it.
    Silent,
    /// Some statement allows it, none denies it.
    Allowed,
    /// A statement denies it.
    Denied,
}

/// Evaluates one policy document.
///
/// A resource policy's or trust policy's statements name principals; an identity policy's do not.
/// `Resource` may be missing (trust policies have none).
///
/// # Errors
/// When the document holds something that cannot be evaluated here.
pub fn evaluate(policy: &Value, request: &Request) -> Result<Answer> {
    let mut answer = Answer::Silent;
    for statement in each(policy.get("Statement").context("a policy without Statement")?) {
        if !applies(statement, request).with_context(|| format!("in the statement {statement}"))? {
            continue;
        }
        answer = answer.max(match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow") => Answer::Allowed,
            Some("Deny") => Answer::Denied,
            other => bail!("cannot evaluate the effect {other:?}"),
        });
    }
    Ok(answer)
}

/// Whether a statement speaks of this request.
fn applies(statement: &Value, request: &Request) -> Result<bool> {
    let fields = statement.as_object().context("a statement is an object")?;
    let mut speaks = true;
    for (name, value) in fields {
        match name.as_str() {
            "Effect" | "Sid" | "Condition" => {}
            "Principal" => speaks &= is_principal(value, &request.principal)?,
            "Action" => {
                let action = request.action.to_ascii_lowercase();
                speaks &= texts(value)?.iter().any(|p| like(&p.to_ascii_lowercase(), &action));
            }
            "Resource" => {
                let mut any = false;
                for pattern in texts(value)? {
                    any |= like(&substitute(&pattern, request)?, &request.resource);
                }
                speaks &= any;
            }
            other => bail!("cannot evaluate `{other}`"),
        }
    }
    // Of another action's statement it need not be known: the keys are that action's.
    match fields.get("Condition").filter(|_| speaks) {
        Some(stated) => conditions(stated, request),
        None => Ok(speaks),
    }
}

fn is_principal(stated: &Value, asking: &Principal) -> Result<bool> {
    if stated == "*" {
        return Ok(true);
    }
    let mut any = false;
    for (kind, value) in stated.as_object().context("a principal is \"*\" or an object")? {
        for name in texts(value)? {
            any |= match (kind.as_str(), asking) {
                ("AWS", _) if name == "*" => true,
                ("AWS", Principal::Role(arn)) => {
                    let account = arn.split(':').nth(4).unwrap_or_default();
                    let root = format!(":iam::{account}:root");
                    name == *arn || name == account || (name.starts_with("arn:") && name.ends_with(&root))
                }
                ("Service", Principal::Service(service)) => name == *service,
                ("AWS" | "Service", _) => false,
                (other, _) => bail!("cannot evaluate the principal `{other}`"),
            };
        }
    }
    Ok(any)
}

fn conditions(stated: &Value, request: &Request) -> Result<bool> {
    let mut all = true;
    for (operator, keys) in stated.as_object().context("a condition is an object")? {
        for (key, wanted) in keys.as_object().context("a condition operator holds an object")? {
            let wanted = texts(wanted)?;
            all &=
                condition(operator, key, &wanted, request).with_context(|| format!("condition {operator} on {key}"))?;
        }
    }
    Ok(all)
}

fn condition(operator: &str, key: &str, wanted: &[String], request: &Request) -> Result<bool> {
    let actual = request
        .context
        .get(&key.to_ascii_lowercase())
        .ok_or_else(|| anyhow!("cannot evaluate the key `{key}`"))?;
    let (set, operator) = match operator.split_once(':') {
        Some((set, rest)) => (Some(set), rest),
        None => (None, operator),
    };
    if operator == "Null" {
        return Ok(wanted.iter().any(|w| (w == "true") == actual.is_empty()));
    }
    let (operator, if_exists) = match operator.strip_suffix("IfExists") {
        Some(operator) => (operator, true),
        None => (operator, false),
    };
    let wanted = wanted
        .iter()
        .map(|w| substitute(w, request))
        .collect::<Result<Vec<_>>>()?;
    let negated = operator.contains("Not");
    let matches = |value: &String| -> Result<bool> {
        let mut any = false;
        for pattern in &wanted {
            any |= compare(&operator.replace("Not", ""), pattern, value)?;
        }
        Ok(any != negated)
    };
    // Said first, so that an unknown operator is an error even where there is no value.
    matches(&String::new())?;
    if actual.is_empty() {
        return Ok(match set {
            None => if_exists || negated,
            Some("ForAllValues") => true,
            Some("ForAnyValue") => if_exists,
            Some(other) => bail!("cannot evaluate `{other}:`"),
        });
    }
    let results = actual.iter().map(matches).collect::<Result<Vec<_>>>()?;
    match set {
        Some("ForAllValues") => Ok(results.iter().all(|r| *r)),
        Some("ForAnyValue") => Ok(results.iter().any(|r| *r)),
        None if actual.len() == 1 => Ok(results.iter().all(|r| *r)),
        None => bail!("`{key}` has several values and needs ForAllValues or ForAnyValue"),
        Some(other) => bail!("cannot evaluate `{other}:`"),
    }
}

fn compare(operator: &str, pattern: &str, value: &str) -> Result<bool> {
    Ok(match operator {
        "StringEquals" => pattern == value,
        "StringEqualsIgnoreCase" | "Bool" => pattern.eq_ignore_ascii_case(value),
        "StringLike" => like(pattern, value),
        // Both match with wildcards, part by part.
        "ArnEquals" | "ArnLike" => arn_like(pattern, value),
        other => bail!("cannot evaluate the operator `{other}`"),
    })
}

/// An ARN's first five parts are compared one by one: a `*` does not reach over a colon.
fn arn_like(pattern: &str, value: &str) -> bool {
    let (pattern, value) = (pattern.splitn(6, ':'), value.splitn(6, ':'));
    let (pattern, value): (Vec<_>, Vec<_>) = (pattern.collect(), value.collect());
    pattern.len() == value.len() && pattern.iter().zip(value).all(|(p, v)| like(p, v))
}

/// `*` stands for any text, `?` for one character.
fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, t));
            p += 1;
        } else if pattern.get(p).is_some_and(|c| *c == '?' || *c == text[t]) {
            (p, t) = (p + 1, t + 1);
        } else if let Some((at, taken)) = star {
            star = Some((at, taken + 1));
            (p, t) = (at + 1, taken + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// Replaces policy variables such as `${aws:PrincipalAccount}`.
fn substitute(text: &str, request: &Request) -> Result<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, tail) = after.split_once('}').context("a policy variable without end")?;
        let values = request.context.get(&name.to_ascii_lowercase());
        let Some([value]) = values.map(Vec::as_slice) else {
            bail!("cannot evaluate the policy variable `{name}`");
        };
        out.push_str(before);
        out.push_str(value);
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

fn each(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

fn texts(value: &Value) -> Result<Vec<String>> {
    each(value)
        .iter()
        .map(|item| match item {
            Value::String(text) => Ok(text.clone()),
            Value::Bool(flag) => Ok(flag.to_string()),
            other => bail!("cannot evaluate the value {other}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn request() -> Request {
        let known = [
            ("aws:principalorgid", vec!["o-one"]),
            (
                "aws:principalarn",
                vec!["arn:aws:iam::111122223333:role/forwarder-eu-west-1"],
            ),
            ("aws:principalaccount", vec!["111122223333"]),
            ("events:source", vec!["aws.codepipeline"]),
            ("aws:sourceorgid", vec![]),
        ];
        Request {
            principal: Principal::Role("arn:aws:iam::111122223333:role/forwarder-eu-west-1".into()),
            action: "events:PutEvents".into(),
            resource: "arn:aws:events:eu-central-1:999988887777:event-bus/b".into(),
            context: known
                .into_iter()
                .map(|(key, values)| (key.to_owned(), values.into_iter().map(str::to_owned).collect()))
                .collect(),
        }
    }

    fn with(condition: Value) -> Result<Answer> {
        let statement = json!({"Effect": "Allow", "Principal": "*", "Action": "events:Put*",
            "Resource": "arn:aws:events:*:999988887777:event-bus/?", "Condition": condition});
        evaluate(&json!({"Statement": [statement]}), &request())
    }

    #[test]
    fn every_condition_must_hold() {
        let org = json!({"StringEquals": {"aws:PrincipalOrgID": "o-one"}});
        assert_eq!(with(org).unwrap(), Answer::Allowed);
        let other = json!({"StringEquals": {"aws:PrincipalOrgID": "o-two"}});
        assert_eq!(with(other).unwrap(), Answer::Silent);
        let role = |name: &str| json!({"ArnLike": {"aws:PrincipalArn": format!("arn:aws:iam::*:role/{name}")}});
        assert_eq!(with(role("forwarder-*")).unwrap(), Answer::Allowed);
        assert_eq!(with(role("else-*")).unwrap(), Answer::Silent);
        let sources = |s: Value| json!({"ForAllValues:StringEquals": {"events:source": s}});
        assert_eq!(
            with(sources(json!(["aws.codepipeline", "x"]))).unwrap(),
            Answer::Allowed
        );
        assert_eq!(with(sources(json!("aws.s3"))).unwrap(), Answer::Silent);
        let own = json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::${aws:PrincipalAccount}:role/*"}});
        assert_eq!(with(own).unwrap(), Answer::Allowed);
    }

    #[test]
    fn a_key_without_value_fails_unless_the_operator_says_otherwise() {
        let absent = |operator: &str| with(json!({operator: {"aws:SourceOrgID": "o-one"}})).unwrap();
        assert_eq!(absent("StringEquals"), Answer::Silent);
        assert_eq!(absent("StringEqualsIfExists"), Answer::Allowed);
        assert_eq!(absent("StringNotEquals"), Answer::Allowed);
        assert_eq!(absent("ForAllValues:StringEquals"), Answer::Allowed);
        assert_eq!(absent("ForAnyValue:StringEquals"), Answer::Silent);
        let null = |value: &str| with(json!({"Null": {"aws:SourceOrgID": value}})).unwrap();
        assert_eq!((null("true"), null("false")), (Answer::Allowed, Answer::Silent));
    }

    #[test]
    fn what_cannot_be_evaluated_is_an_error() {
        assert!(with(json!({"NumericEquals": {"aws:PrincipalAccount": "1"}})).is_err());
        assert!(with(json!({"StringEquals": {"aws:Unheard": "1"}})).is_err());
        assert!(with(json!({"StringEquals": {"aws:PrincipalArn": "${aws:Unheard}"}})).is_err());
        let not = json!({"Statement": [{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}]});
        assert!(evaluate(&not, &request()).is_err());
    }

    #[test]
    fn an_explicit_deny_wins_wherever_it_stands() {
        let deny = json!({"Effect": "Deny", "Action": "*", "Resource": "*"});
        let allow = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
        for statements in [json!([deny, allow]), json!([allow, deny])] {
            let policy = json!({"Statement": statements});
            assert_eq!(evaluate(&policy, &request()).unwrap(), Answer::Denied);
        }
    }

    #[test]
    fn principals_are_told_apart() {
        let says = |principal: Value| {
            let statement = json!({"Effect": "Allow", "Principal": principal, "Action": "events:PutEvents"});
            evaluate(&json!({"Statement": statement}), &request()).unwrap()
        };
        assert_eq!(says(json!({"AWS": "111122223333"})), Answer::Allowed);
        assert_eq!(says(json!({"AWS": "arn:aws:iam::111122223333:root"})), Answer::Allowed);
        assert_eq!(says(json!({"AWS": "arn:aws:iam::444455556666:root"})), Answer::Silent);
        assert_eq!(says(json!({"Service": "events.amazonaws.com"})), Answer::Silent);
    }
}
