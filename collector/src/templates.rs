//! The audit account's CloudFormation templates, as they are deployed.

/// Bucket of the Lambda zips; deployed first.
pub const ARTIFACTS: &str = include_str!("../templates/artifacts.yaml");

/// Buckets, Glue database and tables, bus, topics, queues: what outlives the pipeline stack.
pub const DATA: &str = include_str!("../templates/data.yaml");

/// The other rules, delivery streams, functions, schedules, workgroup and alarms.
pub const PIPELINE: &str = include_str!("../templates/pipeline.yaml");
