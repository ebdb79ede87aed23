//! What the heartbeats prove, and what nobody should read into the page.

use minijinja::{Error, Value};

use crate::asked::Row;
use crate::text::counted;
use pipetrail_lake::answer::Value as Cell;
use pipetrail_lake::hostile::visible;

use super::{MOST_NAMED, MOST_OPEN, MOST_ROWS, Parts, fold, folded_data, safe};

impl Parts<'_> {
    /// How much of the window the heartbeats prove.
    pub(crate) fn coverage_text(&self) -> String {
        let coverage = self.report.of("coverage");
        if coverage.rows().all(|row| row.count("heartbeats") == 0) {
            return "There is no heartbeat in this window: nothing proves that every event arrived. A lake made of \
                    event files alone has none."
                .to_owned();
        }
        let whole = coverage.rows().filter(|row| !is_gap(*row)).count();
        let were = |number| counted(number, "account and region was", "accounts and regions were");
        format!(
            "A heartbeat every hour proves the way of the events, per account and region. {} heard in every hour of \
             the window, {} not.",
            were(whole),
            were(coverage.len() - whole)
        )
    }

    /// Where hours are missing.
    pub(crate) fn gaps(&self) -> Result<Value, Error> {
        let mut asked = self.report.of("coverage").clone();
        let keep: Vec<bool> = asked.rows().map(is_gap).collect();
        let mut keep = keep.into_iter();
        asked.answer.rows.retain(|_| keep.next().unwrap_or(true));
        if asked.is_empty() {
            return Ok(safe(String::new()));
        }
        if let Some(gap) = asked.position("longest_gap_seconds") {
            let length = |row: &[Cell]| match row.get(gap) {
                Some(Cell::Integer(seconds)) => *seconds,
                _ => i64::MAX,
            };
            asked.answer.rows.sort_by_key(|row| std::cmp::Reverse(length(row)));
        }
        let caption = "Accounts and regions with hours in which no heartbeat was heard";
        let table = self.table(&asked, caption, MOST_ROWS)?;
        Ok(if asked.len() > MOST_OPEN {
            folded_data(caption, asked.len(), &table)
        } else {
            table
        })
    }

    /// Every account and region.
    pub(crate) fn all_coverage(&self) -> Result<Value, Error> {
        let asked = self.report.of("coverage");
        if asked.is_empty() {
            return Ok(safe(String::new()));
        }
        let caption = "Every account and region that was heard";
        let table = self.table(asked, caption, MOST_ROWS)?;
        Ok(fold(&format!("{caption}: {}", asked.len()), &table))
    }

    /// What nobody should read into the page.
    pub(crate) fn not_covered(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let decisions = self.report.of("decisions");
        let unopened = decisions
            .rows()
            .filter(|row| row.text("execution_id").is_empty())
            .count();
        if unopened > 0 {
            lines.push(format!(
                "{unopened} of {} {} no gate opening in the lake: how long that gate waited, and in which execution, is \
                 not known.",
                counted(decisions.len(), "decision", "decisions"),
                if unopened == 1 { "has" } else { "have" },
            ));
        }
        let coverage = self.report.of("coverage");
        let of = |row: Row<'_>| format!("{} in {}", row.text("account_id"), row.text("region"));
        let silent: Vec<String> = (coverage.rows())
            .filter(|row| row.count("heartbeats") == 0)
            .map(|row| visible(&of(row)).into_owned())
            .collect();
        if !silent.is_empty() {
            let some: Vec<_> = silent.iter().take(MOST_NAMED).map(String::as_str).collect();
            let more = match silent.len() - some.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            lines.push(format!(
                "{} sent events, but no heartbeat in this window: {}{more}. Nothing proves that their events are complete.",
                counted(silent.len(), "account and region", "accounts and regions"),
                some.join(", ")
            ));
        }
        lines.push(
            "Accounts and regions that were never enrolled send neither events nor heartbeats and are not in the \
             lake; pipetrail status compares the lake with the organization."
                .to_owned(),
        );
        lines.push(
            "Events that were still on their way when the report was made: CloudTrail delivers a decision seconds to \
             minutes after it was made."
                .to_owned(),
        );
        lines.push("Gates of anything but CodePipeline.".to_owned());
        lines
    }
}

fn is_gap(row: Row<'_>) -> bool {
    row.count("hours_seen") < row.count("hours_expected")
}
