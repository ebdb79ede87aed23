//! `pipetrail completions`

use clap_complete::Shell;

use crate::failure::Exit;
use crate::terminal::printer;

/// Print the completions of a shell
///
/// Needs no configuration and no network. Put them where the shell looks for them: for bash
/// ~/.local/share/bash-completion/completions/pipetrail, for zsh a file _pipetrail in a folder of
/// $fpath, for fish ~/.config/fish/completions/pipetrail.fish.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipetrail completions bash > pipetrail.bash\n  pipetrail completions zsh > _pipetrail\n  pipetrail completions fish > pipetrail.fish"
)]
pub(crate) struct Args {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Runs the command.
pub(crate) fn run(args: &Args, command: clap::Command) -> Exit {
    printer::verbatim(&script(args.shell, command));
    Exit::Ok
}

/// The completions of a command.
pub(crate) fn script(shell: Shell, mut command: clap::Command) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "pipetrail", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}
