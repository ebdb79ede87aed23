//! What `pipetrail status` found, as data.

use std::collections::BTreeMap;

use jiff::Timestamp;
use pipetrail_stacksets::{Coverage, time};
use serde::Serialize;

use super::verdict::{Judged, Verdict};

/// What `status --output json` writes, and what the table is made of.
#[derive(Serialize)]
pub(crate) struct Judgement {
    /// `status`
    pub command: &'static str,
    /// When that was.
    #[serde(serialize_with = "time::serialize")]
    pub now: Option<Timestamp>,
    /// After how long without a heartbeat an account and region is silent.
    pub silent_after_seconds: i64,
    /// What came of asking the lake.
    pub lake: Asked,
    /// How many rows have which verdict.
    pub verdicts: BTreeMap<Verdict, usize>,
    /// What stands, judged.
    pub coverage: Coverage<Judged>,
}

/// What came of asking the lake.
#[derive(Serialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub(crate) enum Asked {
    /// It answered.
    Answered {
        /// What the query read, where Athena says it.
        bytes_scanned: Option<i64>,
        /// Rows of the answer that could not be read.
        unreadable_rows: usize,
    },
    /// It could not be asked.
    Failed {
        /// Why.
        message: String,
        /// The next thing to try.
        hint: String,
    },
    /// `--no-lake`
    Skipped,
}
