//! Audits by name: SQL files with a header, bound to a window of time, accounts and pipelines.
//!
//! One file of `audits/` is one audit; `build.rs` embeds whatever lies there. Not here: who answers
//! the SQL ([`crate::engine`]).

mod audit;
#[cfg(test)]
mod dialect;
#[cfg(test)]
mod document;
mod error;
mod expand;
mod files;
#[cfg(test)]
#[cfg(feature = "embedded")]
mod fixture;
mod header;
mod parameters;
mod signature;

use std::sync::LazyLock;

pub use audit::Audit;
pub use error::AuditError;
pub use parameters::Parameters;
pub use signature::{AuditColumn, AuditParameter};

static AUDITS: LazyLock<Vec<Audit>> = LazyLock::new(|| {
    // None is left out: the build has read them all.
    let read = |(name, text): &(&'static str, &'static str)| Some(Audit::new(name, header::read(text).ok()?));
    files::FILES.iter().filter_map(read).collect()
});

/// Every audit, by name.
pub fn all() -> &'static [Audit] {
    &AUDITS
}

/// The audit of that name.
///
/// # Errors
/// There is none; the error names those that are spelt nearly so.
pub fn find(name: &str) -> Result<&'static Audit, AuditError> {
    let found = all().iter().find(|audit| audit.name == name);
    found.ok_or_else(|| AuditError::unknown(name, all().iter().map(|audit| audit.name)))
}

#[cfg(test)]
mod tests;
