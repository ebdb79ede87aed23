//! What could not be read or written.

use std::fmt;

use serde::Serialize;

use super::input::InputError;
use crate::catalog::CatalogError;

/// Something that could not be read or written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// A file, or a partition of the lake.
    pub place: String,
    /// Why.
    pub reason: String,
    /// The next thing to try.
    pub hint: Option<String>,
}

impl Failed {
    /// An input that cannot be read.
    pub fn of_input(error: &InputError) -> Self {
        Failed {
            place: match error {
                InputError::NotFound(name) | InputError::NoMatch(name) | InputError::NoFiles(name) => name.clone(),
                InputError::Pattern { pattern, .. } => pattern.clone(),
                InputError::Special { name, .. } | InputError::Io { name, .. } | InputError::Store { name, .. } => {
                    name.clone()
                }
            },
            reason: error.to_string(),
            hint: error.hint().map(str::to_owned),
        }
    }

    /// Rows that are in the lake, and that Athena may not see.
    pub fn of_catalog(error: &CatalogError) -> Self {
        Failed {
            place: "the lake's partitions in Glue".to_owned(),
            reason: pipetrail_names::chain(error),
            hint: Some(match error {
                CatalogError::Elsewhere { .. } | CatalogError::Format { .. } => {
                    "the rows are written; delete the partition in Glue, and run the same command again".to_owned()
                }
                CatalogError::Call(_) | CatalogError::Unseen { .. } => {
                    "the rows are written; run the same command again to register them".to_owned()
                }
            }),
        }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Most reasons name the place themselves.
        if self.reason.contains(&self.place) {
            f.write_str(&self.reason)
        } else {
            write!(f, "{}: {}", self.place, self.reason)
        }
    }
}
