use super::*;

fn instant(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

/// The row of an event with that detail, as JSON.
fn row_of(envelope: &str, arrived: Option<&str>) -> serde_json::Value {
    let mut event = Event::parse(envelope.as_bytes()).unwrap();
    let (table, key) = (event.table(), event.key());
    event.redact();
    let origin = match arrived {
        Some(arrived) => Origin::Stream {
            arrived: Some(instant(arrived)),
        },
        None => Origin::File {
            read: event.time(),
            name: "events.json",
            source: "backfill:events",
        },
    };
    let mut line = Vec::new();
    row(&event, table, key, origin).write(&mut line);
    serde_json::from_slice(&line).unwrap()
}

fn heartbeat(time: &str, scheduled: &str, more: &str) -> String {
    format!(
        r#"{{"source":"pipetrail.heartbeat","detail-type":"pipetrail heartbeat","account":"000000000012","region":"eu-central-1","time":"{time}","detail":{{"scheduled_time":{scheduled}}}{more}}}"#
    )
}

#[test]
fn a_heartbeat_counts_for_its_scheduled_hour_if_it_came_within_a_day_of_it() {
    let arrived = "2026-11-20T09:00:12Z";
    for (scheduled, hour) in [
        (r#""2026-11-20T09:00:00Z""#, Some("2026-11-20T09:00:00.000Z")),
        (r#""2026-11-20T11:30:00+02:00""#, Some("2026-11-20T09:00:00.000Z")),
        (r#""2026-11-19T09:00:00Z""#, Some("2026-11-19T09:00:00.000Z")),
        (r#""2026-11-19T08:59:59Z""#, None),
        (r#""2026-11-21T09:00:00Z""#, Some("2026-11-21T09:00:00.000Z")),
        (r#""2026-11-21T10:00:00Z""#, None),
        (r#""soon""#, None),
        ("7", None),
        ("null", None),
    ] {
        let row = row_of(&heartbeat("2026-11-20T09:00:00Z", scheduled, ""), Some(arrived));
        assert_eq!(
            row.get("covered_hour").and_then(|hour| hour.as_str()),
            hour,
            "{scheduled}"
        );
    }
    let scheduled = r#""2026-11-20T09:00:00Z""#;
    // Its own time is as far off as that of no other event that counts.
    let in_doubt = row_of(&heartbeat("2026-12-20T09:00:00Z", scheduled, ""), Some(arrived));
    assert_eq!(
        (in_doubt.get("covered_hour"), &in_doubt["time_in_doubt"]),
        (None, &true.into())
    );
    let from_file = row_of(&heartbeat("2026-11-20T09:00:00Z", scheduled, ""), None);
    assert_eq!(from_file.get("covered_hour"), None);
    // A stream that does not say when proves nothing.
    let text = heartbeat("2026-11-20T09:00:00Z", scheduled, "");
    let event = Event::parse(text.as_bytes()).unwrap();
    let row = row(&event, event.table(), event.key(), Origin::Stream { arrived: None });
    let mut line = Vec::new();
    row.write(&mut line);
    assert!(!String::from_utf8(line).unwrap().contains("covered_hour"));
}

#[test]
fn a_live_row_says_where_its_time_and_its_arrival_are_over_a_day_apart() {
    let replayed = r#","replay-name":"r""#;
    for (time, more, arrived, doubt) in [
        ("2026-11-20T09:00:00Z", "", Some("2026-11-21T09:00:00Z"), false),
        ("2026-11-20T09:00:00Z", "", Some("2026-11-21T09:00:00.001Z"), true),
        ("2026-11-20T09:00:00Z", "", Some("2026-11-19T08:59:59Z"), true),
        ("0001-01-01T00:00:00Z", "", Some("2026-11-20T09:00:00Z"), true),
        ("2026-11-20T09:00:00Z", replayed, Some("2026-11-25T09:00:00Z"), false),
        ("2026-11-20T09:00:00Z", "", None, false),
    ] {
        let row = row_of(&heartbeat(time, "null", more), arrived);
        let found = row.get("time_in_doubt").and_then(serde_json::Value::as_bool);
        assert_eq!(found, doubt.then_some(true), "{time} {more} {arrived:?}");
    }
}

#[test]
fn a_call_s_region_and_arn_are_those_of_its_record_and_account() {
    let envelope = |arn: &str| {
        format!(
            r#"{{"source":"aws.codepipeline","detail-type":"AWS API Call via CloudTrail","account":"000000000012","region":"us-east-1","time":"2026-11-20T09:27:58Z","resources":["{arn}"],"detail":{{"eventName":"StopPipelineExecution","eventID":"e1","awsRegion":"eu-central-1","requestParameters":{{"pipelineName":"shop"}}}}}}"#
        )
    };
    let own = "arn:aws:codepipeline:eu-central-1:000000000012:shop";
    for arn in [
        own,
        "arn:aws:codepipeline:eu-central-1:111122223333:shop",
        "arn:aws:codepipeline:us-east-1:000000000012:shop",
    ] {
        let row = row_of(&envelope(arn), None);
        assert_eq!(
            (&row["region"], &row["pipeline_arn"]),
            (&"eu-central-1".into(), &own.into()),
            "{arn}"
        );
    }
}

#[test]
fn a_row_says_which_file_it_is_from() {
    let heartbeat = heartbeat("2026-11-20T09:00:00Z", "null", "");
    let from_file = row_of(&heartbeat, None);
    assert_eq!(
        (&from_file["source_file"], &from_file["source"]),
        (&"events.json".into(), &"backfill:events".into())
    );
    let live = row_of(&heartbeat, Some("2026-11-20T09:00:00Z"));
    assert_eq!((live.get("source_file"), &live["source"]), (None, &"live".into()));
    assert_eq!(live["content_sha256"], from_file["content_sha256"]);
}

fn call(fields: &str) -> serde_json::Value {
    let envelope = format!(
        r#"{{"source":"aws.codepipeline","detail-type":"AWS API Call via CloudTrail","account":"000000000012","region":"eu-central-1","time":"2026-11-20T09:27:58Z","detail":{{"eventName":"PutApprovalResult","eventID":"e2",{fields}}}}}"#
    );
    row_of(&envelope, Some("2026-11-20T09:28:04Z"))
}

#[test]
fn an_empty_error_code_is_no_refusal_anywhere() {
    for (code, expected) in [
        (r#""""#, None),
        ("null", None),
        (r#""AccessDenied""#, Some("AccessDenied")),
    ] {
        let row = call(&format!(r#""errorCode":{code}"#));
        assert_eq!(row.get("error_code").and_then(|code| code.as_str()), expected, "{code}");
    }
    let action = r#"{"source":"aws.codepipeline","detail-type":"CodePipeline Action Execution State Change","account":"000000000012","time":"2026-11-20T09:27:58Z","detail":{"execution-result":{"error-code":""}}}"#;
    assert_eq!(row_of(action, None).get("error_code"), None);
}

#[test]
fn a_call_names_whom_it_was_made_for_and_what_it_adds_to() {
    let row = call(
        r#""userIdentity":{"type":"IdentityCenterUser","onBehalfOf":{"userId":"u-1"}},"addendum":{"reason":"UPDATED_DATA","originalEventID":"e1"}"#,
    );
    assert_eq!(
        (&row["on_behalf_of_user_id"], &row["addendum_of"]),
        (&"u-1".into(), &"e1".into())
    );
    let row = call(r#""addendum":{"reason":"DELIVERY_DELAY"}"#);
    assert_eq!(row.get("addendum_of"), None);
}

#[test]
fn a_source_action_says_what_it_fetched() {
    let action = |category: &str| {
        let envelope = format!(
            r#"{{"source":"aws.codepipeline","detail-type":"CodePipeline Action Execution State Change","account":"000000000012","time":"2026-11-20T09:27:58Z","detail":{{"type":{{"category":"{category}"}},"execution-result":{{"external-execution-id":"3b1f0c2d"}}}}}}"#
        );
        row_of(&envelope, None)
    };
    assert_eq!(action("Source")["source_revision"], "3b1f0c2d");
    let build = action("Build");
    assert_eq!(
        (build.get("source_revision"), &build["result_id"]),
        (None, &"3b1f0c2d".into())
    );
}
