//! The commands, one file each.

pub mod apply;
pub mod audit;
pub mod completions;
pub mod destroy;
pub mod doctor;
pub mod enroll;
pub mod ingest;
pub mod init;
pub mod man;
pub mod plan;
pub mod query;
pub mod report;
pub mod select;
pub mod status;
pub mod subscribe;
pub mod subscriptions;
pub mod unenroll;
pub mod unsubscribe;
