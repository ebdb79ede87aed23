//! What the heartbeats prove, and what nobody should read into the page.

use std::cmp::Reverse;

use minijinja::{Error, Value};
use pipetrail_lake::hostile::visible;

use super::{MOST_NAMED, Parts, fold};
use crate::asked::Row;
use crate::text::counted;

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
        let text = format!(
            "A heartbeat every hour shows that the way is open, per account and region. {} heard in every hour of \
             the window, {} not.",
            were(whole),
            were(coverage.len() - whole)
        );
        match coverage.rows().map(|row| row.count("hours_without_rules")).max() {
            None | Some(0) => text,
            Some(hours) => format!(
                "{text} For up to {} of an account and region pipetrail apply had switched the rules off, to replace the \
                 pipeline stack; these count as heard, and the SQL below names them.",
                counted(hours, "hour", "hours")
            ),
        }
    }

    /// Where hours are missing, the longest gap first.
    pub(crate) fn gaps(&self) -> Result<Value, Error> {
        let coverage = self.report.of("coverage");
        let mut gaps: Vec<Row<'_>> = coverage.rows().filter(|row| is_gap(*row)).collect();
        if gaps.is_empty() {
            return Ok(Value::from(""));
        }
        gaps.sort_by_key(|row| Reverse(row.number("longest_gap_seconds").unwrap_or(i64::MAX)));
        let caption = "Accounts and regions with hours in which no heartbeat was heard";
        self.rows_or(&coverage.only(gaps), caption, "")
    }

    /// Every account and region.
    pub(crate) fn all_coverage(&self) -> Result<Value, Error> {
        let asked = self.report.of("coverage");
        if asked.is_empty() {
            return Ok(Value::from(""));
        }
        let caption = "Every account and region that was heard";
        let table = self.table(asked, caption)?;
        Ok(fold(&format!("{caption}: {}", asked.len()), &table))
    }

    /// What nobody should read into the page.
    pub(crate) fn not_covered(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let decisions = self.report.of("decisions");
        let is_unopened = |row: &Row<'_>| row.text("execution_id").is_empty();
        let unopened = decisions.rows().filter(is_unopened).count();
        if unopened > 0 {
            lines.push(format!(
                "{unopened} of {} {} no gate opening in the lake: how long that gate waited, and in which execution, is \
                 not known.",
                counted(decisions.len(), "decision", "decisions"),
                if unopened == 1 { "has" } else { "have" },
            ));
        }
        let coverage = self.report.of("coverage");
        let silent: Vec<String> = (coverage.rows())
            .filter(|row| row.count("heartbeats") == 0)
            .map(|row| format!("{} in {}", row.text("account_id"), row.text("region")))
            .map(|place| visible(&place).into_owned())
            .collect();
        if !silent.is_empty() {
            let named = &silent[..silent.len().min(MOST_NAMED)];
            let more = match silent.len() - named.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            lines.push(format!(
                "{} sent events, but no heartbeat in this window: {}{more}. Nothing proves that their events are complete.",
                counted(silent.len(), "account and region", "accounts and regions"),
                named.join(", ")
            ));
        }
        let always = [
            "Accounts and regions that were never enrolled send neither events nor heartbeats and are not in the \
             lake; pipetrail status compares the lake with the organization.",
            "Events that were still on their way when the report was made: CloudTrail delivers a decision seconds to \
             minutes after it was made.",
            "Gates of anything but CodePipeline.",
        ];
        lines.extend(always.map(str::to_owned));
        lines
    }
}

fn is_gap(row: Row<'_>) -> bool {
    row.count("hours_seen") + row.count("hours_without_rules") < row.count("hours_expected")
}

#[cfg(test)]
mod tests {
    use pipetrail_lake::answer::Value;

    use crate::hostile_report::{asked, empty, text};
    use crate::page::render;

    #[test]
    fn hours_of_a_replacement_count_as_heard_and_are_named() {
        let columns = [
            "account_id",
            "region",
            "heartbeats",
            "hours_seen",
            "hours_without_rules",
            "hours_expected",
            "longest_gap_seconds",
        ];
        let page = |own: i64| {
            let mut row = vec![text("111122223333"), text("eu-central-1")];
            row.extend([22, 22, own, 24, 7_300].map(Value::Integer));
            let mut report = empty();
            report.audits.push(asked("coverage", &columns, vec![row]));
            render(&report).unwrap()
        };
        let (excused, missing) = (page(2), page(1));
        assert!(excused.contains("1 account and region was heard in every hour of the window, 0"));
        assert!(excused.contains("For up to 2 hours of an account and region pipetrail apply"));
        assert!(missing.contains("0 accounts and regions were heard in every hour of the window, 1"));
        assert!(!page(0).contains("pipetrail apply"));
    }
}
