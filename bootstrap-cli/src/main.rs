//! The `pipetrail` command.

mod aws;
mod cli;
mod command;
mod config;
mod desired;
mod exit;
mod partitions;
mod plan_file;
mod prepare;
mod printer;
mod tables;
mod zips;

fn main() -> std::process::ExitCode {
    cli::main()
}
