//! The `pipetrail` command as people run it.

mod applying;
mod destroying;
mod enrolling;
mod examples;
mod injected;
mod killed;
mod not_ready;
mod partial;
mod refused_by_aws;
mod replacing;
mod scale;
mod setting_up;
mod silenced;
mod smoking;
mod status;
mod stuck;
mod subscribing;
mod upgrade;
mod wrong;
