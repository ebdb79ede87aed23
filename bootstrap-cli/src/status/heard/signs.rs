//! Signs of life, per account and region.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// What was heard from every account and region.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Signs {
    pub(super) heard: BTreeMap<String, BTreeMap<String, Heard>>,
    /// Rows of the answer that could not be read.
    pub unreadable: usize,
    /// What the query read, in bytes, where Athena says it.
    pub bytes_scanned: Option<i64>,
}

/// What was heard from one account and region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    /// Time of the last event of CodePipeline.
    pub last_event: Option<Timestamp>,
    /// Time of the last heartbeat.
    pub last_heartbeat: Option<Timestamp>,
}

impl Signs {
    /// What was heard from an account and region.
    pub(crate) fn of(&self, account: &str, region: &str) -> Heard {
        let regions = self.heard.get(account);
        regions
            .and_then(|regions| regions.get(region))
            .copied()
            .unwrap_or_default()
    }
}

impl FromIterator<((String, String), Heard)> for Signs {
    fn from_iter<I: IntoIterator<Item = ((String, String), Heard)>>(heard: I) -> Self {
        let mut signs = Signs::default();
        for ((account, region), heard) in heard {
            signs.heard.entry(account).or_default().insert(region, heard);
        }
        signs
    }
}
