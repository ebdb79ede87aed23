//! What the tests share: the organization, and what is looked at afterwards.

pub(crate) mod ailing;
pub(crate) mod built;
pub(crate) mod computed;
pub(crate) mod expected;
pub(crate) mod folder_lake;
pub(crate) mod lake;
pub(crate) mod lake_folder;
pub(crate) mod landed;
pub(crate) mod leftovers;
pub(crate) mod operator;
pub(crate) mod org;
pub(crate) mod state;
pub(crate) mod templates;
