//! What an observation means for a claim: pure.
//!
//! Where a claim fails on an endpoint that is not AWS, a control decides whether the endpoint lacks what the claim is
//! about. Where there is none, the endpoint's not being AWS does, and the verdict says so.

use std::collections::BTreeSet;

use super::claim::Verdict;

/// A verdict, and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    pub verdict: Verdict,
    pub observed: String,
}

impl Judged {
    pub(crate) fn proven(observed: impl Into<String>) -> Self {
        Self::new(Verdict::Proven, observed)
    }

    pub(crate) fn refuted(observed: impl Into<String>) -> Self {
        Self::new(Verdict::Refuted, observed)
    }

    pub(crate) fn not_possible(observed: impl Into<String>) -> Self {
        Self::new(Verdict::NotPossible, observed)
    }

    fn new(verdict: Verdict, observed: impl Into<String>) -> Self {
        let observed = observed.into();
        Judged { verdict, observed }
    }
}

/// Who answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Aws,
    /// Another endpoint.
    Other(String),
}

impl Place {
    /// By the endpoint that is configured, where one is.
    pub(super) fn of(endpoint: Option<&str>) -> Self {
        let host = endpoint.and_then(|url| url.split("://").nth(1)).unwrap_or_default();
        let host = host.split(['/', ':']).next().unwrap_or_default();
        let is_aws = [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"]
            .iter()
            .any(|end| host.ends_with(end));
        match endpoint {
            Some(endpoint) if !is_aws => Place::Other(endpoint.to_owned()),
            _ => Place::Aws,
        }
    }

    /// Something that AWS does according to its contract was not seen.
    pub(super) fn missed(&self, observed: &str) -> Judged {
        match self {
            Place::Aws => Judged::refuted(observed),
            Place::Other(endpoint) => Judged::not_possible(format!("{observed}, and {endpoint} is not AWS")),
        }
    }
}

/// Whether the endpoint does something at all: what a resource of a template as plain as can be showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    Works,
    /// It does not; what showed that.
    Lacks(String),
    /// It could not be found out; why.
    Unknown(String),
}

/// An answer of S3 to what must be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
}

/// A call that must be refused, with one of these statuses. The control says whether the endpoint refuses such calls.
pub(super) fn refused(what: &str, Answer { status }: Answer, wanted: &[u16], control: &Control) -> Judged {
    match (status, control) {
        (status, _) if wanted.contains(&status) => Judged::proven(format!("{what} was answered with {status}")),
        (200..300, Control::Works) => Judged::refuted(format!("{what} was taken ({status})")),
        (200..300, Control::Lacks(why)) => Judged::not_possible(format!("{what} was taken ({status}), but {why}")),
        (200..300, Control::Unknown(why)) => Judged::not_possible(format!(
            "{what} was taken ({status}); whether policies count here is unknown: {why}"
        )),
        _ => Judged::not_possible(format!(
            "{what} was answered with {status}, which says nothing of its policy"
        )),
    }
}

/// The lock of a record: its mode and the date until which it holds.
pub(super) fn retention(lock: Option<(&str, &str)>, control: &Control) -> Judged {
    match (lock, control) {
        (Some(("GOVERNANCE", until)), _) => Judged::proven(format!("GOVERNANCE until {until}")),
        (Some((mode, until)), _) => Judged::refuted(format!("{mode} until {until}, not GOVERNANCE")),
        (None, Control::Works) => Judged::refuted("the record has no retention"),
        (None, Control::Lacks(why) | Control::Unknown(why)) => {
            Judged::not_possible(format!("the record has no retention, but {why}"))
        }
    }
}

/// How many versions a record has after it came twice.
pub(super) fn once(versions: usize) -> Judged {
    match versions {
        1 => Judged::proven("one version after two deliveries"),
        0 => Judged::refuted("the record is gone after two deliveries"),
        more => Judged::refuted(format!("{more} versions after two deliveries")),
    }
}

/// The change set of a template.
pub(super) fn change_set(status: &str, reason: Option<&str>, changes: usize, place: &Place) -> Judged {
    match (status, reason) {
        ("CREATE_COMPLETE", _) if changes > 0 => Judged::proven(format!("{changes} resources")),
        ("CREATE_COMPLETE", _) => place.missed("the change set names no resource"),
        (status, Some(reason)) => Judged::refuted(format!("{status}: {reason}")),
        (status, None) => Judged::refuted(status),
    }
}

/// What `doctor` found: the names of failed checks, and how many there were.
pub(super) fn preconditions(failed: &[&str], checks: usize) -> Judged {
    match failed {
        [] => Judged::proven(format!("{checks} checks, none failed")),
        failed => Judged::refuted(format!("failed: {}", failed.join(", "))),
    }
}

/// The states of streams, by name.
pub(super) fn streams(states: &[(String, String)]) -> Judged {
    let other = states.iter().filter(|(_, state)| state != "ACTIVE");
    let other: Vec<String> = other.map(|(name, state)| format!("{name} is {state}")).collect();
    match other.as_slice() {
        [] => Judged::proven(format!("{} are ACTIVE", states.len())),
        other => Judged::refuted(other.join(", ")),
    }
}

