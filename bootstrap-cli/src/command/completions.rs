//! `pipetrail completions`

use clap_complete::Shell;

use crate::cli::{self, Global};
use crate::exit::Exit;
use crate::printer;

/// Print the completions of a shell
///
/// Needs no configuration and no network. Put them where the shell looks for them: for bash
/// ~/.local/share/bash-completion/completions/pipetrail, for zsh a file _pipetrail in a folder of
/// $fpath, for fish ~/.config/fish/completions/pipetrail.fish.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipetrail completions bash > pipetrail.bash\n  pipetrail completions zsh > _pipetrail\n  pipetrail completions fish > pipetrail.fish"
)]
pub struct Args {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Runs the command.
///
/// # Errors
/// Never; the type is that of all commands.
pub async fn run(_global: &Global, args: &Args) -> anyhow::Result<Exit> {
    printer::verbatim(&script(args.shell));
    Ok(Exit::Ok)
}

fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::command(), "pipetrail", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn every_shell_completes_every_command_and_global_flag() {
        for shell in Shell::value_variants() {
            let script = script(*shell);
            for command in cli::command().get_subcommands() {
                assert!(script.contains(command.get_name()), "{shell}: {}", command.get_name());
            }
            assert!(script.contains("audit-profile"), "{shell}");
        }
    }
}
