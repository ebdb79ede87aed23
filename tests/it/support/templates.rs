//! What the tests know of the templates: all four, read as they are deployed.

use std::collections::BTreeMap;

use pipetrail_collector::templates;
use pipetrail_tests::relay::template::Stack;
use serde_json::{Map, Value, json};

pub(crate) const AUDIT: &str = "999988887777";
pub(crate) const MEMBER: &str = "111122223333";
pub(crate) const HOME: &str = "eu-central-1";

/// A template with parameters as `pipetrail apply` gives them.
pub(crate) struct Template {
    pub name: &'static str,
    pub stack: Stack,
    /// Resources with `Fn::ForEach` written out.
    pub resources: Map<String, Value>,
}

pub(crate) fn all() -> [Template; 4] {
    with(&[
        (
            "LakeWriters",
            "arn:aws:iam::999988887777:role/a,arn:aws:iam::999988887777:role/b*",
        ),
        ("DeployerRole", "arn:aws:iam::999988887777:role/deployer-*"),
    ])
}

/// All templates, and what the data stack is given beside what every installation gives it.
pub(crate) fn with(named: &[(&str, &str)]) -> [Template; 4] {
    let bus = format!("arn:aws:events:{HOME}:{AUDIT}:event-bus/pipetrail");
    let arn = |service: &str, name: &str| format!("arn:aws:{service}:{HOME}:{AUDIT}:{name}");
    let bucket = |kind: &str| format!("pipetrail-{kind}-{AUDIT}-{HOME}");
    [
        read("artifacts", templates::ARTIFACTS, AUDIT, &[]),
        read(
            "data",
            templates::DATA,
            AUDIT,
            &[
                &[
                    ("OrganizationId", "o-exampleorgid"),
                    ("EvidenceRetentionDays", "2557"),
                    ("OperatorEmail", "ops@example.com"),
                    ("AccountTopics", MEMBER),
                ][..],
                named,
            ]
            .concat(),
        ),
        read(
            "pipeline",
            templates::PIPELINE,
            AUDIT,
            &[
                ("BusName", "pipetrail"),
                ("BusDlqArn", &arn("sqs", "pipetrail-bus-dlq")),
                ("DecisionsQueueArn", &arn("sqs", "pipetrail-decisions")),
                ("AlertTopicArn", &arn("sns", "pipetrail-alerts")),
                ("OperatorTopicArn", &arn("sns", "pipetrail-operator")),
                ("ArtifactsBucket", &bucket("artifacts")),
                ("LakeBucket", &bucket("lake")),
                ("EvidenceBucket", &bucket("evidence")),
                ("AthenaResultsBucket", &bucket("athena")),
                ("TransformKey", "t.zip"),
                ("SettleKey", "s.zip"),
                ("ApprovalKey", "a.zip"),
                ("WatchKey", "w.zip"),
                ("LakeRetentionDays", "30"),
            ],
        ),
        read(
            "member",
            include_str!("../../../member-stack/template.yaml"),
            MEMBER,
            &[
                ("AuditBusArn", &bus),
                ("ReaderRegion", HOME),
                ("ReaderExternalId", "o-exampleorgid"),
            ],
        ),
    ]
}

pub(crate) fn template(name: &str) -> Template {
    all().into_iter().find(|template| template.name == name).unwrap()
}

fn read(name: &'static str, body: &'static str, account: &str, parameters: &[(&str, &str)]) -> Template {
    let given: BTreeMap<_, _> = parameters
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let stack = Stack::new(account, HOME, body, given).unwrap();
    let mut resources = Map::new();
    for (id, resource) in stack.template()["Resources"].as_object().unwrap() {
        match id.strip_prefix("Fn::ForEach::") {
            Some(_) => for_each(&stack, resource, &mut resources),
            None => drop(resources.insert(id.clone(), resource.clone())),
        }
    }
    // Once more, with the loops written out, so that a resource of a loop can be referred to.
    let mut written_out = stack.template().clone();
    written_out["Resources"] = Value::Object(resources.clone());
    let stack = Stack::new(account, HOME, &written_out.to_string(), stack.parameters.clone()).unwrap();
    Template { name, stack, resources }
}

/// `[identifier, [values] or {"Ref": parameter}, {"…${identifier}…": resource}]`, by text replacement
/// as AWS does it.
fn for_each(stack: &Stack, loop_: &Value, out: &mut Map<String, Value>) {
    let identifier = loop_[0].as_str().unwrap();
    let values: Vec<&str> = match loop_[1]["Ref"].as_str() {
        Some(parameter) => stack.parameters[parameter].split(',').collect(),
        None => loop_[1]
            .as_array()
            .unwrap()
            .iter()
            .map(|value| value.as_str().unwrap())
            .collect(),
    };
    for value in values {
        let alphanumeric: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
        let body = loop_[2]
            .to_string()
            .replace(&json!({"Ref": identifier}).to_string(), &json!(value).to_string())
            .replace(&format!("&{{{identifier}}}"), &alphanumeric)
            .replace(&format!("${{{identifier}}}"), value);
        let mut body = serde_json::from_str(&body).unwrap();
        plain_references(&mut body);
        out.extend(body.as_object().unwrap().clone());
    }
}

/// `{"Ref": {"Fn::Sub": "Topic1"}}`, which the transform admits, is `{"Ref": "Topic1"}`.
fn plain_references(value: &mut Value) {
    if let Some(name) = value.pointer("/Ref/Fn::Sub").cloned() {
        value["Ref"] = name;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(plain_references),
        Value::Object(fields) => fields.values_mut().for_each(plain_references),
        _ => {}
    }
}

impl Template {
    /// Resources of a type, by logical id.
    pub(crate) fn of_type(&self, kind: &str) -> Vec<(&str, &Value)> {
        self.resources
            .iter()
            .filter(|(_, resource)| resource["Type"] == kind)
            .map(|(id, resource)| (id.as_str(), resource))
            .collect()
    }

    /// Resolved properties of every resource of a type.
    pub(crate) fn resolved(&self, kind: &str) -> Vec<Value> {
        self.of_type(kind)
            .into_iter()
            .map(|(id, resource)| {
                self.stack
                    .resolve(&resource["Properties"])
                    .unwrap_or_else(|error| panic!("{id}: {error:#}"))
            })
            .collect()
    }
}
