//! Who answers SQL: Athena over the organization's lake, or DataFusion in this process over a folder
//! or bucket of the same layout. The same text gives the same rows on both (docs/sql.md).
//!
//! Everything that is asked goes through [`Engine::ask`], and only one statement that reads goes
//! through that.

mod answer;
mod athena;
mod embedded;
pub mod lexer;
pub mod reading;

use thiserror::Error;

pub use answer::{Answer, Column, Kind, Rows, Value};
pub use athena::{Athena, AthenaError, DATABASE, settle};
pub use embedded::Embedded;

use crate::aws;
use crate::cli::Global;
use crate::config::ConfigError;
use crate::exit::Exit;
use crate::lake::{Lake, Location};
use reading::NotSent;

/// Who answers.
#[expect(clippy::large_enum_variant, reason = "there is one in a process")]
pub enum Engine {
    /// DataFusion over a lake that was named.
    Embedded(Embedded),
    /// Athena in the audit account.
    Athena(Athena),
}

/// A query that was not answered.
#[derive(Debug, Error)]
pub enum EngineError {
    /// DataFusion refuses the text or fails.
    #[error("{message}")]
    Refused {
        /// What it says, with the position where it names one.
        message: String,
        /// The next thing to try.
        hint: Option<String>,
    },
    /// It is not sent to any engine.
    #[error(transparent)]
    NotSent(#[from] NotSent),
    /// Athena does not answer.
    #[error(transparent)]
    Athena(#[from] AthenaError),
    /// There is neither a lake nor a configuration.
    #[error("there is no lake to ask: {config} is not there, and no --lake is named")]
    Nowhere {
        /// The configuration file.
        config: String,
    },
}

impl EngineError {
    /// Wrong usage where nothing was asked.
    pub fn exit(&self) -> Exit {
        match self {
            EngineError::NotSent(_) | EngineError::Nowhere { .. } => Exit::Usage,
            EngineError::Refused { .. } | EngineError::Athena(_) => Exit::Failed,
        }
    }

    /// The next thing to try.
    pub fn hint(&self) -> Option<String> {
        match self {
            EngineError::Refused { hint, .. } => hint.clone(),
            EngineError::NotSent(error) => Some(error.hint().to_owned()),
            EngineError::Athena(error) => error.hint(),
            EngineError::Nowhere { .. } => Some(
                "--lake <PLACE> asks a folder or s3://bucket/prefix (`pipetrail ingest` makes one); for Athena, \
                 name the configuration with --config, or write one with `pipetrail init`"
                    .to_owned(),
            ),
        }
    }
}

/// The engine that a command asks: the embedded one over a lake that is named, else Athena by the
/// configuration. A folder needs neither configuration nor AWS.
///
/// # Errors
/// The lake cannot be opened; there is no configuration, or it is wrong; no way into the audit account.
pub async fn choose(global: &Global, lake: Option<&Location>) -> anyhow::Result<Engine> {
    if let Some(location) = lake {
        let lake = Lake::open(location, global).await?;
        return Ok(Engine::Embedded(Embedded::over(&lake)?));
    }
    let config = match global.configuration() {
        Err(ConfigError::Unreadable { path, source }) if source.kind() == std::io::ErrorKind::NotFound => {
            let config = path.display().to_string();
            return Err(EngineError::Nowhere { config }.into());
        }
        config => config?,
    };
    Ok(Engine::Athena(
        Athena::of(&aws::audit(&config, global).await?).telling(),
    ))
}

impl Engine {
    /// Asks one statement that reads; the rows come as they are read. A query whose future is dropped
    /// is stopped: see [`settle`].
    ///
    /// # Errors
    /// The text is refused, or the engine cannot be reached.
    pub async fn ask(&self, sql: &str) -> Result<Rows, EngineError> {
        let statement = reading::statement(sql)?;
        match self {
            Engine::Embedded(engine) => engine.ask(statement).await,
            Engine::Athena(engine) => engine.ask(statement).await,
        }
    }
}
