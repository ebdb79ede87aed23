//! The `pipetrail` command.

mod aws;
#[cfg(test)]
mod canned;
mod cli;
mod command;
mod config;
mod context;
mod deploy;
mod doctor;
mod failure;
mod lake;
mod members;
mod private_file;
mod status;
mod subscriptions;
mod terminal;

fn main() -> std::process::ExitCode {
    cli::main()
}
