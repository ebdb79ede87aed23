//! What a report was asked for.

use jiff::Timestamp;
use pipetrail_names::AccountId;
use serde::Serialize;

use super::window::{self, Window};

/// What was asked, of what, and when.
#[derive(Clone, Debug, Serialize)]
pub struct Question {
    /// The window: `from` counts, `to` does not.
    #[serde(flatten)]
    pub window: Window,
    /// The end that was asked for, where it was still to come and the window ends when the report was made.
    #[serde(skip)]
    pub asked_to: Option<Timestamp>,
    /// Only these accounts; all of the lake's where there are none.
    pub accounts: Vec<AccountId>,
    /// Only pipelines of these names; all where there are none.
    pub pipelines: Vec<String>,
    /// The lake, as the command line names it, or Athena's database.
    pub lake: String,
    /// Who answered.
    pub engine: &'static str,
    /// pipetrail's version.
    pub version: &'static str,
    /// When it was asked.
    #[serde(serialize_with = "window::instant")]
    pub generated_at: Timestamp,
}
