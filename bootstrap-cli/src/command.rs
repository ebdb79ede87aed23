//! The commands, one file each; `unenroll` is beside `enroll`.

pub(crate) mod apply;
pub(crate) mod audit;
pub(crate) mod completions;
pub(crate) mod destroy;
pub(crate) mod doctor;
pub(crate) mod enroll;
pub(crate) mod export;
pub(crate) mod ingest;
pub(crate) mod init;
pub(crate) mod man;
pub(crate) mod plan;
pub(crate) mod query;
pub(crate) mod report;
pub(crate) mod select;
pub(crate) mod settle;
pub(crate) mod smoke;
pub(crate) mod status;
pub(crate) mod subscribe;
pub(crate) mod subscriptions;
pub(crate) mod unsubscribe;
