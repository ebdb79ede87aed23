//! What is told, as SNS takes it: docs/alerts.md has the fields.
//!
//! What was found in a member, and AWS's words about it, may hold whatever the member's administrator wrote. In JSON it
//! is a text; in mail its control and formatting characters are escaped, and it is short.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use pipetrail_collector::alert::Alert;
use pipetrail_collector::decision::one_line;
use pipetrail_collector::sha256_hex;
use pipetrail_names::AccountRegion;
use serde::Serialize;
use serde_json::json;

use crate::condition::{Condition, Kind};
use crate::judge::{Change, Judgement, Storm};

/// Names in one message at most, of what lasts and of what ended.
const NAMES: usize = 50;

/// The longest text of others in a mail, in characters.
const LONGEST: usize = 500;

/// The alerts of a judgement. `basis` is when the state was written that it was judged from: the same change told twice
/// has the same id.
///
/// # Errors
/// When one cannot be written as JSON.
pub(crate) fn alerts(judgement: &Judgement, basis: Timestamp) -> serde_json::Result<Vec<Alert>> {
    let now = judgement.state.written_at;
    let storm = judgement
        .storm
        .iter()
        .map(|storm| of_storm(storm, judgement.members, basis, now));
    let changes = judgement.changes.iter().map(|change| of_change(change, basis, now));
    storm.chain(changes).collect()
}

fn of_change(change: &Change, basis: Timestamp, now: Timestamp) -> serde_json::Result<Alert> {
    let Change {
        place,
        began,
        ended,
        left,
    } = change;
    let (account, region) = (place.account.as_str(), place.region.as_str());
    let id = id(basis, &json!([place, same(began), same(ended)]));
    let full = json!({
        "event_class": "member",
        "id": id,
        "time": now.to_string(),
        "account_id": account,
        "region": region,
        "began": began,
        "ended": ended,
        "left": left,
    });
    let headline = match (began.as_slice(), ended.as_slice()) {
        ([first], _) => short(first),
        ([first, others @ ..], _) => format!("{} and {} more", short(first), others.len()),
        ([], [first]) => format!("over: {}", short(first)),
        ([], [first, others @ ..]) => format!("over: {} and {} more", short(first), others.len()),
        ([], []) => "nothing changed".to_owned(),
    };
    let mut mail = format!("Account  {account}\nRegion   {region}\nWhen     {now}\n");
    for (heading, conditions) in [("Began", began), ("Over", ended)] {
        if !conditions.is_empty() {
            let _ = write!(mail, "\n{heading}\n");
        }
        for condition in conditions {
            let _ = writeln!(mail, "  {}", told(condition));
        }
    }
    if *left {
        mail.push_str("\nThe account and region left the list of members.\n");
    } else if !began.is_empty() {
        let _ = write!(
            mail,
            "\n`pipetrail status --account {account}` shows it as it is now.\n"
        );
    }
    let _ = write!(mail, "\nAlert    {id}\n");
    let subject = format!("[pipetrail] {account} {region}: {headline}");
    let attributes = [
        ("account_id", Some(account)),
        ("region", Some(region)),
        ("event_class", Some("member")),
    ];
    Alert::new(&subject, &mail, &full, &attributes)
}

