//! A lake in which rows land before they are settled.

use super::*;

/// A file as rows land: their event keys, accounts and months.
fn landed(rows: &[[&str; 3]]) -> Vec<u8> {
    let column = |i: usize| text(rows.iter().map(move |row| row[i]));
    parquet(vec![
        ("event_key", column(0)),
        ("region", text(rows.iter().map(|_| "eu-central-1"))),
        ("account_id", column(1)),
        ("month", column(2)),
    ])
}

const LANDING: &str = "landing/approval_calls";
const ONE: &str = "000011112222";
const OTHER: &str = "000033334444";

/// One event in both tiers, one that is settled and one that has landed, and one of the month before.
async fn both() -> Lake {
    let lake = lake();
    put(&lake, &format!("{NOVEMBER}/a.parquet"), keys(&["k1", "k2"])).await;
    let rows = [["k2", ONE, "2026-11"], ["k3", OTHER, "2026-11"], ["k4", ONE, "2026-10"]];
    put(
        &lake,
        &format!("{LANDING}/2026-11-20-pipetrail-1-a.parquet"),
        landed(&rows),
    )
    .await;
    lake
}

#[tokio::test]
async fn a_table_s_name_is_both_tiers_with_each_event_once_and_each_tier_has_its_own() {
    let lake = both().await;
    for (table, expected) in [
        ("approval_calls", &["k1", "k2", "k3", "k4"][..]),
        ("pipetrail.approval_calls", &["k1", "k2", "k3", "k4"]),
        ("settled_approval_calls", &["k1", "k2"]),
        ("landing_approval_calls", &["k2", "k3", "k4"]),
        ("every_approval_calls", &["k1", "k2", "k2", "k3", "k4"]),
        ("pipetrail.every_approval_calls", &["k1", "k2", "k2", "k3", "k4"]),
        ("api_calls", &[]),
        ("every_api_calls", &[]),
    ] {
        let found = rows(&lake, &format!("SELECT event_key FROM {table} ORDER BY event_key")).await;
        assert_eq!(found.concat(), expected, "{table}");
        let count = rows(&lake, &format!("SELECT count(*) AS n FROM {table}")).await;
        assert_eq!(count, [[expected.len().to_string()]], "{table}");
    }
    let whole = "SELECT event_key, region, account_id, month FROM approval_calls WHERE event_key >= 'k3' ORDER BY 1";
    assert_eq!(
        rows(&lake, whole).await,
        [
            ["k3", "eu-central-1", OTHER, "2026-11"],
            ["k4", "eu-central-1", ONE, "2026-10"]
        ]
    );
}

#[tokio::test]
async fn without_landing_and_settlement_a_table_s_name_is_all_its_rows() {
    let lake = lake();
    put(&lake, &format!("{NOVEMBER}/a.parquet"), keys(&["k1", "k1"])).await;
    for table in ["approval_calls", "settled_approval_calls", "every_approval_calls"] {
        let count = rows(&lake, &format!("SELECT count(*) AS n FROM {table}")).await;
        assert_eq!(count, [["2"]], "{table}");
    }
    assert!(rows(&lake, "SELECT * FROM landing_approval_calls").await.is_empty());
    assert!(rows(&lake, "SELECT * FROM copies").await.is_empty());
    // All that landed is settled and deleted: the log remains.
    put(&lake, "settlement/approval_calls/0000000001.json", b"{}".to_vec()).await;
    assert_eq!(rows(&lake, "SELECT count(*) AS n FROM approval_calls").await, [["1"]]);
}

#[tokio::test]
async fn a_lake_in_which_nothing_is_settled_yet_is_one() {
    let lake = lake();
    let file = format!("{LANDING}/2026-11-20-a.parquet");
    put(&lake, &file, landed(&[["k1", ONE, "2026-11"], ["k1", ONE, "2026-11"]])).await;
    assert_eq!(
        rows(&lake, "SELECT account_id, month FROM approval_calls").await,
        [[ONE, "2026-11"]]
    );
    assert_eq!(rows(&lake, "SELECT count(*) AS n FROM heartbeats").await, [["0"]]);
}

