//! A report before it has a form.

use pipetrail_names::AccountId;

use super::asked::Asked;
use super::question::Question;

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
