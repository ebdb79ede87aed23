//! What a step needs of earlier ones.

use std::fmt;

/// What a step needs. Of several that are broken the first in this order is the one that a message
/// names, as [`fmt::Display`] writes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// A zip in its bucket, by its S3 key.
    Upload(String),
    /// That StackSets may work in the organization.
    TrustedAccess,
    /// A stack of the audit account.
    Stack(String),
    StackSet(String),
    /// That no creation of instances was refused as a whole.
    Creations,
    /// That no forwarder runs any more: while one does, the bus must not go.
    ForwardersGone,
    StackGone(String),
    BucketGone(String),
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Need::Upload(name) | Need::Stack(name) | Need::StackSet(name) => f.write_str(name),
            Need::TrustedAccess => f.write_str(crate::SERVICE_PRINCIPAL),
            Need::Creations => f.write_str("the instances that replace them"),
            Need::ForwardersGone => f.write_str("every forwarder to be gone first"),
            Need::StackGone(name) | Need::BucketGone(name) => write!(f, "{name} to be gone first"),
        }
    }
}
