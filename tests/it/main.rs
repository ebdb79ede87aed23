//! End-to-end tests: one organization, enrolled by the real CLI, shared by all of them.
//!
//! Every test works in accounts of its own, so that they can run at the same time.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod ailing;
mod alerts;
mod applying;
mod bad_input;
mod binary;
mod built;
mod captures;
mod contract;
mod destroying;
mod enrolling;
mod examples;
mod expected;
mod faults;
mod fixtures;
mod heartbeats;
mod injected;
mod killed;
mod lake;
mod leftovers;
mod missing;
mod not_ready;
mod org;
mod partial;
mod refusals;
mod refused_by_aws;
mod scale;
mod setting_up;
mod state;
mod status;
mod stuck;
mod subscribing;
mod templates;
mod upgrade;
mod wrong;
