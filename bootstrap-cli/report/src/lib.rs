//! The report that people read: what the audits answer, as one page, or as files for spreadsheets and
//! programs.
//!
//! Every figure comes from an audit by name ([`AUDITS`]); nothing here asks an engine, has SQL of its
//! own or knows AWS. All text of events is hostile: `pipetrail_lake::hostile` makes it harmless to read,
//! the page's template escapes it.

mod asked;
mod audits;
mod chart;
mod error;
mod export;
#[cfg(test)]
mod hostile_report;
mod page;
mod periods;
mod report;
mod summary;
mod text;
mod window;

pub use asked::Asked;
pub use audits::AUDITS;
pub use error::ReportError;
pub use export::{Format, render};
pub use report::{Question, Report};
pub use text::counted;
pub use window::Window;
