//! `pipetrail query`: Athena, forms of output, the prompt.
//!
//! The local organization's Athena is DuckDB behind Athena's API: what it says of errors, and that its
//! types are named as Athena names them, is unproven on AWS.

mod alone;
pub(super) mod prompt;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use pipetrail_tests::environment::Ran;
use pipetrail_tests::fault_proxy::Fault;
use pipetrail_tests::organization::{HOME, Organization};
use pipetrail_tests::{aws, names};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::org;

/// Decisions, each at a minute of its own.
const DECISIONS: [(&str, &str); 3] = [
    (
        include_str!("../../fixtures/cloudtrail/put-approval-rejected-sso-console.json"),
        "2026-11-20T09:01:58Z",
    ),
    (
        include_str!("../../fixtures/cloudtrail/put-approval-approved-summary-control-chars.json"),
        "2026-11-20T09:02:58Z",
    ),
    (
        include_str!("../../fixtures/cloudtrail/put-approval-approved-iam-user-mfa-console.json"),
        "2026-11-20T09:03:58Z",
    ),
];

const ASKED: &str = "SELECT event_time, account_id, decision, approver, summary, mfa, event_ms, error_code \
                     FROM approval_calls ORDER BY event_time, event_key;";

#[test]
fn athena_and_a_folder_give_the_rows_that_were_played_in_every_form() {
    org::with(|shared| async move { story(Arc::new(org::fresh(&shared, 1).await?)).await });
}

async fn query(organization: &Organization, arguments: &[&str]) -> Result<Ran> {
    let arguments = [&["query"], arguments].concat();
    organization.run(&arguments, &organization.aws_config).await
}

async fn story(organization: Arc<Organization>) -> Result<()> {
    // Nothing is deployed: there is no workgroup.
    let ran = query(&organization, &["SELECT 1"]).await?;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{}", ran.stderr);
    assert!(
        ran.stderr.starts_with("error: cannot begin a query in Athena"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("hint: workgroup pipetrail"), "{}", ran.stderr);

    organization.apply().await?;
    let member = organization.members[0].id.clone();
    let events = DECISIONS.map(|(text, time)| {
        let text = text.replace("2026-11-20T09:27:58Z", time);
        org::moved(&text, ("111122223333", &member), (HOME, HOME))
    });
    org::play_all(&organization, events.iter().map(org::emit).collect()).await?;

    let ran = query(&organization, &[ASKED, "--output", "json"]).await?;
    let row = |minute: u8, decision: &str, approver: &str, summary: &str, mfa: Option<bool>| {
        json!({
            "event_time": format!("2026-11-20T09:0{minute}:58.000Z"), "account_id": member, "decision": decision,
            "approver": approver, "summary": summary, "mfa": mfa,
            "event_ms": 1_795_165_318_000_i64 + 60_000 * i64::from(minute - 1), "error_code": null,
        })
    };
    let (dana, hostile) = ("dana@example.com", "line1\nline2\t\"quoted\" é 漢字 \u{2028} <script>");
    let rows = json!([
        row(1, "Rejected", dana, "Not in the change window", None),
        row(2, "Approved", dana, hostile, None),
        row(3, "Approved", "dana", "CAB-118 ok", Some(true)),
    ]);
    assert_eq!(ran.json()?, rows, "{}", ran.stderr);
    let said = ran.stderr.trim_end();
    assert!(
        said.starts_with("3 rows in ") && said.contains(" scanned, about 0.00005 USD"),
        "{said}"
    );

    let lake = tempfile::tempdir()?;
    copy_lake(&organization, lake.path()).await?;
    let place = lake.path().to_str().unwrap();
    for form in ["table", "json", "csv"] {
        let cloud = query(&organization, &[ASKED, "--output", form]).await?;
        let folder = query(&organization, &[ASKED, "--output", form, "--lake", place]).await?;
        assert_eq!(
            (cloud.code, folder.code),
            (Some(0), Some(0)),
            "{}{}",
            cloud.stderr,
            folder.stderr
        );
        assert_eq!(cloud.stdout, folder.stdout);
    }
    forms(&organization, &rows).await?;
    refused(&organization).await?;
    interrupted(&organization).await?;
    interrupted_at_the_prompt(&organization).await
}

/// Every object of the tables, in folders named as their keys.
async fn copy_lake(organization: &Organization, folder: &Path) -> Result<()> {
    let client = aws::s3(&organization.audit().await?);
    let bucket = names::bucket("lake", &organization.relay.cloud.audit, HOME);
    for key in aws::object_keys(&client, &bucket, "landing/approval_calls/").await? {
        let object = client.get_object().bucket(&bucket).key(&key).send().await?;
        let path = folder.join(&key);
        fs::create_dir_all(path.parent().unwrap())?;
        fs::write(path, object.body.collect().await?.into_bytes())?;
    }
    Ok(())
}

/// What a table and CSV show of the same rows.
async fn forms(organization: &Organization, rows: &Value) -> Result<()> {
    let table = query(organization, &[ASKED]).await?.stdout;
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 4, "{table}");
    assert!(
        lines[0].starts_with("event_time  ") && lines[0].ends_with("  error_code"),
        "{table}"
    );
    assert!(lines[1].contains("  dana@example.com  Not in the change window  ") && lines[1].ends_with("  -"));
    assert!(
        lines[2].contains(r#"line1\nline2\t"quoted" é 漢字 \u{2028} <script>"#),
        "{table}"
    );
    assert!(lines[3].contains("  true  "), "{table}");

    let csv = query(organization, &[ASKED, "--output", "csv"]).await?.stdout;
    let (header, records) = csv.split_once("\r\n").unwrap();
    assert_eq!(
        header,
        "event_time,account_id,decision,approver,summary,mfa,event_ms,error_code"
    );
    let hostile = rows[1]["summary"].as_str().unwrap().replace('"', "\"\"");
    assert!(
        records.contains(&format!(",\"{hostile}\",,1795165378000,\r\n")),
        "{csv}"
    );
    assert!(records.ends_with(",dana,CAB-118 ok,true,1795165438000,\r\n"), "{csv}");
    Ok(())
}

/// What cannot be answered is said, and nothing of it on standard output.
async fn refused(organization: &Organization) -> Result<()> {
    let proxied = organization.proxied().await?;
    for (sql, code, error) in [
        ("SELECT nothing FROM approval_calls", 1, "error: the query failed: "),
        ("SELECT 1 FROM nowhere", 1, "error: the query failed: "),
        ("DROP TABLE approval_calls", 2, "error: only what reads is sent"),
        ("SELECT 1; SELECT 2", 2, "error: there is more than one statement"),
    ] {
        proxied.traffic.place(None);
        let ran = organization.run(&["query", sql], &proxied.aws_config).await?;
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(code), ""),
            "{sql}: {}",
            ran.stderr
        );
        assert!(
            ran.stderr.starts_with(error) && ran.stderr.contains("\nhint: "),
            "{sql}: {}",
            ran.stderr
        );
        // What is refused here is refused before anybody signs in for it.
        assert_eq!(proxied.traffic.count() == 0, code == 2, "{sql}");
    }
    for (fault, hint) in [
        (
            "AccessDeniedException",
            "hint: the audit profile needs athena:StartQueryExecution",
        ),
        (
            "TooManyRequestsException",
            "hint: as many queries as the account may run are running",
        ),
    ] {
        proxied.traffic.place(None);
        proxied
            .traffic
            .inject(Fault::Error(fault), 100, |call| call.operation == "StartQueryExecution");
        let ran = organization.run(&["query", "SELECT 1"], &proxied.aws_config).await?;
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        assert!(ran.stderr.contains(hint), "{}", ran.stderr);
        let attempts = proxied.traffic.count_of("StartQueryExecution");
        assert_eq!(attempts > 1, fault == "TooManyRequestsException", "{attempts}");
    }
    // A look that is lost is taken again.
    proxied.traffic.place(None);
    proxied
        .traffic
        .inject(Fault::AnswerLost, 1, |call| call.operation == "GetQueryExecution");
    let ran = organization
        .run(&["query", "SELECT 1 AS n"], &proxied.aws_config)
        .await?;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "n\n1\n"), "{}", ran.stderr);
    Ok(())
}

