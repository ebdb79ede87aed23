//! What doctor found.

use pipetrail_stacksets::{Caller, TrustedAccess};

use super::check::Check;

/// All lines, and what `--fix` needs.
#[derive(Debug, Default)]
pub(crate) struct Examination {
    /// The lines.
    pub checks: Vec<Check>,
    /// Trusted access, where it could be asked for.
    pub access: Option<(TrustedAccess, Caller)>,
}
