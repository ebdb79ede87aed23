//! The `pipetrail` command.

mod aws;
mod cli;
mod command;
mod config;
mod desired;
mod exit;
mod printer;
mod subscriptions;
mod tables;
mod zips;

fn main() -> std::process::ExitCode {
    cli::main()
}
