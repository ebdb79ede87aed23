//! What is kept of a pipeline's structure: its gates, and what lies before and behind them.
//!
//! Action configuration is never kept: flags and digests stand for it. Names are AWS's own, at most 100 characters;
//! longer ones are cut.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::decision::limited_to;
use crate::json::{Json, Nulls};
use crate::key::sha256_hex;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    pub gates: Vec<Gate>,
    /// All actions but sources, approvals too.
    pub actions: Vec<Action>,
}

/// When in an execution something happens: later places wait for earlier ones, equal ones run side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    stage: usize,
    /// `runOrder` of an action.
    order: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// `<stage>/<action>`, or `<stage>/beforeEntry/<rule>`, `<stage>/onSuccess/<rule>`: unique in a pipeline.
    pub name: String,
    /// Category, owner, provider and version.
    pub kind: String,
    pub place: Place,
    pub timeout_minutes: i64,
    /// Digest of the notification topic; `None` where there is none or it is hidden.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub topic: Option<String>,
    pub summary_required: bool,
    /// What lets an execution go past its stage although it did not let it through: rules of `beforeEntry`, and
    /// `onFailure`, whose result is to skip. Source: CodePipeline's guide, stage conditions.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub skipped_by: BTreeSet<String>,
    /// Digest of everything else that it is set to; `None` where that is hidden.
    pub settings: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// `<stage>/<action>`
    pub name: String,
    /// Category, owner, provider and version.
    pub kind: String,
    pub place: Place,
    /// Digest of what it works on, such as application and deployment group; `None` where that cannot be told.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub target: Option<String>,
}

/// A manual approval waits for a week unless it says otherwise. Source: CodePipeline's quotas.
const DEFAULT_TIMEOUT: i64 = 7 * 24 * 60;
/// Longer than any name that AWS takes.
const NAME_LIMIT: usize = 128;
/// The conditions of a stage that hold an execution up, and where each stands among the stage's actions.
const CONDITIONS: [(&str, i64); 2] = [("beforeEntry", i64::MIN), ("onSuccess", i64::MAX)];
/// Configuration of an approval that has a field of its own here.
const TOPIC: &str = "NotificationArn";
const SUMMARY_REQUIRED: &str = "IsSummaryRequired";
/// Configuration that says what an action works on: names, never secrets. Source: CodePipeline's action reference.
const TARGETS: [&str; 16] = [
    "Application",
    "ApplicationName",
    "BucketName",
    "ClusterName",
    "DeploymentGroupName",
    "DeploymentTargets",
    "Environment",
    "EnvironmentName",
    "FunctionName",
    "ObjectKey",
    "PipelineName",
    "ProductId",
    "ProjectName",
    "ServiceName",
    "StackName",
    "StackSetName",
];

impl Outline {
    /// The outline of a `pipeline` as the calls send and answer it; `None` where its structure is left out or hidden.
    /// `scope` goes into the digests, so that equal values of two accounts or regions have others.
    pub fn of(pipeline: &Json<'_>, scope: &str) -> Option<Self> {
        let mut outline = Self::default();
        let Some(Json::Array(stages)) = pipeline.get("stages") else {
            return None;
        };
        for (index, stage) in stages.iter().enumerate() {
            let name = text(stage, "name");
            for (phase, order) in CONDITIONS {
                let place = Place { stage: index, order };
                outline.conditions(stage.get(phase), &format!("{name}/{phase}"), place, scope)?;
            }
            let first = outline.gates.len();
            for action in list(stage.get("actions"))? {
                outline.action(action, &name, index, scope);
            }
            let skipped_by = skips(stage);
            for gate in &mut outline.gates[first..] {
                gate.skipped_by.clone_from(&skipped_by);
            }
        }
        Some(outline)
    }

    fn conditions(&mut self, phase: Option<&Json<'_>>, within: &str, place: Place, scope: &str) -> Option<()> {
        let Some(phase) = phase.filter(|phase| **phase != Json::Null) else {
            return Some(());
        };
        for condition in list(phase.get("conditions"))? {
            for rule in list(condition.get("rules"))? {
                let name = format!("{within}/{}", text(rule, "name"));
                let parts = [
                    condition.get("result"),
                    rule.get("configuration"),
                    rule.get("commands"),
                    rule.get("roleArn"),
                    rule.get("region"),
                ];
                self.gates.push(Gate {
                    kind: kind(rule.get("ruleTypeId")),
                    place,
                    timeout_minutes: rule.get("timeoutInMinutes").and_then(Json::integer).unwrap_or(0),
                    topic: None,
                    summary_required: false,
                    skipped_by: BTreeSet::new(),
                    settings: Some(digest(scope, &name, &parts)),
                    name,
                });
            }
        }
        Some(())
    }

