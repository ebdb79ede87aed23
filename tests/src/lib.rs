//! The local organization: an AWS Organization on this machine, driven by the real CLI, templates
//! and functions.

pub mod aws;
pub mod bare;
pub mod day;
pub mod emulators;
pub mod environment;
pub mod fault_proxy;
pub mod generate;
pub mod ids;
pub mod lambda_host;
pub mod loopback;
pub mod names;
pub mod organization;
mod pipetrail;
pub mod play;
pub mod player;
pub mod printer;
pub mod relay;
pub mod scale;
pub mod session;
pub mod tally;
pub mod wire;
