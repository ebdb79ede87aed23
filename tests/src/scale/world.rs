//! The organization that the responder tells of, and what was sent to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Result, ensure};

use crate::organization::HOME;

/// Regions in the order in which they are taken.
const REGIONS: [&str; 8] = [
    HOME,
    "eu-west-1",
    "us-east-1",
    "us-west-2",
    "ap-southeast-2",
    "ap-northeast-1",
    "eu-north-1",
    "ca-central-1",
];
pub(super) const ORGANIZATION: &str = "o-scale12345";
pub(super) const ROOT: &str = "r-ab12";
pub(super) const MANAGEMENT: &str = "111111111111";
pub(super) const AUDIT: &str = "222222222222";

/// An organization of any size.
pub(super) struct World {
    accounts: usize,
    pub(super) regions: Vec<&'static str>,
    pub(super) units: Vec<String>,
    kept: Mutex<Kept>,
}

/// What was sent.
#[derive(Default)]
pub(super) struct Kept {
    /// Stacks by account, region and name.
    pub(super) stacks: BTreeMap<(String, String, String), Sent>,
    pub(super) stack_set: Option<Sent>,
    /// Bodies that may be templates, by path; other objects are empty.
    pub(super) objects: BTreeMap<String, String>,
    /// (unit, region) pairs that were targeted as a whole.
    pub(super) auto_targets: BTreeSet<(String, String)>,
    pub(super) operations: Vec<String>,
    /// Saved queries of Athena; their ids are their places.
    pub(super) queries: Vec<serde_json::Value>,
    /// Numbers of the instances, `account × regions + region`.
    pub(super) instances: Vec<usize>,
}

/// A template with what came with it.
#[derive(Clone, Default)]
pub(super) struct Sent {
    pub(super) template: String,
    pub(super) parameters: Vec<(String, String)>,
    pub(super) tags: Vec<(String, String)>,
    pub(super) is_protected: bool,
}

impl World {
    pub(super) fn new(accounts: usize, regions: usize, units: usize) -> Result<Self> {
        ensure!((1..=REGIONS.len()).contains(&regions), "1 to {} regions", REGIONS.len());
        ensure!((2..=50).contains(&units), "2 to 50 units");
        Ok(Self {
            accounts,
            regions: REGIONS[..regions].to_vec(),
            units: (0..units).map(|unit| format!("ou-ab12-{unit:08}")).collect(),
            kept: Mutex::default(),
        })
    }

    pub(super) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All accounts with their paths: the enrolled ones, then management and audit at the root.
    pub(super) fn accounts(&self) -> impl Iterator<Item = (String, String)> + '_ {
        let members = (0..self.accounts).map(|number| {
            let id = self.account(number);
            let unit = self.unit_of(number);
            let path = format!("{ORGANIZATION}/{ROOT}/{unit}/{id}/");
            (id, path)
        });
        let others = [MANAGEMENT, AUDIT].map(|id| (id.to_owned(), format!("{ORGANIZATION}/{ROOT}/{id}/")));
        members.chain(others)
    }

    /// Account, unit and region of an instance.
    pub(super) fn instance(&self, number: usize) -> (String, &str, &str) {
        let account = number / self.regions.len();
        let region = self.regions[number % self.regions.len()];
        (self.account(account), self.unit_of(account), region)
    }

    pub(super) fn all_instances(&self) -> Vec<usize> {
        (0..self.accounts * self.regions.len()).collect()
    }

    /// Forgets every n-th instance.
    pub(super) fn lose_every(&self, n: usize) {
        self.kept().instances.retain(|number| number % n != 0);
    }

    fn account(&self, number: usize) -> String {
        format!("{:012}", 300_000_000_000 + number)
    }

    fn unit_of(&self, account: usize) -> &str {
        &self.units[account % self.units.len()]
    }

    /// `pipetrail.toml` for so many of the units.
    pub(super) fn settings(&self, units: usize) -> String {
        format!(
            "[organization]\nprofile = \"management\"\norganizational_units = {:?}\nregions = {:?}\n\n\
             [audit]\naccount = \"{AUDIT}\"\nprofile = \"audit\"\nregion = \"{HOME}\"\n",
            &self.units[..units],
            self.regions
        )
    }

    pub(super) fn profiles(&self, endpoint: &str) -> String {
        let mut text = String::new();
        for (name, account) in [("management", MANAGEMENT), ("audit", AUDIT)] {
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                "[profile {name}]\nregion = {HOME}\nendpoint_url = {endpoint}\naws_access_key_id = {account}\n\
                 aws_secret_access_key = scale\n\n"
            );
        }
        text
    }
}