/// Ctrl-C stops the query in Athena.
async fn interrupted(organization: &Organization) -> Result<()> {
    let proxied = organization.proxied().await?;
    let traffic = &proxied.traffic;
    traffic.inject(Fault::Stalls, 1, |call| call.operation == "GetQueryExecution");
    let child = organization
        .command(&["query", "SELECT 1"], &proxied.aws_config)
        .spawn()?;
    traffic.until("GetQueryExecution", 1).await?;
    let id = child.id().unwrap().to_string();
    Command::new("kill").args(["-INT", &id]).status().await?;
    let output = child.wait_with_output().await?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.starts_with("error: interrupted, nothing was changed\nstopped query "),
        "{said}"
    );
    assert_eq!(traffic.count_of("StopQueryExecution"), 1);
    assert!(output.stdout.is_empty());
    Ok(())
}

/// Ctrl-C at the prompt stops the query and nothing else.
async fn interrupted_at_the_prompt(organization: &Organization) -> Result<()> {
    let proxied = organization.proxied().await?;
    let stalls = Fault::Stalls;
    proxied
        .traffic
        .inject(stalls, 1, |call| call.operation == "GetQueryExecution");
    let command = organization.command(&["query"], &proxied.aws_config);
    let environment = organization.environment().aws_config(&proxied.aws_config);
    let typing = tokio::task::spawn_blocking(move || {
        prompt::typed(
            &environment,
            command.as_std(),
            &["SELECT 1;\r", "\x03", "SELECT 40 + 2 AS answer;\r", "\\q\r"],
        )
    });
    let (shown, code) = typing.await?;
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("error: interrupted\n"), "{shown}");
    assert!(shown.contains("stopped query "), "{shown}");
    assert!(shown.contains("answer\n    42\n1 row in "), "{shown}");
    assert_eq!(proxied.traffic.count_of("StopQueryExecution"), 1);
    Ok(())
}
