//! `cargo local-org`: see `--help`.

use std::process::ExitCode;

use clap::Parser;
use pipetrail_tests::{printer, session};

#[tokio::main]
async fn main() -> ExitCode {
    session::run(session::Args::parse()).await.unwrap_or_else(|error| {
        printer::progress(&format!("error: {error:#}"));
        ExitCode::FAILURE
    })
}
