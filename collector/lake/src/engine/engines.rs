//! One way to ask, whoever answers.

#[cfg(feature = "athena")]
use super::athena::Athena;
#[cfg(feature = "embedded")]
use super::embedded::Embedded;
use super::error::EngineError;
use super::pages::Pages;
use super::reading;

/// Who answers.
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

impl Engine {
    /// Asks one statement that reads; the rows come as they are read. A query of Athena whose future is
    /// dropped is stopped: see [`athena::settle`](super::athena::settle).
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
