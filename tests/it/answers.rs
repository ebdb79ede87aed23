//! The lake asked: events brought in from files, one SQL on two engines, audits and the report.

mod audits;
mod embedded;
mod forged;
mod ingest;
mod json;
mod parity;
mod query;
mod report;
mod settle;
