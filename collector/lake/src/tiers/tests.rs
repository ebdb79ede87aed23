use std::borrow::Cow;

use super::*;
use crate::engine::reading;

/// The names of every copy of a table.
fn every(table: Table) -> String {
    let columns = columns(table).join(", ");
    let landing = match table {
        Table::OwnChanges => String::new(),
        table => format!(" UNION ALL SELECT {columns} FROM landing_{table}"),
    };
    format!("every_{table} AS (SELECT {columns} FROM settled_{table}{landing})")
}

/// The same, and the plain name.
fn plain(table: Table) -> String {
    format!("{}, {table} AS ({})", every(table), once(table))
}

const CALLS: Table = Table::ApprovalCalls;
const GATES: Table = Table::ActionExecutions;

/// What is sent is one statement that reads, and reads the same when it is sent again.
fn assert_over(sql: &str, expected: &str) {
    let over = over_glue(sql);
    assert_eq!(over, expected);
    assert!(reading::statement(&over).is_ok(), "{over}");
    assert_eq!(over_glue(&over), over);
}

#[test]
fn exactly_the_tables_that_are_read_are_named_before_the_statement() {
    for (sql, front) in [
        ("SELECT * FROM every_approval_calls", every(CALLS)),
        ("SELECT * FROM approval_calls", plain(CALLS)),
        ("select 1 from \"Approval_Calls\" as a", plain(CALLS)),
        (
            "SELECT 1 FROM approval_calls AS a, every_approval_calls AS b",
            plain(CALLS),
        ),
        (
            "SELECT 1 FROM every_approval_calls AS a, approval_calls AS b",
            plain(CALLS),
        ),
        (
            "select 1 from EVERY_APPROVAL_CALLS as a join action_executions on 1 = 1",
            format!("{}, {}", plain(GATES), every(CALLS)),
        ),
        ("(SELECT 1 FROM approval_calls) UNION (SELECT 2)", plain(CALLS)),
        (
            "SELECT (SELECT count(*) FROM (SELECT 1 FROM approval_calls) AS b) AS n;",
            plain(CALLS),
        ),
        ("SELECT 1 FROM (heartbeats CROSS JOIN copies)", plain(Table::Heartbeats)),
        (
            "SELECT n FROM (WITH a AS (SELECT 1 FROM heartbeats) SELECT 1 FROM a)",
            plain(Table::Heartbeats),
        ),
    ] {
        assert_over(sql, &format!("WITH {front} {sql}"));
        let explained = format!("EXPLAIN (TYPE DISTRIBUTED) {sql}");
        assert_eq!(
            over_glue(&explained),
            format!("EXPLAIN (TYPE DISTRIBUTED) WITH {front} {sql}")
        );
    }
}

#[test]
fn both_tiers_are_read_by_the_names_of_the_columns_with_the_partition_keys_last() {
    for table in Table::ALL {
        let front = every(table);
        let keys = table.partition_keys().join(", ");
        // What is not delivered has no landing.
        let tiers = if table.is_delivered() { 2 } else { 1 };
        assert_eq!(front.matches(&format!(", {keys} FROM ")).count(), tiers, "{front}");
        assert!(!front.contains('*'), "{front}");
        let columns = table.columns().len() + table.partition_keys().len();
        assert_eq!(front.matches(", ").count(), tiers * (columns - 1), "{front}");
        assert_over(
            &format!("SELECT 1 FROM {table}"),
            &format!("WITH {} SELECT 1 FROM {table}", plain(table)),
        );
    }
}

#[test]
fn a_statement_that_reads_tables_of_glue_stays_as_it_is() {
    for sql in [
        "SELECT 1",
        "SELECT * FROM copies, settled_approval_calls, landing_approval_calls",
        "SELECT 'FROM approval_calls' AS a -- FROM every_approval_calls\nFROM copies /* FROM heartbeats */",
        "SELECT n, heartbeats FROM (SELECT 1 AS n) AS heartbeats WHERE heartbeats IN (1, heartbeats)",
        "SELECT n FROM (SELECT 1 AS n) heartbeats ORDER BY n, heartbeats",
        "SELECT a.n FROM pipetrail.approval_calls, \"pipetrail\".\"every_approval_calls\" AS a",
        "SELECT a, approval_calls(1) FROM copies",
        "SELECT * FROM not_every_approval_calls, every_approval_calls_2",
        "WITH every_approval_calls AS (SELECT 1), heartbeats (n) AS (VALUES 1) SELECT * FROM every_approval_calls, heartbeats",
        "SELECT n FROM (WITH heartbeats AS (SELECT 1 AS n) SELECT n FROM heartbeats) AS a",
        "SHOW TABLES",
        "SHOW TABLES IN heartbeats",
        "SELECT 'it does not end FROM every_approval_calls",
        "",
    ] {
        assert_eq!(over_glue(sql), sql);
        assert!(matches!(over_glue(sql), Cow::Borrowed(_)));
    }
}

#[test]
fn names_of_the_statements_own_come_after_ours() {
    let with = "a AS (SELECT * FROM approval_calls), b AS (SELECT 1) SELECT * FROM a, b";
    assert_over(&format!("WITH {with}"), &format!("WITH {}, {with}", plain(CALLS)));
    // One of its own has the name: it is meant, and only the other one is ours.
    let with = "approval_calls AS (SELECT 1) SELECT * FROM approval_calls, every_action_executions";
    assert_over(&format!("WITH {with}"), &format!("WITH {}, {with}", every(GATES)));
}