#[tokio::test]
async fn every_name_has_the_same_columns_in_the_same_order() {
    for two_tiers in [false, true] {
        let lake = lake();
        put(&lake, &format!("{NOVEMBER}/a.parquet"), keys(&["k1"])).await;
        if two_tiers {
            put(
                &lake,
                &format!("{LANDING}/2026-11-20-a.parquet"),
                landed(&[["k1", ONE, "2026-11"]]),
            )
            .await;
        }
        for table in Table::ALL {
            let expected: Vec<_> = (table.columns().iter().map(|column| column.name))
                .chain(table.partition_keys().iter().copied())
                .collect();
            let kinds = ask(&lake, &format!("SELECT * FROM settled_{table}")).await.columns;
            for name in ["", "settled_", "landing_", "every_"].map(|tier| format!("{tier}{table}")) {
                let columns = ask(&lake, &format!("SELECT * FROM {name}")).await.columns;
                let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
                assert_eq!(names, expected, "{name}");
                assert_eq!(columns, kinds, "{name}");
            }
        }
    }
}

#[tokio::test]
async fn filters_on_account_and_month_reach_the_partitions_through_a_table_s_name() {
    let lake = both().await;
    let garbage = "approval_calls/account_id=999988887777/month=2026-10/x.parquet";
    put(&lake, garbage, b"no Parquet".to_vec()).await;
    for (wanted, expected) in [
        ("month = '2026-11'", &["k1", "k2", "k3"][..]),
        ("month > '2026-10'", &["k1", "k2", "k3"]),
        (
            "month BETWEEN '2026-11' AND '2026-12' AND region = 'eu-central-1'",
            &["k1", "k2", "k3"],
        ),
        ("account_id = '000011112222'", &["k1", "k2", "k4"]),
        (
            "account_id IN ('000011112222', '000000000000') AND month = '2026-10'",
            &["k4"],
        ),
        ("account_id <> '999988887777'", &["k1", "k2", "k3", "k4"]),
        (
            "substr(account_id, 1, 4) = '0000' AND month = '2026-11' AND event_key > 'k1'",
            &["k2", "k3"],
        ),
        (
            "(month = '2026-11' OR account_id = '000011112222')",
            &["k1", "k2", "k3", "k4"],
        ),
        ("month = '2026-12'", &[]),
    ] {
        for table in ["approval_calls", "every_approval_calls"] {
            let sql = format!("SELECT DISTINCT event_key FROM {table} WHERE {wanted} ORDER BY event_key");
            assert_eq!(rows(&lake, &sql).await.concat(), expected, "{table}: {wanted}");
            let counted = format!("SELECT count(DISTINCT event_key) AS n FROM {table} WHERE {wanted}");
            assert_eq!(
                rows(&lake, &counted).await,
                [[expected.len().to_string()]],
                "{table}: {wanted}"
            );
        }
    }
    for too_much in [
        "month <> '2026-09'",
        "event_key = 'k1'",
        "region = 'x' OR month = '2026-11'",
    ] {
        let (message, _) = refused(&lake, &format!("SELECT event_key FROM approval_calls WHERE {too_much}")).await;
        assert!(message.contains(garbage), "{message}");
    }
}

#[tokio::test]
async fn what_has_landed_is_filtered_by_columns_that_are_not_selected() {
    let lake = both().await;
    for (sql, expected) in [
        ("SELECT region FROM landing_approval_calls WHERE month = '2026-10'", 1),
        (
            "SELECT region, month FROM landing_approval_calls WHERE account_id = '000011112222'",
            2,
        ),
        (
            "SELECT event_key FROM landing_approval_calls WHERE month = '2026-11' LIMIT 1",
            1,
        ),
        (
            "SELECT event_key FROM every_approval_calls WHERE month = '2026-11' LIMIT 3",
            3,
        ),
        (
            "SELECT * FROM landing_approval_calls WHERE month = '2026-11' AND account_id = '000011112222'",
            1,
        ),
        ("SELECT 1 AS n FROM landing_approval_calls WHERE month < '2026'", 0),
    ] {
        assert_eq!(rows(&lake, sql).await.len(), expected, "{sql}");
    }
    let counted = "SELECT count(*) AS n FROM every_approval_calls WHERE month = '2026-11'";
    assert_eq!(rows(&lake, counted).await, [["4"]]);
}

