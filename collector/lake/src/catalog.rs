//! Partitions in Glue: a folder of a table is seen by queries once it is registered.

mod client;
mod create;
#[cfg(feature = "settle")]
mod ensure;
mod folder;
#[cfg(feature = "settle")]
mod forget;
mod register;

pub use self::client::{BATCH, Catalog};
#[cfg(feature = "settle")]
pub use self::ensure::CatalogError;
pub use self::folder::Folder;
pub use self::register::Registered;

#[cfg(test)]
#[cfg(feature = "settle")]
pub(crate) mod fixture;
#[cfg(test)]
#[cfg(feature = "settle")]
mod tests;
