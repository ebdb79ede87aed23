//! One copy of an event as it was delivered: what readers choose by, and what tells two apart.

use std::cmp::Ordering;

use pipetrail_collector::Table;

use super::picked::Pick;
use crate::parquet::{Damaged, Form};

/// The columns of a row that are read for it.
const COLUMNS: [&str; 6] = [
    "event_time",
    "ingested_at",
    "event_id",
    "content_sha256",
    "source",
    "source_file",
];

/// One copy of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Delivery {
    /// [`rank()`] of it.
    pub rank: u8,
    /// `event_ms`
    pub ms: i64,
    /// The values of [`COLUMNS`].
    pub texts: [Option<String>; COLUMNS.len()],
}

impl Delivery {
    /// What [`Delivery::read`] needs.
    pub(super) fn pick(form: &Form) -> Pick {
        Pick::new(form, &COLUMNS)
    }

    /// Of a packed row.
    ///
    /// # Errors
    /// The bytes are no packed row.
    pub(super) fn read(rank: u8, ms: i64, form: &Form, pick: &Pick, packed: &[u8]) -> Result<Self, Damaged> {
        let texts = pick.texts(form, packed)?.try_into().map_err(|_| Damaged)?;
        Ok(Delivery { rank, ms, texts })
    }

    /// `content_sha256`
    pub(super) fn content(&self) -> Option<&str> {
        let [_, _, _, content, _, _] = &self.texts;
        content.as_deref()
    }

    /// Which of two copies readers choose, the lesser: by precedence, `event_time`, `ingested_at`, `event_id`
    /// and `content_sha256`, NULL last. Of equal ones either is the same to them.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let [a_time, a_arrival, a_id, a_content, _, _] = &self.texts;
        let [b_time, b_arrival, b_id, b_content, _, _] = &other.texts;
        self.rank
            .cmp(&other.rank)
            .then_with(|| nulls_last(a_time, b_time))
            .then_with(|| nulls_last(a_arrival, b_arrival))
            .then_with(|| nulls_last(a_id, b_id))
            .then_with(|| nulls_last(a_content, b_content))
    }
}

fn nulls_last(a: &Option<String>, b: &Option<String>) -> Ordering {
    (a.is_none(), a).cmp(&(b.is_none(), b))
}

/// Which copies of an event come first, the lowest: what came through the bus, then what was replayed, then what
/// was read from files, rows last; of each a record before CloudTrail's addenda to it. As `precedence` of the audits.
pub(super) fn rank(table: Table, source: Option<&str>, is_addendum: bool) -> u8 {
    let by_source = match source.unwrap_or("live") {
        "live" => 0,
        "replay" => 2,
        "backfill:rows" => 6,
        _ => 4,
    };
    let of_calls = table.is_of_calls();
    by_source + u8::from(of_calls && is_addendum)
}

/// Which columns say what an event says, for the audit of conflicts: the first that is not NULL.
pub(super) fn says(table: Table) -> &'static [&'static str] {
    match table {
        Table::PipelineExecutions | Table::StageExecutions | Table::ActionExecutions => &["state"],
        Table::ApprovalCalls => &["error_code", "decision"],
        Table::ApiCalls | Table::OwnChanges => &["event_name"],
        Table::Heartbeats => &["scheduled_time"],
        Table::OtherEvents => &["detail_type"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_event_says_is_what_the_audit_of_conflicts_shows() {
        let sql = include_str!("../../../audits/shared/copies.sql");
        for table in Table::ALL {
            let select = sql
                .split("UNION ALL")
                .find(|select| select.contains(&format!("'{table}' AS table_name")));
            let says = match says(table) {
                [one] => format!(" {one} AS says"),
                several => format!(" coalesce({}) AS says", several.join(", ")),
            };
            assert!(select.unwrap().contains(&says), "{table}: {says}");
        }
    }

    #[test]
    fn the_bus_comes_before_replays_before_files_and_a_record_before_its_addenda() {
        let of = |source, is_addendum| rank(Table::ApiCalls, source, is_addendum);
        let order = [
            of(Some("live"), false),
            of(None, true),
            of(Some("replay"), false),
            of(Some("replay"), true),
            of(Some("backfill:events"), false),
            of(Some(""), true),
            of(Some("backfill:rows"), false),
        ];
        assert!(
            order.is_sorted() && order.windows(2).all(|pair| pair[0] < pair[1]),
            "{order:?}"
        );
        assert_eq!(rank(Table::OtherEvents, None, true), 0);
    }
}
