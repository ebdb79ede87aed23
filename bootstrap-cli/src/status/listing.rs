//! The table of `pipetrail status`.

use jiff::Timestamp;
use pipetrail_names::member::STACK;

use super::gap::Gap;
use super::reader::{Judgement, LakeAnswer};
use super::verdict::{Judged, Verdict};
use crate::deploy::listing::stacks;
use crate::terminal::listing::{lines, table};

/// How many rows a table of accounts and regions may have before those that are covered are left out.
const LONG: usize = 200;

/// What is covered: the audit account's stacks, accounts and regions with their verdicts, and a
/// summary. A long table leaves out what is covered, unless `all` is asked for.
pub(crate) fn listing(judgement: &Judgement, all: bool) -> String {
    let rows = &judgement.coverage.instances;
    let is_shown = |row: &&Judged| all || rows.len() <= LONG || row.verdict != Verdict::Covered;
    let mut parts = vec![stacks(&judgement.coverage)];
    let mut shown = rows.iter().filter(is_shown).peekable();
    if shown.peek().is_some() {
        let mut instances = table(&[
            "ACCOUNT",
            "REGION",
            "STATE",
            "DRIFT",
            "LAST EVENT",
            "LAST HEARTBEAT",
            "VERDICT",
            "EXPLANATION",
        ]);
        let is_known = matches!(judgement.lake, LakeAnswer::Answered { .. });
        let time = |time: Option<Timestamp>| match time {
            Some(time) => time.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
            None if is_known => "-".to_owned(),
            None => "?".to_owned(),
        };
        for row in shown {
            let drift = row.row.drift.as_ref();
            instances.add_row([
                row.row.account.to_string(),
                row.row.region_or_dash().to_owned(),
                row.row.state.to_string(),
                drift.map_or_else(|| "-".to_owned(), |drift| drift.status.clone()),
                time(row.last_event),
                time(row.last_heartbeat),
                row.verdict.to_string(),
                row.explanation.clone(),
            ]);
        }
        parts.push(lines(&instances));
    }
    let mut summary = String::new();
    if judgement.coverage.stack_set.is_none() {
        summary.push_str(&format!("stack set {STACK} does not exist\n"));
    }
    let counts = judgement.verdicts.iter();
    let counts: Vec<String> = counts.map(|(verdict, count)| format!("{count} {verdict}")).collect();
    let counts = match counts.is_empty() {
        true => "none".to_owned(),
        false => counts.join(", "),
    };
    summary.push_str(&format!("{} accounts and regions: {counts}\n", rows.len()));
    let is_news = |gap: &&Gap| judgement.now.is_none_or(|now| gap.is_news(now));
    if let Some(gap) = judgement.gap.as_ref().filter(is_news) {
        let replay = if gap.done {
            ""
        } else {
            "; the replay is still due, run `pipetrail apply`"
        };
        summary.push_str(&format!("{gap}{replay}\n"));
    }
    let hidden = rows.len() - rows.iter().filter(is_shown).count();
    if hidden > 0 {
        summary.push_str(&format!("{hidden} covered ones are not shown, --all shows them\n"));
    }
    parts.push(summary);
    parts.extend(judgement.own_changes.as_ref().map(|changes| changes.listing(all)));
    parts.join("\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use pipetrail_stacksets::{Coverage, CoverageRow, CoverageState, StackSetParameters, StackState};

    use super::*;

    fn coverage(instances: Vec<Judged>) -> Coverage<Judged> {
        Coverage {
            organization: "o-abcdefghij".into(),
            audit_account: "999988887777".parse().unwrap(),
            region: "eu-central-1".parse().unwrap(),
            stacks: vec![StackState {
                name: "pipetrail-data".into(),
                status: None,
                reason: None,
            }],
            stack_set: Some(StackSetParameters::default()),
            instances,
            not_covered: vec![],
        }
    }

    fn report(rows: Vec<Judged>, lake: LakeAnswer) -> Judgement {
        Judgement {
            command: "status",
            now: None,
            silent_after_seconds: 0,
            lake,
            gap: None,
            own_changes: None,
            verdicts: BTreeMap::from([(Verdict::Covered, rows.len())]),
            coverage: coverage(rows),
        }
    }

    fn judged(account: usize, verdict: Verdict) -> Judged {
        Judged {
            row: CoverageRow {
                state: CoverageState::Current,
                ..CoverageRow::new(
                    &format!("{account:012}").parse().unwrap(),
                    Some(&"eu-west-1".parse().unwrap()),
                )
            },
            verdict,
            explanation: "last heartbeat 5 min ago".into(),
            last_event: None,
            last_heartbeat: "2026-11-21T12:00:00.123Z".parse().ok(),
            differences: None,
        }
    }

    #[test]
    fn the_tables_of_what_is_covered() {
        let answered = LakeAnswer::Answered {
            bytes_scanned: None,
            unreadable_rows: 0,
        };
        let text = listing(&report(vec![judged(1, Verdict::Covered)], answered), false);
        let lines: Vec<&str> = text.lines().skip(3).collect();
        assert_eq!(
            lines,
            [
                "ACCOUNT       REGION     STATE    DRIFT  LAST EVENT  LAST HEARTBEAT        VERDICT  EXPLANATION",
                "000000000001  eu-west-1  current  -      -           2026-11-21 12:00:00Z  covered  last heartbeat 5 min ago",
                "",
                "1 accounts and regions: 1 covered",
            ]
        );
        let unread = Judged {
            last_heartbeat: None,
            ..judged(1, Verdict::Unknown)
        };
        let text = listing(&report(vec![unread], LakeAnswer::Skipped), false);
        assert!(
            text.contains("current  -      ?           ?               unknown"),
            "{text}"
        );
        assert!(listing(&report(vec![], LakeAnswer::Skipped), false).contains("0 accounts and regions"));
    }

    #[test]
    fn a_long_table_leaves_out_what_is_covered() {
        let mut rows: Vec<Judged> = (0..LONG).map(|account| judged(account, Verdict::Covered)).collect();
        rows.push(judged(LONG, Verdict::Silent));
        let long = report(rows, LakeAnswer::Skipped);
        let text = listing(&long, false);
        assert!(
            text.contains("000000000200") && !text.contains("000000000199"),
            "{text}"
        );
        assert!(
            text.ends_with("200 covered ones are not shown, --all shows them\n"),
            "{text}"
        );
        assert!(listing(&long, true).contains("000000000199"));
    }
}
