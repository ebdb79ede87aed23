//! End-to-end tests: one organization, enrolled by the real CLI, shared by all of them.
//!
//! Every test works in accounts of its own, so that they can run at the same time.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod answers;
mod binary;
mod commands;
mod emulators;
mod events;
mod house;
mod support;

use support::{
    ailing, built, computed, expected, folder_lake, lake, lake_folder, landed, leftovers, operator, org, state,
    templates,
};
