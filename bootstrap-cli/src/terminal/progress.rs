//! How far something has come, on standard error.

mod meter;
mod spinner;
mod steps;

pub(crate) use meter::Meter;
pub(crate) use spinner::Spinner;
pub(crate) use steps::Steps;
