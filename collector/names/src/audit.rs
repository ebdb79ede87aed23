//! Fixed names in the audit account.

use crate::{AccountId, Region, partition};

/// The stack of the bucket that function zips and large templates are uploaded to.
pub const ARTIFACTS_STACK: &str = "pipetrail-artifacts";

/// The stack of what must survive: buckets, tables, the bus, topics, the queue of decisions.
pub const DATA_STACK: &str = "pipetrail-data";

/// The stack of what moves data: rules, delivery streams, functions, schedules.
pub const PIPELINE_STACK: &str = "pipetrail-pipeline";

/// All stacks, in the order of their creation.
pub const STACKS: [&str; 3] = [ARTIFACTS_STACK, DATA_STACK, PIPELINE_STACK];

/// The event bus that members forward to.
pub const BUS: &str = "pipetrail";

/// The archive of the bus.
pub const ARCHIVE: &str = "pipetrail";

/// What the name of a rule on the bus begins with, before its table's.
pub const RULE_PREFIX: &str = "pipetrail-";

/// The rule of decisions, which the data stack has.
pub const DECISIONS_RULE: &str = "pipetrail-decisions";

/// The topic of decisions. The topic of one account has `-` and its id behind this name.
pub const ALERTS: &str = "pipetrail-alerts";

/// The topic of alarms.
pub const OPERATOR: &str = "pipetrail-operator";

/// The queues: of what no target took, of decisions, and of decisions that nobody could record.
pub const QUEUES: [&str; 3] = ["pipetrail-bus-dlq", "pipetrail-decisions", "pipetrail-decisions-dlq"];

/// The roles of the pipeline stack; each has `pipetrail-` before and `-` with the home region behind this.
pub const PIPELINE_ROLES: [&str; 7] = [
    "bus",
    "streams",
    "transform",
    "settle",
    "schedules",
    "approval",
    "watch",
];

/// The list of members in the lake's bucket: the command writes it, the function that watches members reads it.
pub const ROSTER_KEY: &str = "members/roster.json";

/// What that function remembers from one run to the next; beside the list.
pub const WATCH_KEY: &str = "members/watch.json";

/// The Glue database.
pub const DATABASE: &str = "pipetrail";

/// The Athena workgroup.
pub const WORKGROUP: &str = "pipetrail";

/// What the name of a delivery stream begins with, before its table's. Names of streams may not hold
/// `_`, so there `-` stands for it.
pub const STREAM_PREFIX: &str = "pipetrail-";

/// ARN of the bus of an audit account with its home region.
#[must_use]
pub fn bus_arn(account: &AccountId, home: &Region) -> String {
    format!("arn:{}:events:{home}:{account}:event-bus/{BUS}", partition(home))
}

/// The role that looks into members. Whoever may assume it in the audit account sees what stands there. A member
/// has a role of the name [`crate::member::reader`], and the audit account may be a member too.
#[must_use]
pub fn reader(home: &Region) -> String {
    format!("pipetrail-audit-reader-{home}")
}

/// A bucket of the audit account, by what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bucket {
    /// Function zips and templates.
    Artifacts,
    /// The tables.
    Lake,
    /// Decision records under Object Lock.
    Evidence,
    /// Answers of Athena.
    Athena,
}

impl Bucket {
    /// The bucket's name. Names of buckets are global, so account and region are part of it.
    #[must_use]
    pub fn name(self, account: &AccountId, region: &Region) -> String {
        format!("{}{account}-{region}", self.prefix())
    }

    /// What the name begins with, whatever the account.
    #[must_use]
    pub fn prefix(self) -> String {
        let holds = match self {
            Bucket::Artifacts => "artifacts",
            Bucket::Lake => "lake",
            Bucket::Evidence => "evidence",
            Bucket::Athena => "athena",
        };
        format!("pipetrail-{holds}-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_called_by_what_it_holds_and_where() {
        let (account, region) = ("012345678901".parse().unwrap(), "eu-central-1".parse().unwrap());
        assert_eq!(
            Bucket::Lake.name(&account, &region),
            "pipetrail-lake-012345678901-eu-central-1"
        );
    }
}
