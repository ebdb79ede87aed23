//! What a call did to gates, as the auditor reads it and as subscribers hear of it.

use std::fmt::Write as _;

use serde::Serialize;

use super::call::GateCall;
use super::compare::{Change, What};
use super::outline::Outline;
use crate::alert::Alert;
use crate::decision::one_line;
use crate::evidence::Evidence;
use crate::layout::segment;

/// Most changes, and most gates, that an alert and a record name; the others are counted. An alert must stay under 256
/// KiB.
const NAMED: usize = 20;

/// Serialises as the alert's JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GateChange {
    /// Always `gate_change`.
    pub event_class: &'static str,
    /// The gravest of the changes.
    pub change: What,
    #[serde(flatten)]
    pub call: GateCall,
    /// The gravest first; 20 at most.
    pub changes: Vec<Change>,
    pub further_changes: usize,
    /// Names of the gates that the pipeline had after the call; absent where that is not known. 20 at most.
    pub gates: Option<Vec<String>>,
    pub further_gates: usize,
}

#[derive(Serialize)]
struct Full<'a> {
    #[serde(flatten)]
    change: &'a GateChange,
    evidence: &'a str,
}

impl GateChange {
    /// `None` where nothing changed. `outline` is what the call left behind.
    pub fn of(call: GateCall, mut changes: Vec<Change>, outline: Option<&Outline>) -> Option<Self> {
        changes.sort();
        let change = changes.first()?.what;
        let further_changes = changes.len().saturating_sub(NAMED);
        changes.truncate(NAMED);
        let gates = outline.map(|outline| outline.gates.iter().map(|gate| gate.name.clone()));
        Some(Self {
            event_class: "gate_change",
            change,
            call,
            changes,
            further_changes,
            further_gates: outline.map_or(0, |outline| outline.gates.len().saturating_sub(NAMED)),
            gates: gates.map(|gates| gates.take(NAMED).collect()),
        })
    }

    /// The record, under `gate_changes/account_id=…/<pipeline>/<yyyy>/<mm>/<dd>/<call>_<time>_<event>.txt`.
    pub fn evidence(&self) -> Evidence {
        let call = &self.call;
        let folder = format!("gate_changes/account_id={}/", call.account_id);
        let (day, clock) = call.event_time.split_at(10);
        let key = format!(
            "{folder}{}/{}/{}_{}T{}Z_{}.txt",
            segment(call.pipeline.as_deref().unwrap_or_default()),
            day.replace('-', "/"),
            segment(&call.call),
            day.replace('-', ""),
            clock.chars().filter(char::is_ascii_digit).take(6).collect::<String>(),
            call.event_key,
        );
        Evidence {
            account_id: call.account_id.clone(),
            event_key: call.event_key.clone(),
            folder,
            key,
            text: self.record(),
            is_addendum: call.is_addendum,
        }
    }

    /// Plain text, one fact a line. Deterministic, so that its hash is too.
    fn record(&self) -> String {
        let mut out = String::from("pipetrail gate change record\n============================\n\n");
        let call = &self.call;
        self.facts(&mut out);
        let mut line = |label: &str, value: Option<&str>| {
            // Writing to a String cannot fail.
            let _ = writeln!(
                out,
                "{label:<18}{}",
                value.map_or_else(|| "unknown".to_owned(), one_line)
            );
        };
        line("Kind of principal", Some(&call.principal_kind));
        line("Principal ARN", call.principal_arn.as_deref());
        if call.role_name.is_some() {
            line("Role", call.role_name.as_deref());
        }
        line("From", call.source_ip.as_deref());
        line("User agent", call.user_agent.as_deref());
        let mfa = call.mfa.map(|mfa| if mfa { "yes" } else { "no" });
        line("MFA", mfa);
        line("CloudTrail event", call.cloudtrail_event_id.as_deref());
        line("Request", call.request_id.as_deref());
        line("Event key", Some(&call.event_key));
        self.lists(&mut out);
        out
    }

    /// What mail and record begin with.
    fn facts(&self, out: &mut String) {
        let call = &self.call;
        let mut line = |label: &str, value: &str| {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{label:<18}{value}");
        };
        let text = |value: &Option<String>| value.as_deref().map_or_else(|| "unknown".to_owned(), one_line);
        line("What", self.change.title());
        line("Call", &call.call);
        line("Who", &text(&call.caller));
        line("Pipeline", &text(&call.pipeline));
        if let Some(version) = call.pipeline_version {
            line("Version", &version.to_string());
        }
        line("Account", &call.account_id);
        line("Region", &one_line(&call.region));
        line("When (UTC)", &call.event_time);
        if call.reason.is_some() {
            line("Reason", &text(&call.reason));
        }
    }

    /// What mail and record end with.
    fn lists(&self, out: &mut String) {
        out.push_str("\nChanges\n");
        for change in &self.changes {
            let gate = change.gate.as_deref().map(|gate| format!("{}: ", one_line(gate)));
            let by = change
                .made_by
                .as_ref()
                .map(|by| format!(" (by the later call {by}, which came first)"));
            // Writing to a String cannot fail.
            let _ = writeln!(
                out,
                "  | {}{}{}",
                gate.unwrap_or_default(),
                one_line(&change.how),
                by.unwrap_or_default()
            );
        }
        further(out, self.further_changes);
        let Some(gates) = &self.gates else {
            return;
        };
        out.push_str("\nGates after the call\n");
        for gate in gates {
            let _ = writeln!(out, "  | {}", one_line(gate));
        }
        if gates.is_empty() {
            out.push_str("  (none)\n");
        }
        further(out, self.further_gates);
    }

