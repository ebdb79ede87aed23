//! Athena in the audit account: workgroup and database `pipetrail`, where the workgroup bounds what a
//! query may read and says where its results lie.

mod error;
mod pages;
mod running;
#[cfg(test)]
mod tests;

use std::fmt;

use aws_config::SdkConfig;
use aws_sdk_athena::Client;

pub use error::AthenaError;
pub(super) use pages::Pages;
pub use running::settle;

use self::running::Running;
use super::{EngineError, Rows};
use crate::printer::Spinner;

/// Glue database and Athena workgroup.
pub const DATABASE: &str = "pipetrail";

/// Athena, ready to be asked.
pub struct Athena {
    client: Client,
    tells: bool,
}

impl Athena {
    /// In that account and region.
    pub fn of(config: &SdkConfig) -> Self {
        Athena {
            client: Client::new(config),
            tells: false,
        }
    }

    /// Shows on a terminal how its queries go.
    pub fn telling(self) -> Self {
        Athena { tells: true, ..self }
    }

    /// Asks, waits until the query has succeeded, and gives its rows as they are read.
    ///
    /// # Errors
    /// A refused call, or a query that does not succeed.
    pub async fn ask(&self, sql: &str) -> Result<Rows, EngineError> {
        let spinner = self.tells.then(Spinner::new);
        let mut running = Running::start(&self.client, sql);
        let ended = running.wait(|progress| {
            if let Some(spinner) = &spinner {
                spinner.show(progress);
            }
        });
        let ended = ended.await?;
        let pages = Pages::open(&self.client, ended).await?;
        Ok(Rows::athena(pages))
    }
}

/// What a query read, as Athena counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scanned {
    /// Bytes.
    pub bytes: u64,
    /// Whether it is charged for: what only reads the catalog is not.
    pub charged: bool,
}

impl Scanned {
    /// Athena charges for so many bytes at least.
    const LEAST: u64 = 10_000_000;
    /// Bytes for a dollar: 5 USD per TB, the list price of us-east-1.
    const PER_DOLLAR: f64 = 1e12 / 5.0;

    /// About what it costs, in USD.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    fn dollars(self) -> f64 {
        self.bytes.max(Self::LEAST) as f64 / Self::PER_DOLLAR
    }
}

impl fmt::Display for Scanned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} scanned", Bytes(self.bytes))?;
        if !self.charged {
            return Ok(());
        }
        let dollars = self.dollars();
        let dollars = if dollars < 0.01 {
            format!("{dollars:.5}")
        } else {
            format!("{dollars:.2}")
        };
        write!(f, ", about {dollars} USD at the list price of us-east-1")
    }
}

/// A number of bytes, in powers of 1000 as Athena counts them.
pub(super) struct Bytes(pub(super) u64);

impl fmt::Display for Bytes {
    #[expect(clippy::cast_precision_loss, reason = "one digit is shown")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut shown, mut unit) = (self.0 as f64, "bytes");
        for larger in ["KB", "MB", "GB", "TB"] {
            if shown < 1000.0 {
                break;
            }
            (shown, unit) = (shown / 1000.0, larger);
        }
        match unit {
            "bytes" => write!(f, "{} bytes", self.0),
            _ => write!(f, "{shown:.1} {unit}"),
        }
    }
}
