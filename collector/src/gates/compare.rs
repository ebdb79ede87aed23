//! What one structure of a pipeline takes away from the gates of another, or changes about them.
//!
//! A gate that is new changes nothing. Nor does an action that is new, gone or set otherwise, unless it does ahead of a
//! gate what was done behind it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::outline::{Action, Gate, Outline};

/// One thing that happened to a gate or a stage.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Change {
    pub what: What,
    /// The gate, `<stage>/<action>`; the stage where it is about one; absent where nothing is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gate: Option<String>,
    /// What changed, in words.
    pub how: String,
    /// Key of the later call that made it, where this one was delivered after it: only then could they be compared.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub made_by: Option<String>,
}

/// The gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Removed,
    Overridden,
    Changed,
    Unknown,
    TransitionDisabled,
    TransitionEnabled,
}

impl What {
    /// The beginning of a subject.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Removed => "Gate removed",
            Self::Overridden => "Condition overridden",
            Self::Changed => "Gate changed",
            Self::Unknown => "Gates unknown",
            Self::TransitionDisabled => "Transition disabled",
            Self::TransitionEnabled => "Transition enabled",
        }
    }
}

impl Change {
    pub fn new(what: What, gate: Option<&str>, how: impl Into<String>) -> Self {
        Self {
            what,
            gate: gate.map(str::to_owned),
            how: how.into(),
            made_by: None,
        }
    }

    pub fn unknown(why: &str) -> Self {
        Self::new(What::Unknown, None, why)
    }
}

/// What became of the gates of `from` in `to`.
pub fn compare(from: &Outline, to: &Outline) -> Vec<Change> {
    let mut changes = Vec::new();
    for old in &from.gates {
        match to.gates.iter().find(|new| new.name == old.name) {
            None => changes.push(Change::new(What::Removed, Some(&old.name), "removed")),
            Some(new) => {
                let settings = settings(old, new).into_iter().chain(places(from, old, to, new));
                changes.extend(settings.map(|how| Change::new(What::Changed, Some(&old.name), how)));
            }
        }
    }
    changes
}

/// All gates of a pipeline that was deleted.
pub fn deleted(from: &Outline) -> Vec<Change> {
    let gone = |gate: &Gate| Change::new(What::Removed, Some(&gate.name), "removed with its pipeline");
    from.gates.iter().map(gone).collect()
}

fn settings(old: &Gate, new: &Gate) -> Vec<String> {
    let mut changes = Vec::new();
    if old.kind != new.kind {
        changes.push(format!("is {} instead of {}", new.kind, old.kind));
    }
    if old.timeout_minutes != new.timeout_minutes {
        let (from, to) = (old.timeout_minutes, new.timeout_minutes);
        changes.push(format!("waits for {to} minutes instead of {from}"));
    }
    let skips = new.skipped_by.difference(&old.skipped_by);
    changes.extend(skips.map(|by| format!("its stage may be skipped by {by}")));
    // Where the settings are hidden, so is the topic.
    if let (Some(before), Some(after)) = (&old.settings, &new.settings) {
        match (&old.topic, &new.topic) {
            (Some(_), None) => changes.push("notifies no topic any more".to_owned()),
            (None, Some(_)) => changes.push("notifies a topic".to_owned()),
            (Some(before), Some(after)) if before != after => changes.push("notifies another topic".to_owned()),
            _ => {}
        }
        match (old.summary_required, new.summary_required) {
            (true, false) => changes.push("requires no summary any more".to_owned()),
            (false, true) => changes.push("requires a summary".to_owned()),
            _ => {}
        }
        if before != after {
            changes.push("its text, link or other settings changed".to_owned());
        }
    }
    changes
}

