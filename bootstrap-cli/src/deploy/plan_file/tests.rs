use serde_json::json;

use super::*;

fn file() -> PlanFile {
    PlanFile {
        format: FORMAT,
        pipetrail: env!("CARGO_PKG_VERSION").into(),
        organization: "o-abcdefghij".into(),
        audit_account: "999988887777".parse().unwrap(),
        created: "2026-11-21T00:00:00Z".into(),
        fingerprint: "0".repeat(64),
        plan: json!({"stacks": []}),
    }
}

/// Writes a text to a file of its own and reads it as a plan.
fn read(name: &str, text: &str) -> Result<PlanFile, PlanFileError> {
    let path = std::env::temp_dir().join(format!("pipetrail-{}-{name}", std::process::id()));
    fs::write(&path, text).unwrap_or_else(|error| panic!("{error}"));
    let file = PlanFile::read(&path);
    let _ = fs::remove_file(&path);
    file
}

#[test]
fn what_is_written_is_read_again() {
    let text = serde_json::to_string(&file()).unwrap_or_default();
    assert_eq!(read("whole", &text).unwrap_or_else(|error| panic!("{error}")), file());
}

#[test]
fn a_broken_file_another_format_and_another_account_are_wrong_usage() {
    let text = serde_json::to_string(&file()).unwrap_or_default();
    let half = read("half", text.get(..text.len() / 2).unwrap_or_default());
    assert!(matches!(&half, Err(error @ PlanFileError::Broken { .. }) if error.exit() == Exit::Usage));
    // Another format may have other fields.
    let newer = read("newer", r#"{"format": 2, "whatever": true}"#);
    assert!(matches!(&newer, Err(PlanFileError::Format { found: 2, .. })));
    let elsewhere = file().belongs(Path::new("p"), "audit account", "999988887777", "111122223333");
    let error = elsewhere.map_or_else(|error| error.to_string(), |()| String::new());
    assert_eq!(
        error,
        "p is a plan for audit account 999988887777, but here it is 111122223333"
    );
    let missing = PlanFile::read(Path::new("/nowhere/pipetrail.plan"));
    assert!(matches!(missing, Err(error) if error.exit() == Exit::Usage));
}

#[test]
fn what_differs_is_named_by_its_path_in_one_line() {
    let then = json!({"stacks": [{"name": "a", "protect": false}], "region": "eu-central-1", "joins": []});
    let now = json!({"stacks": [{"name": "a", "protect": true}, {"name": "b"}], "region": "eu-central-1",
        "joins": [], "new": "x".repeat(200)});
    let mut found = Vec::new();
    differing("", &then, &now, &mut found);
    assert_eq!(
        found,
        [
            "stacks[0].protect: false -> true".to_owned(),
            "stacks[1]: nothing -> {\"b\", …}".to_owned(),
            format!("new: nothing -> \"{}…", "x".repeat(99)),
        ]
    );
    let moved = PlanFileError::Moved {
        created: "2026-11-21T00:00:00Z".into(),
        differences: vec!["x".into(); 12],
    };
    assert_eq!(moved.exit(), Exit::Failed);
    assert!(moved.to_string().ends_with("\n  x\n  and 2 more"), "{moved}");
}
