//! Who takes part in an execution, and how its parts end.

use super::people::Person;
use super::pipeline::Pipeline;

/// Who takes part.
pub(super) struct Cast<'a> {
    pub(super) pipeline: &'a Pipeline,
    pub(super) approvers: &'a [Person],
    pub(super) everybody: &'a [Person],
}

/// What an action or a gate comes to.
pub(super) enum End {
    Passed,
    Failed,
    /// The execution is over, and nothing more is told of it.
    Over,
}
