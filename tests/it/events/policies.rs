//! The policies of all templates, against a table of requests (`tests/policies/`). MiniStack and moto evaluate no
//! policies of buckets, topics and queues, so this is the only test of those. Without Node it is skipped, with a word.

use std::path::Path;
use std::process::Command;

use serde_json::{Map, Value, json};

use crate::built::built;
use crate::templates::{AUDIT, HOME, MEMBER, Template, all, with};

/// Physical names and policies of the resources of a type, of all templates.
fn policies(templates: &[Template], kind: &str, name: &str, policy: &str) -> Map<String, Value> {
    let mut found = Map::new();
    for properties in templates.iter().flat_map(|template| template.resolved(kind)) {
        let named = properties[name]
            .as_str()
            .or_else(|| properties[name][0].as_str())
            .unwrap();
        let named = named.rsplit(':').next().unwrap();
        assert!(
            found.insert(named.to_owned(), properties[policy].clone()).is_none(),
            "{named}"
        );
    }
    found
}

fn roles(templates: &[Template]) -> Map<String, Value> {
    let mut found = Map::new();
    for template in templates {
        let account = if template.name == "member" { MEMBER } else { AUDIT };
        for role in template.resolved("AWS::IAM::Role") {
            let policies = role["Policies"].as_array().unwrap().iter();
            let policies: Vec<&Value> = policies.map(|policy| &policy["PolicyDocument"]).collect();
            let role_of = json!({"account": account, "trust": role["AssumeRolePolicyDocument"], "policies": policies});
            found.insert(role["RoleName"].as_str().unwrap().to_owned(), role_of);
        }
    }
    found
}

#[test]
fn every_request_is_answered_as_the_policy_table_says_and_no_condition_is_idle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if Command::new("node").arg("--version").output().is_err() || Command::new("npm").arg("--version").output().is_err()
    {
        eprintln!("skipped: no Node; the policy table needs node and npm");
        return;
    }
    let installed = Command::new(root.join("../.ci/policies")).output().unwrap();
    let said = String::from_utf8_lossy(&installed.stderr);
    assert!(installed.status.success(), "{said}");
    let modules = String::from_utf8(installed.stdout).unwrap();

    let exported = Command::new(&built().pipetrail)
        .args(["export", "scp"])
        .output()
        .unwrap();
    let scp: Value = serde_json::from_slice(&exported.stdout).unwrap();
    let ask = |templates: &[Template], how: &str| {
        let documents = json!({
            "account": AUDIT, "region": HOME, "organization": "o-exampleorgid", "member": MEMBER,
            "buckets": policies(templates, "AWS::S3::BucketPolicy", "Bucket", "PolicyDocument"),
            "buses": policies(templates, "AWS::Events::EventBus", "Name", "Policy"),
            "queues": policies(templates, "AWS::SQS::QueuePolicy", "Queues", "PolicyDocument"),
            "topics": policies(templates, "AWS::SNS::TopicPolicy", "Topics", "PolicyDocument"),
            "roles": roles(templates),
            "scp": scp,
        });
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), documents.to_string()).unwrap();
        let check = root.join("policies/check.mjs");
        let mut node = Command::new("node");
        node.args([check.as_path(), file.path(), Path::new(modules.trim())]);
        let checked = node.arg(how).output().unwrap();
        let said = String::from_utf8_lossy(&checked.stdout).into_owned() + &String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success(), "{said}");
        assert!(said.contains(": as expected"), "{said}");
        said
    };
    let said = ask(&all(), "--mutate");
    let (count, _) = said.split_once(" requests").unwrap();
    let told = format!("asks an engine for IAM's rules {count} times");
    assert!(
        include_str!("../../../docs/templates.md").contains(&told),
        "docs/templates.md: {told}"
    );
    ask(&with(&[]), "--defaults");
}