    fn action(&mut self, action: &Json<'_>, stage: &str, index: usize, scope: &str) {
        let name = format!("{stage}/{}", text(action, "name"));
        let category = action.at(&["actionTypeId", "category"]).and_then(Json::as_str);
        if category == Some("Source") {
            return;
        }
        let place = Place {
            stage: index,
            order: action.get("runOrder").and_then(Json::integer).unwrap_or(1),
        };
        let kind = kind(action.get("actionTypeId"));
        let configuration = action.get("configuration");
        if category == Some("Approval") {
            self.gates.push(gate(action, &name, &kind, place, scope));
        }
        let named = |key: &str| Some(format!("\n{key}={}", configuration?.get(key)?.as_str()?));
        let works_on: String = TARGETS.iter().filter_map(|key| named(key)).collect();
        let whose = [action.get("roleArn"), action.get("region")];
        let target = (!works_on.is_empty()).then(|| digest(scope, &format!("{kind}{works_on}"), &whose));
        self.actions.push(Action {
            name,
            kind,
            place,
            target,
        });
    }
}

fn gate(action: &Json<'_>, name: &str, kind: &str, place: Place, scope: &str) -> Gate {
    let empty = Json::Object(Vec::new());
    let configuration = match action.get("configuration") {
        None | Some(Json::Null) => &empty,
        Some(configuration) => configuration,
    };
    let topic = configuration
        .get(TOPIC)
        .filter(|topic| topic.text().is_some_and(|arn| !arn.is_empty()));
    let settings = match configuration {
        Json::Object(fields) => {
            let rest = fields
                .iter()
                .filter(|(name, _)| name != TOPIC && name != SUMMARY_REQUIRED);
            let rest = Json::Object(rest.cloned().collect());
            Some(digest(
                scope,
                name,
                &[Some(&rest), action.get("roleArn"), action.get("region")],
            ))
        }
        _ => None,
    };
    Gate {
        name: name.to_owned(),
        kind: kind.to_owned(),
        place,
        timeout_minutes: action
            .get("timeoutInMinutes")
            .and_then(Json::integer)
            .unwrap_or(DEFAULT_TIMEOUT),
        topic: topic.map(|topic| digest(scope, name, &[Some(topic)])),
        summary_required: configuration.get(SUMMARY_REQUIRED).and_then(Json::boolean) == Some(true),
        skipped_by: BTreeSet::new(),
        settings,
    }
}

/// The rules and results of a stage that skip it.
fn skips(stage: &Json<'_>) -> BTreeSet<String> {
    let is_skip = |value: &Json<'_>| value.get("result").and_then(Json::as_str) == Some("SKIP");
    let mut found = BTreeSet::new();
    for phase in ["beforeEntry", "onFailure"] {
        let conditions = list(stage.at(&[phase, "conditions"])).unwrap_or_default();
        for condition in conditions.iter().filter(|condition| is_skip(condition)) {
            let rules = list(condition.get("rules")).unwrap_or_default().iter();
            found.extend(rules.map(|rule| format!("{phase}/{}", text(rule, "name"))));
        }
    }
    found.extend(
        stage
            .get("onFailure")
            .filter(|phase| is_skip(phase))
            .map(|_| "onFailure".to_owned()),
    );
    found
}

/// The items of a list; none where it is not there, `None` where something else is in its place.
fn list<'j, 'a>(value: Option<&'j Json<'a>>) -> Option<&'j [Json<'a>]> {
    match value {
        None | Some(Json::Null) => Some(&[]),
        Some(Json::Array(items)) => Some(items),
        Some(_) => None,
    }
}

fn text(value: &Json<'_>, name: &str) -> String {
    limited_to(value.get(name).and_then(Json::as_str).unwrap_or("?"), NAME_LIMIT)
}

fn kind(type_id: Option<&Json<'_>>) -> String {
    let parts = ["category", "owner", "provider", "version"]
        .map(|name| type_id.map_or_else(|| "?".into(), |id| text(id, name)));
    parts.join(" ")
}

