//! The command line: parse, build the context, run the command, tell how it ended.

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use crate::command::{
    apply, audit, completions, destroy, doctor, enroll, export, ingest, init, man, plan, query, report, settle, smoke,
    status, subscribe, subscriptions, unsubscribe,
};
use crate::context::Context;
use crate::deploy::function_zips;
use crate::failure::{Exit, Failure, Result, UsageError};
use crate::lake;
use crate::terminal::printer::{self, Output};

/// Enrols an AWS Organization in pipetrail, shows what is covered, and asks the lake.
///
/// Standard output is data, standard error is everything else. Exit codes: 0 ok, 1 failed and nothing
/// changed, 2 wrong usage or configuration, 3 changes pending
/// (`plan --check`), 4 partly applied.
#[derive(Debug, Parser)]
#[command(name = "pipetrail", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    context: Context,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    Doctor(doctor::Args),
    Plan(plan::Args),
    Apply(apply::Args),
    Status(status::Args),
    Enroll(enroll::Enroll),
    Unenroll(enroll::Unenroll),
    Subscribe(subscribe::Args),
    Unsubscribe(unsubscribe::Args),
    Subscriptions(subscriptions::Args),
    Destroy(destroy::Args),
    Smoke(smoke::Args),
    Ingest(ingest::Args),
    Settle(settle::Args),
    Query(query::Args),
    Audit(audit::Args),
    Report(report::Args),
    Export(export::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// The command line as clap sees it, for what is generated from it.
pub(crate) fn command() -> clap::Command {
    Cli::command()
}

/// Parses the command line and runs the command.
pub(crate) fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Not clap's own text: the digests of the functions are worth computing only when asked for.
        Err(error) if error.kind() == ErrorKind::DisplayVersion => {
            printer::verbatim(&function_zips::version());
            return written(Exit::Ok, false).into();
        }
        // Help goes as it is; what is wrong may quote an address.
        Err(error) if error.use_stderr() && error.to_string().contains('@') => {
            printer::misuse(&error.to_string());
            return Exit::Usage.into();
        }
        Err(error) => error.exit(),
    };
    printer::set(cli.context.volume());
    let worker = std::thread::Builder::new().stack_size(STACK).spawn(|| carry_out(cli));
    match worker.map(std::thread::JoinHandle::join) {
        Ok(Ok(exit)) => exit,
        // It has panicked, and said so.
        Ok(Err(_)) => ExitCode::FAILURE,
        Err(cause) => {
            printer::error(&format!("cannot start a thread: {cause}"), None);
            ExitCode::FAILURE
        }
    }
}

/// Stack of every thread that may walk a query: queries of the embedded engine are trees. Only what is
/// used of it takes memory.
const STACK: usize = 128 << 20;

fn carry_out(cli: Cli) -> ExitCode {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.enable_all().thread_stack_size(STACK).build();
    let ended = runtime.map_err(Failure::from).and_then(|runtime| {
        let ended = runtime.block_on(async {
            let ended = run(cli).await;
            lake::settle().await;
            ended
        });
        // A question that nobody answered still waits for its line.
        runtime.shutdown_background();
        ended
    });
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => {
            printer::error(&failure.to_string(), failure.hint().as_deref());
            failure.exit().into()
        }
    }
}

