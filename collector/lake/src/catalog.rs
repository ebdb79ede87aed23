//! Partitions in Glue: a folder of a table is seen by queries once it is registered.

mod client;
mod create;
mod ensure;
mod folder;
mod forget;
mod list;

pub use self::client::Catalog;
pub use self::ensure::{CatalogError, Registered};
pub use self::folder::Folder;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
