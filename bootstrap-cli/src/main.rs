//! The `pipetrail` command.

mod audits;
mod aws;
#[cfg(test)]
mod canned;
mod cli;
mod command;
mod config;
mod confirm;
mod desired;
mod doctor;
mod engine;
mod enrolment;
mod exit;
mod heard;
mod ingest;
mod init;
mod lake;
mod named_queries;
mod partitions;
mod plan_file;
mod prepare;
mod printer;
mod private_file;
mod prompt;
mod remedy;
mod report;
mod rollout;
mod rows;
mod step;
mod subscriptions;
mod tables;
mod zips;

fn main() -> std::process::ExitCode {
    cli::main()
}
