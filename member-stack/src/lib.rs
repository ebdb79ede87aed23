//! What stands in a member account: the template, and whether what is there is what it says.
//!
//! Both sides of the comparison are a [`Facts`]: one value for each thing that somebody could change. What
//! should be there is written once per version of the template ([`expected`]) and stored by `apply`; what is
//! there is read from outside of the account ([`read`]), because nothing inside can prove itself.

pub mod compare;
pub mod expected;
mod facts;
#[cfg(feature = "aws")]
pub mod read;
#[cfg(feature = "aws")]
mod reader;
pub mod roster;

pub use compare::{Difference, compare};
pub use expected::{Parameters, Version};
pub use facts::Facts;
#[cfg(feature = "aws")]
pub use reader::{Reader, is_refusal};
pub use roster::Roster;

/// The template of a member's stack: plain, because service-managed stack sets refuse transforms and nested stacks.
pub const TEMPLATE: &str = include_str!("../template.yaml");
