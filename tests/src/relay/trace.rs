//! What became of an event on its way, and EventBridge's words for why.

use std::fmt;

use crate::wire::Envelope;

/// What became of an event at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A target took it.
    Delivered { target: String },
    /// A target refused it; its dead-letter queue has it.
    DeadLettered {
        queue: String,
        /// Why, in EventBridge's words.
        code: &'static str,
    },
    /// A target refused it, and no dead-letter queue took it.
    Dropped {
        target: String,
        /// Why, in EventBridge's words.
        code: &'static str,
    },
    /// The target bus does not exist: AWS acknowledges and drops.
    Swallowed { bus: String },
    /// No rule of this bus matches.
    Unmatched { bus: String },
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delivered { target } => write!(f, "delivered to {target}"),
            Self::DeadLettered { queue, code } => write!(f, "{code}, kept in {queue}"),
            Self::Dropped { target, code } => write!(f, "{code} at {target}, dropped"),
            Self::Swallowed { bus } => write!(f, "swallowed by the missing {bus}"),
            Self::Unmatched { bus } => write!(f, "matched by no rule of {bus}"),
        }
    }
}

/// The way of one event.
#[derive(Clone, Default)]
pub struct Trace {
    /// The envelopes that targets other than buses took: a hop across Regions changes them.
    pub delivered: Vec<Envelope>,
    /// What became of it, place by place.
    pub outcomes: Vec<Outcome>,
}

/// Why a target did not take an event.
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) message: &'static str,
}

pub(super) const NO_PERMISSIONS: Refusal = Refusal {
    code: "NO_PERMISSIONS",
    message: "Lack of permissions to invoke cross account target.",
};
pub(super) const NOT_ALLOWED: Refusal = Refusal {
    code: "NO_PERMISSIONS",
    message: "Lack of permissions to invoke the target.",
};
pub(super) const NO_ROLE: Refusal = Refusal {
    code: "FAILED_TO_ASSUME_ROLE",
    message: "The role cannot be assumed.",
};
pub(super) const NO_RESOURCE: Refusal = Refusal {
    code: "NO_RESOURCE",
    message: "The target does not exist.",
};
pub(super) const SECOND_HOP: Refusal = Refusal {
    code: "THIRD_ACCOUNT_HOP_DETECTED",
    message: "An event can be sent to an event bus target only once.",
};
pub(super) const CLIENT_ERROR: Refusal = Refusal {
    code: "SDK_CLIENT_ERROR",
    message: "The target refused the request.",
};
