//! The `pipetrail` command.

mod aws;
mod cli;
mod command;
mod config;
mod desired;
mod enrolment;
mod exit;
mod lake;
mod partitions;
mod plan_file;
mod prepare;
mod printer;
mod rollout;
mod settings;
mod tables;
mod zips;

fn main() -> std::process::ExitCode {
    cli::main()
}
