//! `pipetrail man`

use std::io;
use std::path::PathBuf;

use anyhow::Context;
use clap_mangen::Man;

use crate::cli::{self, Global};
use crate::exit::Exit;
use crate::printer;

/// Print the manual page, or write the pages of all commands
///
/// Needs no configuration and no network.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  pipetrail man > pipetrail.1\n  pipetrail man --dir man1")]
pub struct Args {
    /// Write one page per command to this folder, instead of the main page to standard output
    #[arg(long, value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    dir: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// The folder cannot be written.
pub async fn run(_global: &Global, args: &Args) -> anyhow::Result<Exit> {
    let Some(folder) = &args.dir else {
        printer::verbatim(&page(cli::command())?);
        return Ok(Exit::Ok);
    };
    let failed = || format!("cannot write the manual pages to {}", folder.display());
    std::fs::create_dir_all(folder).with_context(failed)?;
    clap_mangen::generate_to(cli::command(), folder).with_context(failed)?;
    Ok(Exit::Ok)
}

fn page(command: clap::Command) -> io::Result<String> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_main_page_lists_every_command() {
        let page = page(cli::command()).unwrap();
        for command in cli::command().get_subcommands() {
            assert!(
                page.contains(&format!("pipetrail\\-{}(1)", command.get_name())),
                "{}",
                command.get_name()
            );
        }
    }
}