#[test]
fn a_name_that_the_statement_takes_for_its_own_query_is_read_in_there_all_the_same() {
    for (sql, own, read) in [
        (
            "approval_calls AS (SELECT 1 FROM approval_calls WHERE approval_calls.month = '2026-11') SELECT 1 FROM approval_calls",
            "approval_calls",
            "approval_calls AS (SELECT 1 FROM lake_approval_calls AS approval_calls WHERE approval_calls.month = '2026-11') SELECT 1 FROM approval_calls",
        ),
        (
            "\"Approval_Calls\" AS (SELECT 1 FROM Approval_Calls AS a, approval_calls b) SELECT 1 FROM approval_calls",
            "approval_calls",
            "\"Approval_Calls\" AS (SELECT 1 FROM lake_approval_calls AS a, lake_approval_calls b) SELECT 1 FROM approval_calls",
        ),
        (
            "every_approval_calls AS (SELECT 1 FROM every_approval_calls) SELECT 1 FROM every_approval_calls, approval_calls",
            "every_approval_calls",
            "every_approval_calls AS (SELECT 1 FROM lake_every_approval_calls AS every_approval_calls) SELECT 1 FROM every_approval_calls, approval_calls",
        ),
    ] {
        let front = plain(CALLS);
        let front = match own {
            "approval_calls" => front.replace(", approval_calls AS (", ", lake_approval_calls AS ("),
            _ => front.replace("every_approval_calls", "lake_every_approval_calls"),
        };
        assert_over(&format!("WITH {sql}"), &format!("WITH {front}, {read}"));
    }
}

#[test]
fn behind_recursive_each_name_has_its_columns() {
    let with = "t (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT * FROM t, heartbeats, copies";
    let columns = columns(Table::Heartbeats).join(", ");
    let front = plain(Table::Heartbeats)
        .replace("every_heartbeats AS (", &format!("every_heartbeats ({columns}) AS ("))
        .replace(", heartbeats AS (", &format!(", heartbeats ({columns}) AS ("));
    assert_over(
        &format!("WITH RECURSIVE {with}"),
        &format!("WITH RECURSIVE {front}, {with}"),
    );
}

#[test]
fn no_line_is_added_so_that_lines_in_messages_stay() {
    let (before, behind) = (
        "-- a question\n\n",
        "SELECT *\nFROM approval_calls\nJOIN copies ON 1 = 1",
    );
    assert_over(
        &format!("{before}{behind}"),
        &format!("{before}WITH {} {behind}", plain(CALLS)),
    );
    let own = "a AS (SELECT 1 FROM every_approval_calls)\nSELECT * FROM a";
    assert_over(&format!("WITH\n  {own}"), &format!("WITH\n  {}, {own}", every(CALLS)));
    assert!(!plain(CALLS).contains('\n'));
}

#[test]
fn what_lists_the_columns_of_a_table_gets_the_settled_one() {
    for (sql, expected) in [
        ("DESCRIBE approval_calls", "DESCRIBE settled_approval_calls"),
        ("desc formatted `Heartbeats`;", "desc formatted settled_heartbeats;"),
        (
            "DESCRIBE every_api_calls event_key",
            "DESCRIBE settled_api_calls event_key",
        ),
        (
            "SHOW COLUMNS FROM approval_calls",
            "SHOW COLUMNS FROM settled_approval_calls",
        ),
        (
            "-- which\nshow columns in heartbeats in pipetrail",
            "-- which\nshow columns in settled_heartbeats in pipetrail",
        ),
        ("SHOW PARTITIONS heartbeats", "SHOW PARTITIONS settled_heartbeats"),
        (
            "SHOW CREATE TABLE approval_calls",
            "SHOW CREATE TABLE settled_approval_calls",
        ),
        ("DESCRIBE landing_approval_calls", "DESCRIBE landing_approval_calls"),
        ("DESCRIBE pipetrail.approval_calls", "DESCRIBE pipetrail.approval_calls"),
        (
            "SHOW COLUMNS FROM a FROM heartbeats",
            "SHOW COLUMNS FROM a FROM heartbeats",
        ),
        ("DESCRIBE", "DESCRIBE"),
    ] {
        assert_eq!(over_glue(sql), expected);
        assert_eq!(over_glue(expected), expected);
    }
}

#[test]
fn a_plain_name_has_the_columns_of_its_table_and_goes_by_account_and_partition() {
    let sql = once(Table::ApprovalCalls);
    assert!(sql.starts_with("SELECT event_key, event_id, event_time, "), "{sql}");
    assert!(sql.contains(", addendum_of, account_id, month FROM (SELECT *, row_number() OVER (PARTITION BY account_id, month, event_key ORDER BY CASE"), "{sql}");
    assert!(
        sql.ends_with("event_id, content_sha256) AS copy FROM every_approval_calls) AS numbered WHERE copy = 1"),
        "{sql}"
    );
    let beats = once(Table::Heartbeats);
    assert!(
        beats.contains("PARTITION BY account_id, day, event_key ORDER BY"),
        "{beats}"
    );
    assert!(beats.contains(", day FROM (") && !beats.contains("month"), "{beats}");
}
