//! `pipetrail man`

use std::io;
use std::path::PathBuf;

use clap_mangen::Man;

use crate::failure::{Exit, Problem, Result};
use crate::terminal::printer;

/// Print the manual page, or write the pages of all commands
///
/// Needs no configuration and no network.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  pipetrail man > pipetrail.1\n  pipetrail man --dir man1")]
pub(crate) struct Args {
    /// Write one page per command to this folder, instead of the main page to standard output
    #[arg(long, value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    dir: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// The folder cannot be written.
pub(crate) fn run(args: &Args, command: clap::Command) -> Result<Exit> {
    let Some(folder) = &args.dir else {
        printer::verbatim(&page(command)?);
        return Ok(Exit::Ok);
    };
    let written = std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(command, folder));
    let folder = folder.display();
    written.map_err(|error| Problem::new(format!("cannot write the manual pages to {folder}: {error}")))?;
    Ok(Exit::Ok)
}

/// The main page.
///
/// # Errors
/// Never, but for a defect.
pub(crate) fn page(command: clap::Command) -> io::Result<String> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
