//! What gates waited, which wait still, and which were passed without a decision.

use minijinja::{Error, Value};

use crate::chart::{Chart, DECISIONS, Entry, NEITHER, columns};
use crate::summary::{NO_GATES, Summary, is_unrecorded, waits};
use crate::text::{capitalized, counted, duration};

use super::{Parts, safe};

impl Parts<'_> {
    /// What the waiting times come down to.
    pub(crate) fn waiting_text(&self, summary: &Summary) -> String {
        match (summary.median_wait_seconds, summary.wait_90_seconds) {
            (Some(median), Some(most)) => {
                let gates = self.report.of("gate-waits");
                let known = waits(gates).len();
                let unknown = match gates.len() - known {
                    0 => String::new(),
                    unknown => {
                        let gates = counted(unknown, "gate", "gates");
                        format!(" The opening of {gates} more is not in the lake.")
                    }
                };
                format!(
                    "Of {} that ended and whose opening is known, half had waited {} or less, nine of ten {} or \
                     less.{unknown}",
                    counted(known, "gate", "gates"),
                    duration(median),
                    duration(most)
                )
            }
            _ if summary.open_gates.is_none() => format!("{}.", capitalized(NO_GATES)),
            _ if self.report.of("gate-waits").is_empty() => "No gate was passed or failed in this window.".to_owned(),
            _ => "Of no gate that ended is the opening in the lake.".to_owned(),
        }
    }

    /// How long gates waited.
    pub(crate) fn waiting(&self) -> Result<Value, Error> {
        let asked = self.report.of("gate-wait-buckets");
        if asked.rows().all(|row| row.count("gates") == 0) {
            return Ok(Value::from(""));
        }
        let entries: Vec<Entry> = (asked.rows())
            // The last one is for gates whose opening nobody saw; most lakes have none.
            .filter(|row| row.number("bucket") != Some(9) || row.count("gates") > 0)
            .map(|row| Entry {
                label: row.text("label").to_owned(),
                values: Vec::from(["approved", "rejected", "other"].map(|column| row.count(column))),
            })
            .collect();
        let most = entries.iter().max_by_key(|entry| entry.total());
        let most = most.map_or_else(String::new, |most| {
            format!(" Most waited {}: {}.", most.label, most.total())
        });
        let chart = Chart {
            id: "chart-waits",
            title: "Gates by waiting time".to_owned(),
            description: format!("Stacked columns, one per class of waiting time.{most}"),
            entry: "Waiting time",
            unit: "Gates",
            series: [DECISIONS.as_slice(), &[NEITHER]].concat(),
            entries,
            rest: None,
        };
        self.chart(&chart, columns)
    }

    /// Gates that wait.
    pub(crate) fn open(&self, summary: &Summary) -> Result<Value, Error> {
        let none = match summary.open_gates {
            None => format!("{}.", capitalized(NO_GATES)),
            Some(_) => "No gate waits for a decision.".to_owned(),
        };
        let asked = self.report.of("open-gates");
        self.rows_or(asked, "Gates that wait for a decision", &none)
    }

    /// Gates that were passed although nobody is known to have decided them; nothing where there are none.
    pub(crate) fn unrecorded(&self, summary: &Summary) -> Result<Value, Error> {
        let number = summary.passed_without_decision.unwrap_or(0);
        if number == 0 {
            return Ok(Value::from(""));
        }
        let gates = self.report.of("gate-waits");
        let mut asked = gates.only(gates.rows().filter(|row| is_unrecorded(*row)));
        for told in ["outcome", "approver"] {
            if let Some(at) = asked.position(told) {
                asked.answer.columns.remove(at);
                for row in &mut asked.answer.rows {
                    if at < row.len() {
                        row.remove(at);
                    }
                }
            }
        }
        let were = counted(number, "gate was passed", "gates were passed");
        let table = self.rows_or(&asked, "Gates passed without a recorded decision", "")?;
        Ok(safe(format!(
            "<h3 id=\"unrecorded\">Passed without a recorded decision</h3>\
             <p class=\"notice\">{were}, and the lake holds nobody\u{2019}s decision: its event is missing, or the gate was \
             passed in another way. <code>pipetrail audit gate-waits</code> has them as \u{201c}approved\u{201d} without an \
             approver.</p>{table}"
        )))
    }
}
