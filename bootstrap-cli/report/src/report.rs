//! A report before it has a form, and what was asked for it.

use jiff::Timestamp;
use pipetrail_names::AccountId;
use serde::Serialize;

use super::asked::Asked;
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

/// A report before it has a form.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was asked.
    pub question: Question,
    /// What the audits answered, by the names of the audits.
    pub audits: Vec<Asked>,
}

impl Report {
    /// Accounts that were asked for and of which no answer has a row.
    pub fn unseen(&self) -> impl Iterator<Item = &AccountId> {
        let has = |account: &AccountId| {
            let mut rows = self.audits.iter().flat_map(Asked::rows);
            rows.any(|row| *account == row.text("account_id"))
        };
        self.question.accounts.iter().filter(move |account| !has(account))
    }

    /// The answer of an audit; empty where it was not asked.
    pub fn of(&self, name: &str) -> &Asked {
        static NONE: Asked = Asked::none();
        self.audits.iter().find(|asked| asked.name == name).unwrap_or(&NONE)
    }
}