fn of_storm(storm: &Storm, members: usize, basis: Timestamp, now: Timestamp) -> serde_json::Result<Alert> {
    let Storm { began, lasting, ended } = storm;
    let id = id(basis, &json!([same_of(began), same_of(lasting), same_of(ended)]));
    let parts = [("began", began), ("lasting", lasting), ("ended", ended)];
    let mut full = json!({
        "event_class": "members",
        "id": id,
        "time": now.to_string(),
        "members": members,
    });
    for (part, places) in parts {
        full[part] = json!({"places": places.len(), "conditions": counts(places)});
    }
    // Whatever began is named where it lasts.
    for (part, places) in [("lasting", lasting), ("ended", ended)] {
        let names: Vec<_> = places
            .iter()
            .take(NAMES)
            .map(|(place, conditions)| {
                let kinds: Vec<Kind> = conditions.iter().map(Condition::kind).collect();
                json!({"account_id": place.account, "region": place.region, "conditions": kinds})
            })
            .collect();
        full[part]["more"] = json!(places.len() - names.len());
        full[part]["names"] = json!(names);
    }
    let headline: Vec<String> = [("began", began), ("last", lasting), ("over", ended)]
        .into_iter()
        .filter(|(_, places)| !places.is_empty())
        .map(|(word, places)| format!("{word} in {}", places.len()))
        .collect();
    let headline = format!("{} of {members} accounts and regions", headline.join(", "));
    let mut mail = format!("{headline}\nWhen     {now}\n");
    for (heading, places) in [("Began", began), ("Lasts", lasting), ("Over", ended)] {
        if places.is_empty() {
            continue;
        }
        let _ = write!(mail, "\n{heading}, in {} accounts and regions\n", places.len());
        for (kind, count) in counts(places) {
            let _ = writeln!(mail, "  {count} {}", kind.words());
        }
        if heading == "Began" {
            mail.push_str("  Names follow where it lasts.\n");
            continue;
        }
        for (place, conditions) in places.iter().take(NAMES) {
            let kinds: Vec<&str> = conditions.iter().map(|condition| condition.kind().words()).collect();
            let _ = writeln!(mail, "  {} {}: {}", place.account, place.region, kinds.join(", "));
        }
        if places.len() > NAMES {
            let _ = writeln!(mail, "  and {} more", places.len() - NAMES);
        }
    }
    let _ = write!(mail, "\n`pipetrail status` shows all of them.\n\nAlert    {id}\n");
    let subject = format!("[pipetrail] {headline}");
    Alert::new(&subject, &mail, &full, &[("event_class", Some("members"))])
}

fn counts(places: &BTreeMap<AccountRegion, Vec<Condition>>) -> BTreeMap<Kind, usize> {
    let mut counts = BTreeMap::new();
    for condition in places.values().flatten() {
        *counts.entry(condition.kind()).or_default() += 1;
    }
    counts
}

/// 32 hexadecimal digits.
fn id(basis: Timestamp, what: &impl Serialize) -> String {
    let mut id = sha256_hex(&json!([basis.to_string(), what]).to_string());
    id.truncate(32);
    id
}

/// What tells conditions from others, as [`Condition::is`] does: AWS's words change with each call.
fn same(conditions: &[Condition]) -> Vec<serde_json::Value> {
    let of_one = |condition: &Condition| match condition {
        Condition::Differs { what, found, .. } => json!([Kind::Differs, what, found]),
        other => json!(other.kind()),
    };
    conditions.iter().map(of_one).collect()
}

fn same_of(places: &BTreeMap<AccountRegion, Vec<Condition>>) -> Vec<(&AccountRegion, Vec<serde_json::Value>)> {
    places
        .iter()
        .map(|(place, conditions)| (place, same(conditions)))
        .collect()
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Kind::Differs => "differs from its template",
            Kind::Unreadable => "cannot be looked into",
            Kind::Silent => "silent",
            Kind::NoCanary => "no record of the canary",
        }
    }
}

/// In a few words of our own.
fn short(condition: &Condition) -> String {
    match condition {
        Condition::Differs { what, found, .. } if found == "null" => format!("{what} is gone"),
        Condition::Differs { what, .. } => format!("{what} differs"),
        other => other.kind().words().to_owned(),
    }
}

