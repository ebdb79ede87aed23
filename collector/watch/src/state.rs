//! What is remembered from one run to the next.

use std::collections::BTreeMap;

use jiff::Timestamp;
use pipetrail_names::AccountRegion;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::condition::Condition;
use crate::pass::Pass;

/// The only format there is.
pub(crate) const FORMAT: u32 = 1;

/// The memory. Without one, everything that is wrong begins anew: it is told again, and nothing is hidden.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    pub format: u32,
    /// The time of the run that wrote it.
    pub written_at: Timestamp,
    /// When the lake last answered.
    #[serde(default)]
    pub heard_at: Option<Timestamp>,
    /// When the list of members was written that this was judged by.
    pub roster: Timestamp,
    /// Who joined since, by their first heartbeat.
    pub newcomers: BTreeMap<AccountRegion, Timestamp>,
    pub heard: BTreeMap<AccountRegion, LastSigns>,
    pub conditions: BTreeMap<AccountRegion, Vec<Held>>,
    /// Reads that failed in a way that may pass, and why; tried again in the next run.
    pub failing: BTreeMap<AccountRegion, String>,
    pub pass: Pass,
}

/// The last signs of an account and region. Remembered, because only what landed lately is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LastSigns {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<Timestamp>,
}

impl LastSigns {
    /// The later ones of both.
    pub(crate) fn and(self, other: LastSigns) -> Self {
        LastSigns {
            heartbeat: self.heartbeat.max(other.heartbeat),
            canary: self.canary.max(other.canary),
        }
    }
}

/// A condition that lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held {
    #[serde(flatten)]
    pub condition: Condition,
    pub told: Told,
}

/// How somebody was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Told {
    /// With account and region.
    Named,
    /// As one of many.
    Counted,
}

/// Not a memory of this format.
#[derive(Debug, Error)]
pub(crate) enum StateError {
    #[error("it is no memory of λ watch")]
    Json(#[from] serde_json::Error),
    #[error("it has format {0}; this function reads {FORMAT}")]
    Format(u32),
}

impl State {
    /// # Errors
    /// No memory, or one of another format.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, StateError> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let Head { format } = serde_json::from_slice(text)?;
        if format != FORMAT {
            return Err(StateError::Format(format));
        }
        Ok(serde_json::from_slice(text)?)
    }
}
