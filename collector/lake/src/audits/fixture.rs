//! What every audit answers over one small lake, written down: `fixture/lake.ndjson` holds its rows,
//! `fixture/answers.txt` the answers.

mod lake;
mod tiers;

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use object_store::ObjectStoreExt;
use object_store::memory::InMemory;
use object_store::path::Path as Key;
use pipetrail_unit::documents;
use serde_json::Value;
use url::Url;

use self::lake::{Row, all as all_rows, settled, whole};
use super::{Audit, Parameters, all, find};
use crate::answer::{Answer, Kind};
use crate::engine::{Embedded, Engine};
use crate::store::{Lake, Location};

const LAKE: &str = include_str!("fixture/lake.ndjson");
const ANSWERS: &str = include_str!("fixture/answers.txt");

/// The embedded engine over such rows, a file for each partition.
async fn engine(rows: &str) -> Engine {
    let store = InMemory::new();
    for (key, bytes) in settled(&all_rows(rows)) {
        store.put(&Key::from(key), bytes.into()).await.unwrap();
    }
    let lake = Lake {
        location: Location::Folder("/lake".into()),
        store: Arc::new(store),
        root: Key::default(),
        url: Url::parse("lake://local/").unwrap(),
    };
    Engine::Embedded(Embedded::over(&lake).unwrap())
}

fn november() -> Parameters {
    Parameters::window(
        "2026-11-01T00:00:00Z".parse().unwrap(),
        "2026-12-01T00:00:00Z".parse().unwrap(),
    )
}

async fn answered(engine: &Engine, audit: &Audit) -> Answer {
    let sql = audit.sql(&november()).unwrap();
    engine.ask(&sql).await.unwrap().collect().await.unwrap()
}

/// A row a line.
fn lines(answer: &Answer) -> String {
    let row = |row| format!("{}\n", serde_json::to_string(row).unwrap());
    answer.rows.iter().map(row).collect()
}

#[tokio::test]
async fn every_audit_answers_what_is_written_down() {
    let engine = engine(LAKE).await;
    let mut found = String::new();
    for audit in all() {
        let answer = answered(&engine, audit).await;
        let kind = |kind: &str| match kind {
            "integer" => Kind::Integer,
            "double" => Kind::Double,
            "boolean" => Kind::Boolean,
            _ => Kind::Text,
        };
        let promised = audit.columns.iter().map(|column| (column.name, kind(column.kind)));
        let given = answer.columns.iter().map(|column| (column.name.as_str(), column.kind));
        assert_eq!(
            promised.collect::<Vec<_>>(),
            given.collect::<Vec<_>>(),
            "{}",
            audit.name
        );
        assert!(!answer.rows.is_empty(), "{}: no rows prove nothing", audit.name);
        write!(found, "== {}\n{}", audit.name, lines(&answer)).unwrap();
    }
    documents::whole("collector/lake/src/audits/fixture/answers.txt", &found);
}

#[tokio::test]
async fn decisions_of_one_kind_are_those_and_no_others() {
    let engine = engine(LAKE).await;
    for (decision, expected) in [
        ("Approved", &["k29", "lg-call", "g1-call"][..]),
        ("Rejected", &["k13"]),
        ("", &["k29", "lg-call", "g1-call", "k13"]),
    ] {
        let mut parameters = november();
        parameters.values.insert("decision".to_owned(), decision.to_owned());
        let sql = find("decisions").unwrap().sql(&parameters).unwrap();
        let answer = engine.ask(&sql).await.unwrap().collect().await.unwrap();
        let rows = serde_json::to_value(&answer.rows).unwrap();
        let keys: Vec<&str> = rows
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row[18].as_str().unwrap())
            .collect();
        assert_eq!(keys, expected, "{decision:?}");
    }
}

#[tokio::test]
async fn an_hour_of_a_replacement_is_our_own_doing_unless_a_heartbeat_was_heard_in_it() {
    let engine = engine(LAKE).await;
    let at = |time: &str| format!("2026-11-02T{time}Z").parse().unwrap();
    let parameters = Parameters {
        // Of the hours from 00 to 04 the first account was heard in 00 and 01.
        without_rules: vec![(at("01:10:00"), at("01:20:00")), (at("03:50:00"), at("04:05:00"))],
        ..november()
    };
    let sql = find("coverage").unwrap().sql(&parameters).unwrap();
    let answer = engine.ask(&sql).await.unwrap().collect().await.unwrap();
    let rows = serde_json::to_value(&answer.rows).unwrap();
    let own = |account: &str| {
        let mut rows = rows.as_array().unwrap().iter();
        rows.find(|row| row[0] == account).unwrap()[4].as_i64().unwrap()
    };
    assert_eq!((own("000011112222"), own("000033334444")), (2, 3));
}

