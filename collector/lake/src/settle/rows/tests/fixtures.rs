//! Rows of real events, of every table; and whether readers would choose as we do.

use pipetrail_collector::event::Event;
use pipetrail_collector::layout::Partition;
use pipetrail_collector::rows::{Origin, row as row_of};
use serde_json::json;

use super::*;

/// The rows of all events that the repository has, by table, as they land.
pub(super) fn events() -> BTreeMap<&'static str, Vec<Row>> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
    let mut tables: BTreeMap<&'static str, Vec<Row>> = BTreeMap::new();
    for folder in ["pipeline", "stage", "action", "cloudtrail", "notifications"] {
        for file in std::fs::read_dir(root.join(folder)).unwrap() {
            let text = std::fs::read(file.unwrap().path()).unwrap();
            let mut event = Event::parse(&text).unwrap();
            let (table, key) = (event.table(), event.key());
            event.redact();
            let arrived = Some(event.time());
            let mut json = Vec::new();
            row_of(&event, table, key, Origin::Stream { arrived }).write(&mut json);
            let mut row: Row = serde_json::from_slice(&json).unwrap();
            let partition = Partition::of(&event, table);
            for (key, value) in table.partition_keys().iter().zip(partition.values) {
                row.insert((*key).to_owned(), value.into());
            }
            tables.entry(table.name()).or_default().push(row);
        }
    }
    tables
}

#[tokio::test]
async fn every_value_of_every_event_comes_out_as_it_went_in() {
    let mut seen = 0;
    for (table, rows) in events() {
        let bench = Bench::new(Table::from_name(table).unwrap());
        let settled = bench.landed(&rows).await;
        let mut out = all_rows(&bench.lake, &settled.outputs).await;
        // Copies among the fixtures; what they say is whole in `copies`, or what another row says.
        let copies = all_rows(&bench.lake, &settled.copies).await;
        let whole = copies.iter().filter_map(|copy| copy.get("whole_row")?.as_str());
        out.extend(whole.map(|row| serde_json::from_str::<Row>(row).unwrap()));
        let went_in: Vec<Row> = rows.iter().map(|row| placed(row, bench.table)).collect();
        let (out, went_in) = (sorted(&out), sorted(&went_in));
        assert!(out.iter().all(|row| went_in.contains(row)), "{table}");
        assert_eq!(
            out.len() as u64 + settled.equation.duplicates + settled.equation.repetition,
            rows.len() as u64
        );
        seen += out.len();
    }
    assert!(seen > 20, "{seen} rows");
}

/// The copy that readers choose of each event, by the SQL that they use.
#[cfg(feature = "embedded")]
#[tokio::test]
async fn readers_choose_the_copy_that_settling_keeps() {
    use crate::answer::Value as Answered;
    use crate::engine::Embedded;
    use crate::parquet::Form;
    for table in [Table::ApiCalls, Table::PipelineExecutions] {
        let bench = Bench::new(table);
        let texts = [json!(null), json!("a"), json!("b"), json!("é"), json!("Z"), json!("")];
        let sources = [
            json!(null),
            json!("live"),
            json!("replay"),
            json!("backfill:events"),
            json!("backfill:history"),
            json!("backfill:rows"),
        ];
        let mut rows = Vec::new();
        // Every pair of values meets in some event, by plain arithmetic.
        for nth in 0..600_usize {
            let pick = |by: usize| texts[(nth / by + nth) % texts.len()].clone();
            let mut values = json!({
                "event_key": key((nth % 60) as u64), "event_id": pick(7), "ingested_at": pick(3),
                "content_sha256": pick(11), "source": sources[nth % 13 % sources.len()].clone(),
                "event_time": pick(17), "event_version": nth.to_string(),
            });
            if table == Table::ApiCalls && nth.is_multiple_of(4) {
                values["addendum_of"] = json!("x");
            }
            rows.push(row(values));
        }
        let settled = bench.landed(&rows).await;
        let mut kept: Vec<(String, String)> = Vec::new();
        let identity = |row: &Row| {
            let names = ["event_time", "ingested_at", "event_id", "content_sha256"];
            let source = match row.get("source").and_then(|source| source.as_str()) {
                None | Some("live") => 0,
                Some("replay") => 1,
                Some("backfill:rows") => 3,
                _ => 2,
            };
            // What readers order by; which of equal ones they take is chance.
            let is_addendum = row.contains_key("addendum_of");
            format!("{source} {is_addendum} {:?}", names.map(|name| row.get(name)))
        };
        for row in all_rows(&bench.lake, &settled.outputs).await {
            kept.push((row["event_key"].as_str().unwrap().to_owned(), identity(&row)));
        }
        kept.sort();

        let lake = bucket();
        let unsettled: Vec<Row> = rows.iter().map(|row| placed(row, table)).collect();
        let place = format!("{table}/account_id=111122223333/month=2026-11/all.parquet");
        put(&lake, &place, parquet(&Form::of(table), &unsettled)).await;
        let sql = format!(
            "SELECT event_version FROM (SELECT *, row_number() OVER (PARTITION BY account_id, event_key ORDER BY {}) \
             AS copy FROM {table}) AS numbered WHERE copy = 1",
            crate::tiers::order(table)
        );
        let answer = Embedded::over(&lake)
            .unwrap()
            .ask(&sql)
            .await
            .unwrap()
            .collect()
            .await
            .unwrap();
        let mut chosen: Vec<(String, String)> = Vec::new();
        for line in answer.rows {
            let [Answered::Text(nth)] = line.as_slice() else {
                panic!("{line:?}")
            };
            let row = &rows[nth.parse::<usize>().unwrap()];
            chosen.push((row["event_key"].as_str().unwrap().to_owned(), identity(row)));
        }
        chosen.sort();
        assert_eq!(kept, chosen, "{table}");
    }
}