/// What lay before a gate and lies behind it now, or the other way round.
fn places(from: &Outline, old: &Gate, to: &Outline, new: &Gate) -> Vec<String> {
    let mut changes = Vec::new();
    let was = |name: &str| from.actions.iter().find(|action| action.name == name);
    let behind = |gate: &Gate, action: &Action| action.place > gate.place;
    let works_behind = |action: &&Action| behind(old, action) && action.name != old.name;
    let (held, free): (Vec<_>, Vec<_>) = from.actions.iter().partition(works_behind);
    let mut targets: BTreeSet<_> = held.iter().filter_map(|action| action.target.as_ref()).collect();
    // What was done on both sides was never held back.
    for action in free {
        targets.retain(|target| action.target.as_ref() != Some(*target));
    }
    for action in to.actions.iter().filter(|action| action.name != new.name) {
        let is_behind = behind(new, action);
        match was(&action.name).map(|action| behind(old, action)) {
            Some(true) if !is_behind => changes.push(format!("does not stand before {} any more", action.name)),
            Some(false) if is_behind => {
                changes.push(format!("stands before {} now, which ran ahead of it", action.name));
            }
            _ if !is_behind && action.target.as_ref().is_some_and(|target| targets.contains(target)) => {
                changes.push(format!(
                    "does not stand before {}, which does what it stood before",
                    action.name
                ));
            }
            _ => {}
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gates::outline::tests::outline;

    /// A pipeline of stages, each a name and its actions: `<kind>:<name>@<run order>=<target or settings>`.
    fn pipeline(stages: &[(&str, &[&str])]) -> Outline {
        let action = |text: &&str| {
            let (kind, rest) = text.split_once(':').unwrap();
            let (name, rest) = rest.split_once('@').unwrap();
            let (order, of) = rest.split_once('=').unwrap_or((rest, ""));
            let (category, configuration) = match kind {
                "gate" => ("Approval", of.to_owned()),
                "deploy" => ("Deploy", format!(r#""ApplicationName":"{of}""#)),
                "build" => ("Build", format!(r#""EnvironmentVariables":"{of}""#)),
                other => panic!("{other}"),
            };
            format!(
                r#"{{"name":"{name}","runOrder":{order},"actionTypeId":{{"category":"{category}","owner":"AWS","provider":"P","version":"1"}},"configuration":{{{configuration}}}}}"#
            )
        };
        let stage = |(name, actions): &(&str, &[&str])| {
            let actions: Vec<_> = actions.iter().map(action).collect();
            format!(r#"{{"name":"{name}","actions":[{}]}}"#, actions.join(","))
        };
        let stages: Vec<_> = stages.iter().map(stage).collect();
        outline(&format!(r#"{{"stages":[{}]}}"#, stages.join(","))).unwrap()
    }

    fn told(from: &Outline, to: &Outline) -> Vec<String> {
        let told = compare(from, to).into_iter();
        told.map(|change| format!("{}: {}", change.gate.unwrap_or_default(), change.how))
            .collect()
    }

    fn usual() -> Outline {
        pipeline(&[
            ("Build", &["build:Make@1"]),
            ("Prod", &["gate:Approve@1", "deploy:Ship@2=shop"]),
        ])
    }

    #[test]
    fn a_pipeline_that_updates_itself_without_touching_a_gate_says_nothing() {
        for to in [
            usual(),
            pipeline(&[
                ("Build", &["build:Make@1=other", "build:Assets@2"]),
                ("Prod", &["gate:Approve@1", "deploy:Ship@2=shop"]),
            ]),
            // Another deployment ahead of the gate, and one more behind it.
            pipeline(&[
                ("Build", &["build:Make@1"]),
                ("Dev", &["deploy:Ship@1=shop-dev"]),
                ("Prod", &["gate:Approve@1", "deploy:Ship@2=shop", "deploy:More@3=more"]),
            ]),
            // One more gate, and a run order that changes nothing.
            pipeline(&[
                ("Build", &["build:Make@1", "gate:First@2"]),
                ("Prod", &["gate:Approve@4", "deploy:Ship@7=shop"]),
            ]),
            // What it stood before is set otherwise, or gone.
            pipeline(&[
                ("Build", &["build:Make@1"]),
                ("Prod", &["gate:Approve@1", "deploy:Ship@2=shop-2"]),
            ]),
            pipeline(&[("Build", &["build:Make@1"]), ("Prod", &["gate:Approve@1"])]),
        ] {
            assert_eq!(told(&usual(), &to), [""; 0], "{to:?}");
        }
    }

    #[test]
    fn a_gate_that_is_gone_renamed_or_elsewhere_is_removed() {
        for to in [
            pipeline(&[("Build", &["build:Make@1"]), ("Prod", &["deploy:Ship@2=shop"])]),
            pipeline(&[
                ("Build", &["build:Make@1"]),
                ("Prod", &["gate:Approved@1", "deploy:Ship@2=shop"]),
            ]),
            pipeline(&[
                ("Build", &["build:Make@1", "gate:Approve@2"]),
                ("Prod", &["deploy:Ship@2=shop"]),
            ]),
            // Something else of its name.
            pipeline(&[
                ("Build", &["build:Make@1"]),
                ("Prod", &["build:Approve@1", "deploy:Ship@2=shop"]),
            ]),
        ] {
            assert_eq!(told(&usual(), &to), ["Prod/Approve: removed"], "{to:?}");
        }
    }

    #[test]
    fn a_gate_that_nothing_waits_for_any_more_is_changed() {
        let around = |how: &str| vec![format!("Prod/Approve: {how}")];
        // Beside it, ahead of it by run order, ahead of it by stage.
        for order in [1, 0] {
            let ship = format!("deploy:Ship@{order}=shop");
            let to = pipeline(&[("Build", &["build:Make@1"]), ("Prod", &["gate:Approve@1", &ship])]);
            assert_eq!(told(&usual(), &to), around("does not stand before Prod/Ship any more"));
        }
        let renamed = pipeline(&[
            ("Build", &["build:Make@1"]),
            ("Early", &["deploy:Ship@1=shop"]),
            ("Prod", &["gate:Approve@1"]),
        ]);
        let copied = pipeline(&[
            ("Build", &["build:Make@1"]),
            ("Early", &["deploy:Ship@1=shop"]),
            ("Prod", &["gate:Approve@1", "deploy:Ship@2=shop"]),
        ]);
        for to in [renamed, copied] {
            let how = "does not stand before Early/Ship, which does what it stood before";
            assert_eq!(told(&usual(), &to), around(how), "{to:?}");
        }
        // Asked before there is anything to look at.
        let early = pipeline(&[
            ("Prod", &["gate:Approve@1", "deploy:Ship@2=shop"]),
            ("Build", &["build:Make@1"]),
        ]);
        assert_eq!(
            told(&usual(), &early),
            around("stands before Build/Make now, which ran ahead of it")
        );
    }

    #[test]
    fn what_was_done_on_both_sides_of_a_gate_was_never_held_back() {
        let both = pipeline(&[
            ("Dev", &["deploy:Ship@1=shop"]),
            ("Prod", &["gate:Approve@1", "deploy:Ship@2=shop"]),
        ]);
        let more = pipeline(&[
            ("Dev", &["deploy:Ship@1=shop"]),
            ("Dev2", &["deploy:Ship@1=shop"]),
            ("Prod", &["gate:Approve@1", "deploy:Ship@2=shop"]),
        ]);
        assert_eq!(told(&both, &more), [""; 0]);
    }

    #[test]
    fn each_setting_of_a_gate_is_told_by_its_name_and_never_by_its_value() {
        let of = |settings: &str| pipeline(&[("Prod", &[&format!("gate:Approve@1={settings}")])]);
        for (from, to, how) in [
            (r#""NotificationArn":"a""#, "", "notifies no topic any more"),
            ("", r#""NotificationArn":"a""#, "notifies a topic"),
            (
                r#""NotificationArn":"a""#,
                r#""NotificationArn":"b""#,
                "notifies another topic",
            ),
            (r#""IsSummaryRequired":"true""#, "", "requires no summary any more"),
            ("", r#""IsSummaryRequired":"true""#, "requires a summary"),
            ("", r#""CustomData":"x""#, "its text, link or other settings changed"),
        ] {
            assert_eq!(told(&of(from), &of(to)), [format!("Prod/Approve: {how}")]);
        }
        let mut skipped = of("");
        skipped.gates[0].skipped_by.insert("beforeEntry/Never".into());
        assert_eq!(
            told(&of(""), &skipped),
            ["Prod/Approve: its stage may be skipped by beforeEntry/Never"]
        );
        assert_eq!(told(&skipped, &of("")), [""; 0]);
        let (mut slow, mut other) = (of(""), of(""));
        slow.gates[0].timeout_minutes = 5;
        other.gates[0].kind = "Approval Custom Auto 1".into();
        assert_eq!(
            told(&of(""), &slow),
            ["Prod/Approve: waits for 5 minutes instead of 10080"]
        );
        assert_eq!(
            told(&of(""), &other),
            ["Prod/Approve: is Approval Custom Auto 1 instead of Approval AWS P 1"]
        );
        // Hidden once, and not the next time.
        let mut hidden = of(r#""NotificationArn":"a","CustomData":"x""#);
        hidden.gates[0].settings = None;
        hidden.gates[0].topic = None;
        assert_eq!(told(&hidden, &of("")), [""; 0]);
    }

    #[test]
    fn a_deleted_pipeline_takes_its_gates_along() {
        let gone = deleted(&usual());
        assert_eq!((gone.len(), gone[0].what), (1, What::Removed));
        assert_eq!(deleted(&pipeline(&[("Build", &["build:Make@1"])])), []);
    }
}