#[tokio::test]
async fn every_audit_has_an_answer_where_nothing_happened() {
    // Tables that have no folder at all are read as well.
    let engine = engine(LAKE.lines().next().unwrap()).await;
    let time = |text: &str| text.parse().unwrap();
    let years_ago = Parameters::window(time("2020-01-01T00:00:00Z"), time("2020-02-01T00:00:00Z"));
    for audit in all() {
        let sql = audit.sql(&years_ago).unwrap();
        let answer = engine.ask(&sql).await.unwrap().collect().await.unwrap();
        // The buckets are always there.
        let rows = if audit.name == "gate-wait-buckets" { 9 } else { 0 };
        assert_eq!(answer.rows.len(), rows, "{}", audit.name);
    }
}

/// Every live row once more, a second earlier, with another content, and refused or in another state;
/// `source` and the account as `change` likes them.
fn forged(change: impl Fn(&mut Row)) -> String {
    let mut forged = String::new();
    for (number, line) in LAKE.lines().enumerate() {
        let mut row = whole(number, line);
        if row["source"] != "live" {
            continue;
        }
        let time: Timestamp = row["event_time"].as_str().unwrap().parse().unwrap();
        let earlier = Timestamp::from_millisecond(time.as_millisecond() - 1000).unwrap();
        row.insert("event_time".to_owned(), format!("{earlier:.3}").into());
        for of_time in ["event_ms", "day", "month", "covered_hour"] {
            row.remove(of_time);
        }
        row.insert("content_sha256".to_owned(), "f".repeat(64).into());
        match row["table"].as_str().unwrap() {
            "approval_calls" | "api_calls" => row.insert("error_code".to_owned(), "AccessDenied".into()),
            "heartbeats" => row.insert("covered_hour".to_owned(), Value::Null),
            _ => row.insert("state".to_owned(), "FAILED".into()),
        };
        change(&mut row);
        forged.push_str(&format!("{}\n", Value::Object(row)));
    }
    assert!(forged.lines().count() > 20, "{forged}");
    forged
}

#[tokio::test]
async fn a_row_of_another_account_under_the_same_key_changes_no_answer_about_this_one() {
    const STRANGER: &str = "999900001111";
    let forged = forged(|row| _ = row.insert("account_id".to_owned(), STRANGER.into()));
    let engine = engine(&format!("{LAKE}{forged}")).await;
    for audit in all() {
        let Some(account) = audit.columns.iter().position(|column| column.name == "account_id") else {
            continue;
        };
        let mut answer = answered(&engine, audit).await;
        answer
            .rows
            .retain(|row| row[account] != crate::answer::Value::Text(STRANGER.to_owned()));
        assert_eq!(lines(&answer), written(audit), "{}", audit.name);
    }
}

/// What is written down of an audit.
fn written(audit: &Audit) -> &'static str {
    let of = |part: &'static str| part.strip_prefix(audit.name)?.strip_prefix('\n');
    ANSWERS.split("== ").find_map(of).unwrap()
}

#[tokio::test]
async fn a_copy_from_a_file_changes_no_answer_about_what_came_through_the_bus() {
    let forged = forged(|row| _ = row.insert("source".to_owned(), "backfill:events".into()));
    let with_forged = engine(&format!("{LAKE}{forged}")).await;
    let mut listed = Value::Null;
    for audit in all() {
        let answer = answered(&with_forged, audit).await;
        if audit.name == "conflicts" {
            listed = serde_json::to_value(&answer.rows).unwrap();
        } else {
            assert_eq!(lines(&answer), written(audit), "{}", audit.name);
        }
    }
    for line in forged.lines() {
        let forged: Value = serde_json::from_str(line).unwrap();
        if !forged["event_time"].as_str().unwrap().starts_with("2026-11") {
            continue;
        }
        let copies: Vec<&Value> = listed
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row[2] == forged["event_key"])
            .collect();
        assert!(copies[0][3] == 1 && copies[0][6] == "live", "{copies:?}");
        assert!(
            copies.iter().any(|copy| copy[9] == forged["content_sha256"]),
            "{copies:?}"
        );
    }
}

#[tokio::test]
async fn a_copy_that_names_another_pipeline_is_no_event_of_that_pipeline() {
    let forged = forged(|row| {
        row.insert("source".to_owned(), "backfill:events".into());
        row.insert("pipeline".to_owned(), "stolen".into());
        row.remove("error_code");
    });
    let (before, with_forged) = (engine(LAKE).await, engine(&format!("{LAKE}{forged}")).await);
    for audit in all().iter().filter(|audit| audit.takes("pipeline")) {
        let mut parameters = november();
        parameters.pipelines = vec!["stolen".to_owned()];
        let sql = audit.sql(&parameters).unwrap();
        let [before, now] = [&before, &with_forged].map(|engine| engine.ask(&sql));
        let before = before.await.unwrap().collect().await.unwrap();
        let now = lines(&now.await.unwrap().collect().await.unwrap());
        assert_eq!(now, lines(&before), "{}", audit.name);
        assert!(!now.contains("stolen"), "{}: {now}", audit.name);
    }
}