/// 16 hex digits of what the parts say; a part that is `null` is as good as none.
fn digest(scope: &str, name: &str, parts: &[Option<&Json<'_>>]) -> String {
    let mut canonical = format!("{scope}\n{name}").into_bytes();
    for part in parts {
        canonical.push(b'\n');
        part.unwrap_or(&Json::Null).canonical(Nulls::Absent, &mut canonical);
    }
    let mut digest = sha256_hex(&String::from_utf8_lossy(&canonical));
    digest.truncate(16);
    digest
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn outline(pipeline: &str) -> Option<Outline> {
        Outline::of(&Json::parse(pipeline).unwrap(), "000000000012 eu-central-1")
    }

    const APPROVAL: &str = r#""actionTypeId":{"category":"Approval","owner":"AWS","provider":"Manual","version":"1"}"#;

    fn gate(fields: &str) -> Gate {
        let pipeline =
            format!(r#"{{"stages":[{{"name":"Prod","actions":[{{"name":"Approve",{APPROVAL}{fields}}}]}}]}}"#);
        outline(&pipeline).unwrap().gates.remove(0)
    }

    #[test]
    fn what_request_and_answer_write_differently_is_one_outline() {
        let bare = gate("");
        assert_eq!(
            (bare.name.as_str(), bare.kind.as_str()),
            ("Prod/Approve", "Approval AWS Manual 1")
        );
        for same in [
            r#","runOrder":1,"timeoutInMinutes":10080"#,
            r#","runOrder":1.0,"configuration":{},"inputArtifacts":[],"region":null"#,
            r#","configuration":{"IsSummaryRequired":"false","NotificationArn":""}"#,
        ] {
            assert_eq!(gate(same), bare, "{same}");
        }
    }

    #[test]
    fn configuration_is_kept_as_digests_only() {
        let secret = r#","configuration":{"NotificationArn":"arn:aws:sns:eu-central-1:000000000012:hush","CustomData":"password","IsSummaryRequired":"true"}"#;
        let kept = serde_json::to_string(&gate(secret)).unwrap();
        assert!(
            !kept.contains("hush") && !kept.contains("password") && !kept.contains("arn:"),
            "{kept}"
        );
        let (with, without) = (gate(secret), gate(""));
        assert!(with.topic.is_some() && with.summary_required && with.settings != without.settings);
        let deploy = r#"{"stages":[{"name":"S","actions":[{"name":"D","actionTypeId":{"category":"Build"},"configuration":{"ProjectName":"hush","EnvironmentVariables":"[{\"value\":\"password\"}]"}}]}]}"#;
        let kept = serde_json::to_string(&outline(deploy)).unwrap();
        assert!(!kept.contains("hush") && !kept.contains("password"), "{kept}");
    }

    #[test]
    fn a_structure_that_is_hidden_or_left_out_is_none() {
        for hidden in [
            "{}",
            r#"{"stages":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#,
            r#"{"stages":[{"name":"S","actions":"HIDDEN_DUE_TO_SECURITY_REASONS"}]}"#,
            r#"{"stages":[{"name":"S","beforeEntry":{"conditions":"***"},"actions":[]}]}"#,
        ] {
            assert_eq!(outline(hidden), None, "{hidden}");
        }
        let masked = gate(r#","configuration":"HIDDEN_DUE_TO_SECURITY_REASONS""#);
        assert_eq!((masked.settings, masked.topic), (None, None));
    }

    #[test]
    fn what_skips_the_stage_of_a_gate_is_kept() {
        let rule = r#"{"conditions":[{"result":"SKIP","rules":[{"name":"Never"}]}]}"#;
        let pipeline = format!(
            r#"{{"stages":[{{"name":"Prod","beforeEntry":{rule},"onFailure":{{"result":"SKIP"}},"actions":[{{"name":"Approve",{APPROVAL}}}]}}]}}"#
        );
        let gates = outline(&pipeline).unwrap().gates;
        let skipped_by: Vec<_> = gates[1].skipped_by.iter().map(String::as_str).collect();
        assert_eq!(
            (gates[1].name.as_str(), skipped_by),
            ("Prod/Approve", vec!["beforeEntry/Never", "onFailure"])
        );
        let failing = pipeline.replace("SKIP", "FAIL");
        assert!(outline(&failing).unwrap().gates[1].skipped_by.is_empty());
    }

    #[test]
    fn conditions_of_stages_are_gates() {
        let rule = |name: &str| {
            format!(
                r#"{{"conditions":[{{"result":"FAIL","rules":[{{"name":"{name}","ruleTypeId":{{"category":"Rule","owner":"AWS","provider":"DeploymentWindow","version":"1"}},"configuration":{{"Cron":"* * * * *"}}}}]}}]}}"#
            )
        };
        let pipeline = format!(
            r#"{{"stages":[{{"name":"Prod","beforeEntry":{},"onSuccess":{},"onFailure":{{"result":"ROLLBACK"}},"actions":[{{"name":"Deploy","actionTypeId":{{"category":"Deploy"}},"runOrder":3}}]}}]}}"#,
            rule("Window"),
            rule("Bake")
        );
        let Outline { gates, actions } = outline(&pipeline).unwrap();
        let names: Vec<_> = gates.iter().map(|gate| gate.name.as_str()).collect();
        assert_eq!(names, ["Prod/beforeEntry/Window", "Prod/onSuccess/Bake"]);
        assert!(gates[0].place < actions[0].place && actions[0].place < gates[1].place);
    }
}
