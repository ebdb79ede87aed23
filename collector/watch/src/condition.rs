//! What can be wrong with an account and region.

use jiff::Timestamp;
use pipetrail_member::Difference;
use serde::{Deserialize, Serialize};

/// Something that began, lasts, and ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "condition", rename_all = "kebab-case")]
pub(crate) enum Condition {
    /// Something is as no version says that counts there.
    Differs {
        what: String,
        /// As JSON; `null` when it is gone. Whoever administers the member has written it.
        found: String,
        expected: String,
    },
    /// The member cannot be looked into.
    Unreadable {
        /// AWS's words, which may hold what a member's administrator has written.
        why: String,
    },
    /// No heartbeat for too long.
    Silent {
        /// The last sign of life, or when it came onto the list.
        since: Timestamp,
    },
    /// No record of the canary for more than a day: no trail delivers to the account's bus any more.
    NoCanary { since: Timestamp },
}

/// Conditions by their kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    Differs,
    Unreadable,
    Silent,
    NoCanary,
}

impl Condition {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Condition::Differs { .. } => Kind::Differs,
            Condition::Unreadable { .. } => Kind::Unreadable,
            Condition::Silent { .. } => Kind::Silent,
            Condition::NoCanary { .. } => Kind::NoCanary,
        }
    }

    /// Whether it comes of looking into the member, not of the lake.
    pub(crate) fn is_seen(&self) -> bool {
        matches!(self.kind(), Kind::Differs | Kind::Unreadable)
    }

    /// Whether it is the same one, observed again. A difference of which something else is found is another one:
    /// otherwise a small one, told and forgotten, would hide what is done later.
    pub(crate) fn is(&self, other: &Condition) -> bool {
        match (self, other) {
            (
                Condition::Differs { what, found, .. },
                Condition::Differs {
                    what: other_what,
                    found: other_found,
                    ..
                },
            ) => (what, found) == (other_what, other_found),
            _ => self.kind() == other.kind(),
        }
    }
}

impl From<Difference> for Condition {
    fn from(difference: Difference) -> Self {
        Condition::Differs {
            what: difference.fact,
            found: difference.found,
            expected: difference.expected,
        }
    }
}
