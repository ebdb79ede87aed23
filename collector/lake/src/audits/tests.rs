use super::*;

fn bound() -> Parameters {
    Parameters::window(
        "2026-11-01T00:00:00Z".parse().unwrap(),
        "2026-12-01T00:00:00Z".parse().unwrap(),
    )
}

#[test]
fn every_file_is_an_audit_and_is_bound() {
    assert_eq!(all().len(), files::FILES.len());
    for audit in all() {
        let sql = audit.sql(&bound()).unwrap_or_else(|error| panic!("{error}"));
        assert!(!sql.contains(['{', '}']), "{}: {sql}", audit.name);
        // As Athena gets it: a window, accounts and pipelines are put in too.
        let bytes = crate::tiers::over_glue(&sql).len();
        assert!(
            bytes < 100_000,
            "{}: {bytes} bytes, and Athena takes 262,144",
            audit.name
        );
    }
}

#[test]
fn every_audit_reads_only_the_partitions_of_its_window() {
    let tables = pipetrail_collector::Table::ALL.map(|table| format!("FROM every_{table}"));
    let copies = "FROM copies\n".to_owned();
    for audit in all() {
        let sql = audit.sql(&bound()).unwrap();
        let read = tables.iter().chain([&copies]);
        let reads: usize = read.map(|table| sql.matches(table.as_str()).count()).sum();
        let pruned = sql.matches("WHERE month BETWEEN '20").count() + sql.matches("WHERE day BETWEEN '20").count();
        assert!(reads > 0 && reads == pruned, "{}: {sql}", audit.name);
    }
}

#[test]
fn every_copy_of_both_tiers_is_read_and_only_conflicts_reads_those_that_were_dropped() {
    for audit in all() {
        let sql = audit.sql(&bound()).unwrap();
        for table in pipetrail_collector::Table::ALL {
            assert!(!sql.contains(&format!("FROM {table}")), "{}: {sql}", audit.name);
        }
        let dropped = sql.matches("FROM copies\n").count();
        assert_eq!(dropped > 0, audit.name == "conflicts", "{}: {sql}", audit.name);
    }
}

#[test]
fn a_value_is_never_read_as_a_macro_or_as_sql() {
    let mut bound = bound();
    bound.pipelines = vec!["{approval_calls} '; DROP TABLE approval_calls; --".to_owned()];
    let sql = find("decisions").unwrap().sql(&bound).unwrap();
    assert!(
        sql.contains("pipeline IN ('{approval_calls} ''; DROP TABLE approval_calls; --')"),
        "{sql}"
    );
}

#[test]
fn what_an_audit_does_not_take_is_refused() {
    let mut pipelines = bound();
    pipelines.pipelines = vec!["a".to_owned()];
    let error = find("coverage").unwrap().sql(&pipelines).unwrap_err();
    assert_eq!(error.to_string(), "audit coverage takes no pipeline");
    let mut own = bound();
    own.values.insert("colour".to_owned(), "red".to_owned());
    assert!(find("decisions").unwrap().sql(&own).is_err());
}

#[test]
fn a_decision_that_is_none_is_refused_and_not_answered_with_no_rows() {
    for mistyped in ["approved", "Approve", "Approved or Rejected", " "] {
        let mut bound = bound();
        bound.values.insert("decision".to_owned(), mistyped.to_owned());
        let error = find("decisions").unwrap().sql(&bound).unwrap_err().to_string();
        assert!(error.ends_with("is not Approved or Rejected"), "{error}");
    }
}