async fn run(Cli { context, command }: Cli) -> Result<Exit> {
    let context = &context;
    let rows = matches!(command, Command::Query(_) | Command::Audit(_));
    if context.output == Output::Csv && !rows {
        return Err(UsageError::new("this command has no rows to write as csv", "use --output json").into());
    }
    let running = async {
        match &command {
            Command::Init(args) => init::run(context, args).await,
            Command::Doctor(args) => doctor::run(context, args).await,
            Command::Plan(args) => plan::run(context, args).await,
            Command::Apply(args) => apply::run(context, args).await,
            Command::Status(args) => status::run(context, args).await,
            Command::Enroll(args) => enroll::enroll(context, args).await,
            Command::Unenroll(args) => enroll::unenroll(context, args).await,
            Command::Subscribe(args) => subscribe::run(context, args).await,
            Command::Unsubscribe(args) => unsubscribe::run(context, args).await,
            Command::Subscriptions(args) => subscriptions::run(context, args).await,
            Command::Destroy(args) => destroy::run(context, args).await,
            Command::Smoke(args) => smoke::run(context, args).await,
            Command::Ingest(args) => ingest::run(context, args).await,
            Command::Settle(args) => settle::run(context, args).await,
            Command::Query(args) => query::run(context, args).await,
            Command::Audit(args) => audit::run(context, args).await,
            Command::Report(args) => report::run(context, args).await,
            Command::Export(args) => export::run(context, args),
            Command::Completions(args) => Ok(completions::run(args, self::command())),
            Command::Man(args) => man::run(args, self::command()),
        }
    };
    // At the prompt it ends a line or a query.
    let prompts = matches!(&command, Command::Query(args) if args.prompts());
    // Whoever watches ends it so.
    let watches = matches!(&command, Command::Status(args) if args.watches());
    // The command is gone before anything is said, and with it what it shows on the terminal.
    let ended = tokio::select! {
        ended = running => Some(ended),
        _ = tokio::signal::ctrl_c(), if !prompts => None,
    };
    let begun = context.begun.get();
    match ended {
        Some(Ok(exit)) => Ok(written(exit, begun)),
        Some(Err(failure)) if begun && failure.is_unanswered() => {
            printer::error(&failure.to_string(), failure.hint().as_deref());
            Ok(Exit::Partly)
        }
        Some(Err(failure)) => Err(failure),
        None if watches => Ok(Exit::Ok),
        None => Ok(interrupted(
            begun,
            matches!(&command, Command::Ingest(_) | Command::Settle(_)),
        )),
    }
}

/// No command has done what it should whose data could not be written.
fn written(exit: Exit, begun: bool) -> Exit {
    match (exit, printer::has_lost(), begun) {
        (Exit::Ok | Exit::Pending, true, false) => Exit::Failed,
        (Exit::Ok, true, true) => Exit::Partly,
        _ => exit,
    }
}

/// Says what an interruption leaves behind; `begun` says that something was being changed, `ingests`
/// that it was a lake.
fn interrupted(begun: bool, ingests: bool) -> Exit {
    if begun {
        let hint = if ingests {
            "no file is half-written; run the same command again to write what is left"
        } else {
            "what AWS has begun goes on; run the same command again to join it and to do what is left"
        };
        printer::error("interrupted, what was to do is done in part at most", Some(hint));
        Exit::Partly
    } else {
        printer::error("interrupted, nothing was changed", None);
        Exit::Failed
    }
}

#[cfg(test)]
mod doc_test;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn quiet_and_verbose_exclude_each_other() {
        let error = Cli::try_parse_from(["pipetrail", "status", "--quiet", "--verbose"]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ArgumentConflict);
    }

    #[test]
    fn a_region_that_is_none_is_wrong_usage_and_says_what_one_looks_like() {
        let error = Cli::try_parse_from(["pipetrail", "status", "--home-region", "Frankfurt"]).unwrap_err();
        assert!(error.to_string().contains("eu-central-1"), "{error}");
    }

    #[test]
    fn the_region_of_the_command_line_wins_over_the_files() {
        let folder = std::env::temp_dir().join(format!("pipetrail-region-{}", std::process::id()));
        let text = "[organization]\norganizational_units = [\"r-ab12\"]\nregions = [\"eu-central-1\"]\n\
                    [audit]\naccount = \"999988887777\"\nregion = \"eu-central-1\"\n";
        std::fs::write(&folder, text).unwrap();
        let file = folder.to_str().unwrap();
        let cli = Cli::try_parse_from(["pipetrail", "status", "--config", file, "--home-region", "eu-west-1"]).unwrap();
        let config = cli.context.configuration();
        std::fs::remove_file(&folder).unwrap();
        assert_eq!(config.unwrap().audit.region.as_ref(), "eu-west-1");
    }

    #[test]
    fn an_interruption_is_partly_once_applying_has_begun() {
        for ingests in [false, true] {
            let exits = (interrupted(true, ingests), interrupted(false, ingests));
            assert_eq!(exits, (Exit::Partly, Exit::Failed));
        }
    }

    #[test]
    fn the_main_page_lists_every_command() {
        let page = man::page(command()).unwrap();
        for command in command().get_subcommands() {
            assert!(
                page.contains(&format!("pipetrail\\-{}(1)", command.get_name())),
                "{}",
                command.get_name()
            );
        }
    }

    #[test]
    fn every_shell_completes_every_command_and_global_flag() {
        for shell in <clap_complete::Shell as clap::ValueEnum>::value_variants() {
            let script = completions::script(*shell, command());
            for command in command().get_subcommands() {
                assert!(script.contains(command.get_name()), "{shell}: {}", command.get_name());
            }
            assert!(script.contains("audit-profile"), "{shell}");
        }
    }
}
