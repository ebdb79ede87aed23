//! What an audit takes and what it answers with.

use serde::Serialize;

/// Something that an audit takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditParameter {
    /// Its name.
    pub name: &'static str,
    /// `text` or `integer`.
    pub kind: &'static str,
    /// What it is without being given.
    pub default: &'static str,
    /// What else it may be, as in `Approved or Rejected`; `None` for anything.
    #[serde(skip)]
    pub among: Option<&'static str>,
    /// What it means.
    pub meaning: String,
    /// Whether it is the audit's own, given with `--set NAME=VALUE`.
    #[serde(skip)]
    pub own: bool,
}

/// A column of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditColumn {
    /// Its name.
    pub name: &'static str,
    /// `text`, `integer`, `double` or `boolean`.
    pub kind: &'static str,
    /// What it means.
    pub meaning: String,
}