/// The rules that claim an event, and those that should.
pub(super) fn claimed(by: &BTreeSet<String>, wanted: &BTreeSet<String>) -> Judged {
    let names = |rules: &BTreeSet<String>| rules.iter().cloned().collect::<Vec<_>>().join(", ");
    if by == wanted {
        Judged::proven(format!("claimed by {}", names(by)))
    } else {
        Judged::refuted(format!("claimed by {:?}, not by {:?}", names(by), names(wanted)))
    }
}

/// Whether the key of a file in landing begins with a day, as λ settle expects it.
pub(super) fn landed(table: &str, keys: &[String], place: &Place) -> Judged {
    let prefix = format!("landing/{table}/");
    let is_dated = |key: &&String| {
        let name = key.strip_prefix(&prefix).unwrap_or_default().as_bytes();
        name.len() > 11
            && name[..11].iter().enumerate().all(|(at, byte)| match at {
                4 | 7 | 10 => *byte == b'-',
                _ => byte.is_ascii_digit(),
            })
    };
    match keys {
        [] => place.missed("no file has landed"),
        keys => match keys.iter().find(|key| !is_dated(key)) {
            None => Judged::proven(keys.join(", ")),
            Some(key) => Judged::refuted(format!("{key} has no day behind {prefix}")),
        },
    }
}

/// AWS's answer to PutEvents on a bus of another account: its code, or the entry's; `None` where it took the events.
pub(super) fn put_events(code: Option<&str>, is_admitted: bool) -> Judged {
    let is_refusal = |code: &str| code.contains("AccessDenied") || code.contains("NotAuthorized");
    match (code, is_admitted) {
        (None, true) => Judged::proven("PutEvents took it"),
        (None, false) => Judged::refuted("PutEvents took it"),
        (Some(code), true) if is_refusal(code) => Judged::refuted(format!("PutEvents answers {code}")),
        (Some(code), false) if is_refusal(code) => Judged::proven(format!("PutEvents answers {code}")),
        (Some(code), _) => Judged::not_possible(format!(
            "PutEvents answers {code}, which says nothing of the bus's policy"
        )),
    }
}

/// The bus's answers to a principal of the member that is none of ours; the control is the answer to an event that it put
/// onto the member's own bus, which only its own policy can refuse.
pub(super) fn stranger(control: Option<&str>, code: Option<&str>) -> Judged {
    match (control, put_events(code, false)) {
        (Some(control), Judged { verdict, .. }) if verdict != Verdict::Refuted => Judged::not_possible(format!(
            "the member's role cannot put events onto its own bus either: PutEvents answers {control}"
        )),
        (_, judged) => judged,
    }
}

/// The bus's answers to another source, alone and beside a heartbeat, of a role that it admits.
pub(super) fn sources(alone: Option<&str>, mixed: Option<&str>) -> Judged {
    let told = |what: &str, code| {
        let Judged { verdict, observed } = put_events(code, false);
        Judged::new(verdict, format!("{what}: {observed}"))
    };
    let (alone, mixed) = (told("alone", alone), told("beside a heartbeat", mixed));
    match (alone.verdict, mixed.verdict) {
        (Verdict::Refuted, _) => alone,
        (_, Verdict::Refuted) => mixed,
        (Verdict::NotPossible, _) => alone,
        (_, Verdict::NotPossible) => mixed,
        _ => Judged::proven(format!("{}; {}", alone.observed, mixed.observed)),
    }
}

/// Whether a heartbeat arrived: after how many seconds, or what the dead-letter queue says.
pub(super) fn heartbeat(seconds: Option<u64>, waited: u64, dead: &[String], place: &Place) -> Judged {
    match (seconds, dead) {
        (Some(seconds), _) => Judged::proven(format!("a row after {seconds} s")),
        (None, []) => place.missed(&format!(
            "no row after {waited} s, and nothing in the dead-letter queue"
        )),
        (None, dead) => Judged::refuted(format!("no row after {waited} s; dead letters: {}", dead.join(", "))),
    }
}

/// Where the token was found, among row, record and alert.
pub(super) fn token(looked_at: usize, found: &[&str]) -> Judged {
    match (looked_at, found) {
        (_, [_, ..]) => Judged::refuted(format!("the token is in the {}", found.join(", "))),
        (3, _) => Judged::proven("in neither row, record nor alert"),
        (count, _) => Judged::not_possible(format!(
            "{count} of row, record and alert could be looked at, and not all"
        )),
    }
}

/// Whether streams and rows work where Lake Formation's settings are as `evidence` says.
pub(super) fn lake_formation(streams: Option<Verdict>, rows: Option<Verdict>, evidence: &str) -> Judged {
    match [streams, rows] {
        seen if seen.contains(&Some(Verdict::Refuted)) => Judged::refuted(evidence),
        [Some(Verdict::Proven), Some(Verdict::Proven)] => Judged::proven(evidence),
        _ => Judged::not_possible(format!("{evidence}; whether streams and rows work was not seen")),
    }
}

#[cfg(test)]
mod tests;