#[tokio::test]
async fn a_landing_file_of_another_shape_is_named_and_one_without_an_account_in_a_row_is_read() {
    let file = format!("{LANDING}/2026-11-20-x.parquet");
    let number: ArrayRef = Arc::new(Int64Array::from(vec![7]));
    for (bytes, what) in [
        (
            keys(&["k"]),
            "no column account_id, so no rows of landing_approval_calls",
        ),
        (
            parquet(vec![("event_key", text(["k"])), ("account_id", text([ONE]))]),
            "no column month, so no rows of landing_approval_calls",
        ),
        (
            parquet(vec![
                ("event_key", text(["k"])),
                ("account_id", number),
                ("month", text(["2026-11"])),
            ]),
            "column account_id is INT64, where landing_approval_calls has string",
        ),
        (b"{\"event_key\": \"k\"}\n".to_vec(), "not a whole Parquet file"),
    ] {
        let lake = both().await;
        put(&lake, &file, bytes).await;
        for table in ["approval_calls", "every_approval_calls", "landing_approval_calls"] {
            let (message, _) = refused(&lake, &format!("SELECT event_key, account_id FROM {table}")).await;
            assert!(message.starts_with(&format!("cannot read {file}: {what}")), "{message}");
        }
        assert_eq!(
            rows(&lake, "SELECT event_key FROM settled_approval_calls").await.len(),
            2
        );
    }
    let lake = both().await;
    let nobody: ArrayRef = Arc::new(StringArray::from(vec![None::<&str>]));
    let columns = vec![
        ("event_key", text(["k9"])),
        ("account_id", nobody),
        ("month", text(["2026-11"])),
    ];
    put(&lake, &file, parquet(columns)).await;
    for table in ["approval_calls", "every_approval_calls", "landing_approval_calls"] {
        let nobody = format!("SELECT event_key FROM {table} WHERE account_id IS NULL");
        assert_eq!(rows(&lake, &nobody).await, [["k9"]], "{table}");
    }
    assert!(
        rows(
            &lake,
            "SELECT event_key FROM settled_approval_calls WHERE account_id IS NULL"
        )
        .await
        .is_empty()
    );
}

#[tokio::test]
async fn what_lies_in_landing_under_another_name_is_no_data() {
    let lake = both().await;
    for other in [
        "_x.parquet",
        "x.parquet",
        "2026-11-20-x.json",
        "2026-11-31-x.parquet",
        "2026-11-20-x/y.parquet",
    ] {
        put(&lake, &format!("{LANDING}/{other}"), b"no Parquet".to_vec()).await;
    }
    put(&lake, "landing/photos/2026-11-20-x.parquet", b"no Parquet".to_vec()).await;
    assert_eq!(
        rows(&lake, "SELECT event_key FROM landing_approval_calls").await.len(),
        3
    );
}

#[tokio::test]
async fn lists_show_the_plain_names_and_who_asks_for_a_tier_is_told_its_columns() {
    let lake = both().await;
    let listed = rows(
        &lake,
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'pipetrail'",
    )
    .await;
    let mut listed = listed.concat();
    listed.sort();
    let mut plain = Table::ALL.map(|table| table.name().to_owned());
    plain.sort();
    assert_eq!(listed, plain);
    assert_eq!(
        rows(&lake, "DESCRIBE every_approval_calls").await.len(),
        rows(&lake, "DESCRIBE approval_calls").await.len()
    );
    let (message, hint) = refused(&lake, "SELECT * FROM all_approval_calls").await;
    assert!(
        message.starts_with("no table all_approval_calls") && !hint.contains("every_"),
        "{message} {hint}"
    );
}

#[tokio::test]
async fn dropped_copies_are_a_table_by_month() {
    let lake = both().await;
    let copy = |key: &'static str| {
        parquet(vec![
            ("table_name", text(["approval_calls"])),
            ("account_id", text([ONE])),
            ("event_key", text([key])),
        ])
    };
    put(&lake, "copies/month=2026-11/a.parquet", copy("k1")).await;
    put(&lake, "copies/month=2026-10/a.parquet", copy("k4")).await;
    put(&lake, "copies/month=2026-09/a.parquet", keys(&["k"])).await;
    let found = rows(
        &lake,
        "SELECT month, event_key, says FROM copies WHERE month >= '2026-10' ORDER BY month",
    )
    .await;
    assert_eq!(found, [["2026-10", "k4", "NULL"], ["2026-11", "k1", "NULL"]]);
    let (message, _) = refused(&lake, "SELECT * FROM copies").await;
    assert!(
        message.contains("no column account_id, so no rows of copies"),
        "{message}"
    );
    let columns = ask(&lake, "SELECT * FROM copies WHERE month = '2027-01'").await.columns;
    let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
    let expected: Vec<_> = (crate::copies_table::COLUMNS.iter().map(|(name, _)| *name))
        .chain(["month"])
        .collect();
    assert_eq!(names, expected);
}
