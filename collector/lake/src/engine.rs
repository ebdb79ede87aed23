//! Who answers SQL: Athena over the organization's lake, or DataFusion in this process over a folder
//! or bucket of the same layout. The same text gives the same rows on both (docs/sql.md).
//!
//! Everything that is asked goes through [`Engine::ask`], and only one statement that reads goes
//! through that.

#[cfg(feature = "athena")]
pub mod athena;
#[cfg(feature = "embedded")]
mod embedded;
mod error;
pub mod lexer;
#[cfg(any(feature = "athena", feature = "embedded"))]
mod pages;
pub mod reading;
pub(crate) mod walk;

#[cfg(any(feature = "athena", feature = "embedded"))]
use std::borrow::Cow;

#[cfg(feature = "athena")]
pub use athena::{Athena, AthenaError};
#[cfg(feature = "embedded")]
pub use embedded::Embedded;
pub use error::EngineError;
#[cfg(any(feature = "athena", feature = "embedded"))]
pub use pages::Pages;

/// Who answers.
#[cfg(any(feature = "athena", feature = "embedded"))]
#[cfg_attr(
    all(feature = "athena", feature = "embedded"),
    expect(clippy::large_enum_variant, reason = "there is one in a process")
)]
pub enum Engine {
    /// DataFusion over a lake that was named.
    #[cfg(feature = "embedded")]
    Embedded(Embedded),
    /// Athena in the audit account.
    #[cfg(feature = "athena")]
    Athena(Athena),
}

#[cfg(any(feature = "athena", feature = "embedded"))]
impl Engine {
    /// A statement as this engine is asked it: what a report shows, so that it can be asked again.
    pub fn text<'a>(&self, sql: &'a str) -> Cow<'a, str> {
        match self {
            #[cfg(feature = "embedded")]
            Engine::Embedded(_) => sql.into(),
            #[cfg(feature = "athena")]
            Engine::Athena(_) => crate::tiers::over_glue(sql),
        }
    }

    /// Asks one statement that reads; the rows come as they are read. A query of Athena whose future is
    /// dropped is stopped: see [`athena::settle`].
    ///
    /// # Errors
    /// The text is refused, or the engine cannot be reached.
    pub async fn ask(&self, sql: &str) -> Result<Pages, EngineError> {
        let statement = reading::statement(sql)?;
        match self {
            #[cfg(feature = "embedded")]
            Engine::Embedded(engine) => engine.ask(statement).await,
            #[cfg(feature = "athena")]
            Engine::Athena(engine) => engine.ask(statement).await,
        }
    }
}
