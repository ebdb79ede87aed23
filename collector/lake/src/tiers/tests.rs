use super::*;
use crate::engine::reading;

const CALLS: &str = "every_approval_calls AS (SELECT * FROM approval_calls)";
const GATES: &str = "every_action_executions AS (SELECT * FROM action_executions)";

#[test]
fn exactly_the_tables_that_are_read_are_named_before_the_statement() {
    for (sql, expected) in [
        (
            "SELECT * FROM every_approval_calls",
            format!("WITH {CALLS} SELECT * FROM every_approval_calls"),
        ),
        (
            "select 1 from EVERY_APPROVAL_CALLS as a join every_action_executions on 1 = 1",
            format!(
                "WITH {GATES}, {CALLS} select 1 from EVERY_APPROVAL_CALLS as a join every_action_executions on 1 = 1"
            ),
        ),
        (
            "SELECT 1 FROM approval_calls AS a, \"every_approval_calls\"",
            format!("WITH {CALLS} SELECT 1 FROM approval_calls AS a, \"every_approval_calls\""),
        ),
        (
            "(SELECT 1 FROM every_approval_calls) UNION (SELECT 2)",
            format!("WITH {CALLS} (SELECT 1 FROM every_approval_calls) UNION (SELECT 2)"),
        ),
        (
            "SELECT (SELECT count(*) FROM (SELECT 1 FROM every_approval_calls) AS b) AS n;",
            format!("WITH {CALLS} SELECT (SELECT count(*) FROM (SELECT 1 FROM every_approval_calls) AS b) AS n;"),
        ),
        (
            "EXPLAIN ANALYZE SELECT * FROM every_approval_calls",
            format!("EXPLAIN ANALYZE WITH {CALLS} SELECT * FROM every_approval_calls"),
        ),
    ] {
        assert_eq!(over_glue(sql), expected);
        assert!(reading::statement(&expected).is_ok());
    }
}

#[test]
fn a_statement_that_reads_no_tier_stays_as_it_is() {
    for sql in [
        "SELECT * FROM approval_calls",
        "SELECT 'FROM every_approval_calls' AS a -- FROM every_approval_calls\nFROM heartbeats /* FROM copies */",
        "SELECT n FROM (SELECT 1 AS n) AS copies",
        "SELECT n FROM (SELECT 1 AS n) copies WHERE copies.n = 1",
        "SELECT a.n, copies.n FROM pipetrail.copies, pipetrail.every_approval_calls AS a",
        "SELECT a, copies(1) FROM approval_calls",
        "SELECT * FROM not_every_approval_calls, every_approval_calls_2",
        "WITH every_approval_calls AS (SELECT 1), copies (n) AS (VALUES 1) SELECT * FROM every_approval_calls, copies",
        "DESCRIBE every_approval_calls",
        "SHOW COLUMNS FROM every_approval_calls",
        "SELECT 'it does not end FROM every_approval_calls",
        "",
    ] {
        assert_eq!(over_glue(sql), sql);
        assert!(matches!(over_glue(sql), Cow::Borrowed(_)));
    }
}

#[test]
fn names_of_the_statements_own_come_after_ours() {
    assert_eq!(
        over_glue("WITH a AS (SELECT * FROM every_approval_calls), b AS (SELECT 1) SELECT * FROM a, b"),
        format!("WITH {CALLS}, a AS (SELECT * FROM every_approval_calls), b AS (SELECT 1) SELECT * FROM a, b")
    );
    // One of its own has the name: it is meant, and the other one is ours.
    assert_eq!(
        over_glue(
            "WITH every_approval_calls AS (SELECT 1) SELECT * FROM every_approval_calls, every_action_executions"
        ),
        format!(
            "WITH {GATES}, every_approval_calls AS (SELECT 1) SELECT * FROM every_approval_calls, every_action_executions"
        )
    );
}

#[test]
fn behind_recursive_each_name_has_its_columns() {
    let sql = "WITH RECURSIVE t (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT * FROM t, every_heartbeats, copies";
    let over = over_glue(sql);
    assert!(
        over.starts_with("WITH RECURSIVE every_heartbeats (event_key, event_id, "),
        "{over}"
    );
    assert!(
        over.contains(", covered_hour, day) AS (SELECT event_key, event_id, "),
        "{over}"
    );
    assert!(
        over.contains(" FROM heartbeats), copies (table_name, account_id, "),
        "{over}"
    );
    assert!(
        over.contains(", month) AS (SELECT CAST(NULL AS varchar) AS table_name, "),
        "{over}"
    );
    assert!(
        over.ends_with(&format!("), {}", sql.strip_prefix("WITH RECURSIVE ").unwrap())),
        "{over}"
    );
    assert!(reading::statement(&over).is_ok());
}

#[test]
fn no_line_is_added_so_that_lines_in_messages_stay() {
    let sql = "-- a question\n\nSELECT *\nFROM every_approval_calls\nJOIN copies ON 1 = 1";
    let over = over_glue(sql);
    assert_eq!(over.lines().count(), sql.lines().count());
    assert!(over.starts_with(&format!(
        "-- a question\n\nWITH {CALLS}, copies AS (SELECT CAST(NULL AS varchar) AS table_name, "
    )));
    assert!(over.ends_with(" AS month WHERE 1 = 0) SELECT *\nFROM every_approval_calls\nJOIN copies ON 1 = 1"));
    let with = "WITH\n  a AS (SELECT 1 FROM every_approval_calls)\nSELECT * FROM a";
    assert_eq!(
        over_glue(with),
        format!("WITH\n  {CALLS}, a AS (SELECT 1 FROM every_approval_calls)\nSELECT * FROM a")
    );
}

#[test]
fn the_table_of_copies_has_its_columns_and_kinds_and_no_row() {
    let over = over_glue("SELECT * FROM copies");
    for (name, ty) in copies_table::COLUMNS {
        let kind = if ty == ColumnType::Bigint { "bigint" } else { "varchar" };
        assert_eq!(
            over.matches(&format!("CAST(NULL AS {kind}) AS {name}, ")).count(),
            1,
            "{over}"
        );
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
