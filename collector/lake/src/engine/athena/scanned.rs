//! What a query read and costs.

use std::fmt;

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
