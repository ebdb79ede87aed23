//! The commands, one file each.

pub mod apply;
pub mod status;
