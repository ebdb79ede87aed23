//! How far something has come, on standard error.

mod meter;
mod spinner;
mod steps;

pub use meter::Meter;
pub use spinner::Spinner;
pub use steps::Steps;
