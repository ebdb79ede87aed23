//! What a query has to say besides its answer: how it goes, what it read and costs, and that it was
//! stopped.

use std::fmt;

use crate::call::CallError;

/// Shows how one query goes, a line at a time; dropped when the query has ended.
pub type Show = Box<dyn Fn(&str) + Send + Sync>;

/// Who hears of queries. Functions, because a query may be stopped after its engine is gone.
#[derive(Clone, Copy)]
pub struct Telling {
    /// Called where a query begins.
    pub show: fn() -> Show,
    /// Called once a query that nobody waits for any more is stopped, or cannot be.
    pub stopped: fn(&Stopped),
}

impl Telling {
    /// Nobody hears.
    pub const SILENT: Telling = Telling {
        show: || Box::new(|_| {}),
        stopped: |_| {},
    };
}

/// A query that nobody waits for any more.
pub struct Stopped {
    /// Athena's id of it.
    pub id: String,
    /// Why it may still run: the call that should have stopped it failed.
    pub failed: Option<CallError>,
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
        let digits = if dollars < 0.01 { 5 } else { 2 };
        write!(f, ", about {dollars:.digits$} USD at the list price of us-east-1")
    }
}

/// A number of bytes, in powers of 1000 as Athena counts them.
pub(super) struct Bytes(pub u64);

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
