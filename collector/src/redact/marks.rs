//! Words that stand in place of values.

/// What stands in place of a redacted value.
pub const REDACTED: &str = "REDACTED";

/// CloudTrail's own mark for a hidden value: no secret.
pub(crate) const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";