    /// What is published; `evidence` is the record's S3 URI.
    ///
    /// # Errors
    /// When the message cannot be written as JSON, which no call makes happen.
    pub fn alert(&self, evidence: &str) -> Result<Alert, serde_json::Error> {
        let call = &self.call;
        let of = |name: &Option<String>| name.as_deref().map_or_else(|| "?".to_owned(), one_line);
        let gate = self
            .changes
            .first()
            .and_then(|change| change.gate.as_deref())
            .map(|gate| format!(" / {}", one_line(gate)));
        let subject = format!(
            "[pipetrail] {}: {}{} in {}",
            self.change.title(),
            of(&call.pipeline),
            gate.unwrap_or_default(),
            call.account_id
        );
        let mut mail = String::new();
        self.facts(&mut mail);
        self.lists(&mut mail);
        let _ = write!(mail, "\nEvidence  {evidence}\nEvent key {}\n", call.event_key);
        let full = Full { change: self, evidence };
        let attributes = [
            ("account_id", Some(call.account_id.as_str())),
            ("region", Some(call.region.as_str())),
            ("pipeline", call.pipeline.as_deref()),
            ("event_class", Some(self.event_class)),
        ];
        Alert::new(&subject, &mail, &full, &attributes)
    }
}

fn further(out: &mut String, number: usize) {
    if number > 0 {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "  and {number} more");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gates::call::Reading;
    use crate::gates::compare::deleted;
    use crate::gates::history::Made;

    /// An `UpdatePipeline` that left gates of these names behind, all of which are told as gone.
    fn gone(pipeline: &str, gates: &[&str]) -> GateChange {
        let action = |name: &&str| serde_json::json!({"name": name, "actionTypeId": {"category": "Approval"}});
        let actions: Vec<_> = gates.iter().map(action).collect();
        let event = serde_json::json!({
            "detail-type": "AWS API Call via CloudTrail", "source": "aws.codepipeline", "account": "000000000012",
            "region": "eu-central-1", "time": "2026-11-20T09:27:58Z",
            "detail": {
                "eventTime": "2026-11-20T09:27:58Z", "eventName": "UpdatePipeline", "eventID": "e1",
                "userIdentity": {"type": "IAMUser", "userName": "dana"},
                "responseElements": {"pipeline": {"name": pipeline, "version": 8, "stages": [{"name": "Prod", "actions": actions}]}},
            },
        });
        let Reading::Structure(call, Made::Updated(outline)) = GateCall::of(event.to_string().as_bytes()).unwrap()
        else {
            panic!("{event}")
        };
        let changes = deleted(&outline);
        GateChange::of(*call, changes, Some(&outline)).unwrap()
    }

    #[test]
    fn a_change_says_what_became_of_which_gate_by_whom() {
        let change = gone("payments-api", &["ApproveProd"]);
        let evidence = change.evidence();
        assert_eq!(
            evidence.key,
            format!(
                "gate_changes/account_id=000000000012/payments-api/2026/11/20/UpdatePipeline_20261120T092758Z_{}.txt",
                change.call.event_key
            )
        );
        for fact in [
            "What              Gate removed\n",
            "Who               dana\n",
            "Version           8\n",
            "  | Prod/ApproveProd: removed with its pipeline\n",
        ] {
            assert!(evidence.text.contains(fact), "{fact:?} in\n{}", evidence.text);
        }
        let alert = change.alert("s3://b/k").unwrap();
        assert_eq!(
            alert.subject,
            "[pipetrail] Gate removed: payments-api / Prod/ApproveProd in 000000000012"
        );
        let attributes = [
            ("account_id", "000000000012".to_owned()),
            ("region", "eu-central-1".to_owned()),
            ("pipeline", "payments-api".to_owned()),
            ("event_class", "gate_change".to_owned()),
        ];
        assert_eq!(alert.attributes, attributes);
        let by_protocol: serde_json::Value = serde_json::from_str(&alert.message).unwrap();
        let full: serde_json::Value = serde_json::from_str(by_protocol["default"].as_str().unwrap()).unwrap();
        assert_eq!(full["changes"][0]["gate"], "Prod/ApproveProd");
        assert_eq!(
            (&full["change"], &full["evidence"]),
            (&"removed".into(), &"s3://b/k".into())
        );
    }

    #[test]
    fn hostile_names_forge_no_line_and_an_alert_fits_sns_whatever_they_are() {
        let hostile = "x\nWho               root\u{7}\u{202e}";
        let change = gone(hostile, &[hostile]);
        let text = change.evidence().text;
        assert!(!text.contains("\nWho               root"), "{text}");
        assert!(
            text.lines().all(|line| line.chars().all(|c| !c.is_control())),
            "{text:?}"
        );
        let alert = change.alert("s3://b/k").unwrap();
        assert!(alert.subject.len() < 100 && alert.subject.chars().all(|c| c == ' ' || c.is_ascii_graphic()));

        for long in ["é", "\u{7}", "\u{e0001}", "\""] {
            let names: Vec<String> = (0..100)
                .map(|number| format!("{number}{}", long.repeat(2_000)))
                .collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let change = gone(&long.repeat(2_000), &names);
            assert_eq!(
                (change.changes.len(), change.further_changes, change.further_gates),
                (20, 80, 80)
            );
            let alert = change.alert("s3://b/k").unwrap();
            let attributes: usize = alert
                .attributes
                .iter()
                .map(|(name, value)| name.len() + value.len())
                .sum();
            assert!(
                alert.message.len() + attributes < 256 * 1024,
                "{long:?}: {}",
                alert.message.len()
            );
            assert!(change.evidence().key.len() < 1024);
        }
    }

    #[test]
    fn without_a_change_there_is_nothing_to_tell() {
        let change = gone("p", &["a"]);
        assert_eq!(GateChange::of(change.call, Vec::new(), None), None);
    }
}
