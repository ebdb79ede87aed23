//! End-to-end tests: one organization, enrolled by the real CLI, shared by all of them.
//!
//! Every test works in accounts of its own, so that they can run at the same time.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod ailing;
mod alerts;
mod applying;
mod bad_input;
mod binary;
mod captures;
mod contract;
mod destroying;
mod enrolling;
mod expected;
mod faults;
mod fixtures;
mod heartbeats;
mod injected;
mod killed;
mod lake;
mod leftovers;
mod missing;
mod org;
mod partial;
mod refusals;
mod scale;
mod state;
mod status;
mod stuck;
mod templates;
mod upgrade;