fn told(condition: &Condition) -> String {
    let cut = |text: &str| {
        let line = one_line(text);
        match line.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    };
    match condition {
        Condition::Differs { what, found, expected } => {
            let is = match found.as_str() {
                "null" => "is gone".to_owned(),
                found => format!("is {}", cut(found)),
            };
            format!("{what} {is}\n    and should be {}", cut(expected))
        }
        Condition::Unreadable { why } => format!("cannot be looked into: {}", cut(why)),
        Condition::Silent { since } => format!("silent since {since}"),
        Condition::NoCanary { since } => {
            format!("no record of the canary since {since}: does a trail of the account record management events?")
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn place(number: u32) -> AccountRegion {
        AccountRegion {
            account: format!("{number:012}").parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
        }
    }

    fn now() -> Timestamp {
        "2026-11-30T12:04:00Z".parse().unwrap()
    }

    fn differs(found: &str) -> Condition {
        Condition::Differs {
            what: "pattern of rule pipetrail-forward".to_owned(),
            found: found.to_owned(),
            expected: "{}".to_owned(),
        }
    }

    fn parts(alert: &Alert) -> (Value, String) {
        let by_protocol: Value = serde_json::from_str(&alert.message).unwrap();
        let full = serde_json::from_str(by_protocol["default"].as_str().unwrap()).unwrap();
        (full, by_protocol["email"].as_str().unwrap().to_owned())
    }

    #[test]
    fn a_change_names_account_region_and_what_and_no_text_of_others_forges_a_line() {
        let hostile = "\"x\"\n\nAccount  999988887777\u{202e}".repeat(100);
        let change = Change {
            place: place(12),
            began: vec![differs(&hostile), Condition::Silent { since: now() }],
            ended: vec![Condition::Unreadable {
                why: "Access\r\nDenied".to_owned(),
            }],
            left: false,
        };
        let alert = of_change(&change, now(), now()).unwrap();
        assert_eq!(
            alert.subject,
            "[pipetrail] 000000000012 eu-west-1: pattern of rule pipetrail-forward differs and 1 more"
        );
        let (full, mail) = parts(&alert);
        assert_eq!(full["account_id"], "000000000012");
        assert_eq!(full["began"][0]["what"], "pattern of rule pipetrail-forward");
        assert_eq!(full["began"][0]["found"], hostile.as_str());
        assert_eq!(full["ended"][0]["condition"], "unreadable");
        assert_eq!(
            mail.lines().filter(|line| line.starts_with("Account")).count(),
            1,
            "{mail}"
        );
        assert!(!mail.contains('\u{202e}') && !mail.contains('\r'), "{mail}");
        assert!(mail.len() < 3_000, "{}", mail.len());
        // Told again after a crash: the same id; after the next run another.
        assert_eq!(parts(&of_change(&change, now(), now()).unwrap()).0["id"], full["id"]);
        let later = of_change(&change, "2026-11-30T13:04:00Z".parse().unwrap(), now()).unwrap();
        assert_ne!(parts(&later).0["id"], full["id"]);
        // AWS's words have an id of each call in them.
        let refused = |why: &str| {
            let mut again = change.clone();
            again.began = vec![Condition::Unreadable { why: why.to_owned() }];
            parts(&of_change(&again, now(), now()).unwrap()).0["id"].clone()
        };
        assert_eq!(refused("AccessDenied, request 1"), refused("AccessDenied, request 2"));
    }

    #[test]
    fn a_storm_is_one_message_of_bounded_size() {
        let many = |from: u32| -> BTreeMap<AccountRegion, Vec<Condition>> {
            let places = (from..from + 20_000).map(place);
            places
                .map(|place| (place, vec![differs(&"x".repeat(400)); 3]))
                .collect()
        };
        let storm = Storm {
            began: many(0),
            lasting: many(20_000),
            ended: many(40_000),
        };
        let alert = of_storm(&storm, 80_000, now(), now()).unwrap();
        assert!(alert.message.len() < 64 << 10, "{}", alert.message.len());
        assert_eq!(
            alert.subject,
            "[pipetrail] began in 20000, last in 20000, over in 20000 of 80000 accounts and regions"
        );
        let (full, mail) = parts(&alert);
        assert_eq!(
            full["began"],
            json!({"places": 20_000, "conditions": {"differs": 60_000}})
        );
        assert_eq!(full["lasting"]["names"].as_array().unwrap().len(), NAMES);
        assert_eq!(full["ended"]["more"], 20_000 - NAMES);
        assert!(mail.contains("and 19950 more"), "{mail}");
    }
}
