//! Who answers SQL: Athena over the organization's lake, or DataFusion in this process over a folder
//! or bucket of the same layout. The same text gives the same rows on both (docs/sql.md).
//!
//! Everything that is asked goes through [`Engine::ask`], and only one statement that reads goes
//! through that.

#[cfg(feature = "athena")]
pub mod athena;
#[cfg(feature = "embedded")]
mod embedded;
#[cfg(any(feature = "athena", feature = "embedded"))]
mod engines;
#[cfg(any(feature = "athena", feature = "embedded"))]
mod error;
pub mod lexer;
#[cfg(any(feature = "athena", feature = "embedded"))]
mod pages;
pub mod reading;

#[cfg(feature = "athena")]
pub use athena::{Athena, AthenaError};
#[cfg(feature = "embedded")]
pub use embedded::Embedded;
#[cfg(any(feature = "athena", feature = "embedded"))]
pub use engines::Engine;
#[cfg(any(feature = "athena", feature = "embedded"))]
pub use error::EngineError;
#[cfg(any(feature = "athena", feature = "embedded"))]
pub use pages::Pages;
