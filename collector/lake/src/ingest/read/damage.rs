//! What keeps compressed bytes from being unpacked further.

use thiserror::Error;

/// What ails a compressed input. A reader reports it as the cause of its `io::Error`.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Damage {
    /// The input ends before its compression does.
    #[error("the {0} data ends too early")]
    CutOff(&'static str),
    /// Bytes that are none of the format's, or a checksum that does not fit.
    #[error("the {0} data is damaged, or something else follows it")]
    Corrupt(&'static str),
}
