//! What the tests share: the organization, and what is looked at afterwards.

pub mod ailing;
pub mod built;
pub mod computed;
pub mod expected;
pub mod folder_lake;
pub mod lake;
pub mod lake_folder;
pub mod leftovers;
pub mod org;
pub mod state;
pub mod templates;
