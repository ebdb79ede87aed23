//! Reports that events of an attacker's make.

use pipetrail_lake::answer::{Answer, Heading, Kind, Value};

use super::asked::Asked;
use super::report::{Question, Report};
use super::window::Window;

/// Comments that try what comments can try.
pub(crate) const HOSTILE: [&str; 8] = [
    "</script><script>alert(1)</script>",
    "=HYPERLINK(\"http://example.com\",\"click\")",
    "approved\u{202E}detcejer",
    "nul\0bell\u{7}",
    "<img src=x onerror=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "a;=1+1\r\n@SUM(A1)\u{2028}<!--",
    "\u{feff}' onmouseover='alert(1)",
];

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub(crate) fn asked(name: &str, columns: &[&str], rows: Vec<Vec<Value>>) -> Asked {
    let kind = |at: usize| match rows.first().and_then(|row| row.get(at)) {
        Some(Value::Integer(_)) => Kind::Integer,
        Some(Value::Boolean(_)) => Kind::Boolean,
        _ => Kind::Text,
    };
    let column = |(at, name): (usize, &&str)| Heading {
        name: (*name).to_owned(),
        kind: kind(at),
    };
    Asked {
        name: name.to_owned(),
        title: format!("Title of {name}"),
        sql: "SELECT '<b>' AS bold".to_owned(),
        answer: Answer {
            columns: columns.iter().enumerate().map(column).collect(),
            rows,
        },
    }
}

/// A window in which nothing happened.
pub(crate) fn empty() -> Report {
    Report {
        question: Question {
            window: Window {
                from: "2026-08-01T00:00:00Z".parse().unwrap(),
                to: "2026-11-01T00:00:00Z".parse().unwrap(),
            },
            asked_to: None,
            accounts: Vec::new(),
            pipelines: Vec::new(),
            lake: "<lake>".to_owned(),
            engine: "DataFusion",
            version: "0.0.0",
            generated_at: "2026-11-20T12:00:00Z".parse().unwrap(),
        },
        audits: Vec::new(),
    }
}

/// A decision per hostile comment, which is the pipeline's and the approver's name too.
pub(crate) fn hostile() -> Report {
    let columns = [
        "event_time",
        "account_id",
        "region",
        "pipeline",
        "stage",
        "action",
        "decision",
        "approver",
        "principal_kind",
        "mfa",
        "source_ip",
        "summary",
        "waited_seconds",
        "event_key",
    ];
    let decision = |(at, it): (usize, &&str)| {
        let mfa = [Value::Null, Value::Boolean(true), Value::Boolean(false)][at % 3].clone();
        let key = format!("{at:032x}");
        let one = [
            "2026-08-03T10:00:00.000Z",
            "111122223333",
            "eu-central-1",
            it,
            it,
            it,
            "Approved",
            it,
            "iam_user",
        ];
        let mut row: Vec<Value> = one.map(text).to_vec();
        row.extend([mfa, text("192.0.2.1"), text(it), Value::Integer(60), text(&key)]);
        row
    };
    let decisions: Vec<_> = HOSTILE.iter().enumerate().map(decision).collect();
    let approver = |it: &&str| vec![text(it), Value::Integer(1), Value::Integer(0)];
    let refused = |it: &&str| vec![text(it), text(it)];
    Report {
        audits: vec![
            asked("decisions", &columns, decisions),
            asked(
                "decisions-per-day",
                &["day", "approved", "rejected"],
                vec![vec![text("2026-08-03"), Value::Integer(8), Value::Integer(0)]],
            ),
            asked(
                "approvers",
                &["approver", "approved", "rejected"],
                HOSTILE.iter().map(approver).collect(),
            ),
            asked(
                "refused-decisions",
                &["pipeline", "error_message"],
                HOSTILE.iter().map(refused).collect(),
            ),
            asked(
                "open-gates",
                &["pipeline", "action"],
                HOSTILE.iter().map(refused).collect(),
            ),
        ],
        ..empty()
    }
}
