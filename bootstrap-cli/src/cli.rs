//! The command line: parse, run, and one place where errors become messages and exit codes.

use std::cell::Cell;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueHint};
use pipetrail_stacksets::chain;
use thiserror::Error;

use crate::audits::AuditError;
use crate::aws::{ConnectError, WrongAccount};
use crate::command::{
    apply, audit, completions, destroy, doctor, enroll, ingest, init, man, plan, query, report, status, subscribe,
    subscriptions, unenroll, unsubscribe,
};
use crate::config::edit::SettingsError;
use crate::config::{Config, ConfigError, RegionName};
use crate::engine::{self, EngineError};
use crate::exit::Exit;
use crate::ingest::IngestError;
use crate::init::Unanswered;
use crate::lake::LakeError;
use crate::plan_file::PlanFileError;
use crate::printer::{self, Output, Volume};
use crate::remedy;
use crate::report::ReportError;
use crate::rows::RowsError;
use crate::subscriptions::{NoTopic, Refused};
use crate::zips::{self, ZipError};

/// Enrols an AWS Organization in pipetrail, shows what is covered, and asks the lake.
///
/// Standard output is data, standard error is everything else. Exit codes: 0 ok, 1 failed and nothing
/// changed, 2 wrong usage or configuration, 3 changes pending
/// (`plan --check`), 4 partly applied.
#[derive(Debug, Parser)]
#[command(name = "pipetrail", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Configuration file
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        value_hint = ValueHint::FilePath,
        default_value = "pipetrail.toml",
        env = "PIPETRAIL_CONFIG",
        hide_env_values = true
    )]
    pub config: PathBuf,
    /// Form of the data on standard output
    #[arg(long, global = true, value_name = "FORM", value_enum, default_value_t)]
    pub output: Output,
    /// AWS profile of the management account, instead of organization.profile
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// AWS profile of the audit account, instead of audit.profile
    #[arg(long, global = true, value_name = "NAME")]
    pub audit_profile: Option<String>,
    /// Home region, instead of audit.region
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<RegionName>,
    /// Endpoint of all AWS services, instead of the profiles' own
    #[arg(long, global = true, value_name = "URL", value_hint = ValueHint::Url, value_parser = endpoint)]
    pub endpoint_url: Option<String>,
    /// Write data and errors only: no plan, no progress
    #[arg(long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Write a line for every call to AWS: what, as whom, where, how long, with which result
    #[arg(long, global = true)]
    pub verbose: bool,
}

/// Reads `--endpoint-url`.
fn endpoint(text: &str) -> Result<String, &'static str> {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let is_host = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[');
    match rest {
        Some(rest) if is_host(rest) && text.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(text.to_owned()),
        _ => Err("expected a URL, for example http://127.0.0.1:4566"),
    }
}

impl Global {
    /// The configuration file, with what these flags say instead.
    ///
    /// # Errors
    /// The file cannot be read or is wrong.
    pub fn configuration(&self) -> Result<Config, ConfigError> {
        Config::load(&self.config).map(|config| self.over(config))
    }

    /// A configuration with what these flags say instead.
    pub fn over(&self, mut config: Config) -> Config {
        if let Some(region) = &self.region {
            config.audit.region = region.clone();
        }
        config
    }

    fn volume(&self) -> Volume {
        match (self.quiet, self.verbose) {
            (true, _) => Volume::Quiet,
            (_, true) => Volume::Verbose,
            _ => Volume::Normal,
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    Doctor(doctor::Args),
    Plan(plan::Args),
    Apply(apply::Args),
    Status(status::Args),
    Enroll(enroll::Args),
    Unenroll(unenroll::Args),
    Subscribe(subscribe::Args),
    Unsubscribe(unsubscribe::Args),
    Subscriptions(subscriptions::Args),
    Destroy(destroy::Args),
    Ingest(ingest::Args),
    Query(query::Args),
    Audit(audit::Args),
    Report(report::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// A command that cannot run the way it was called.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct UsageError {
    /// What is wrong.
    pub message: &'static str,
    /// The next thing to try.
    pub hint: &'static str,
}

/// The command line as clap sees it, for what is generated from it.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Parses the command line and runs the command.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Not clap's own text: the digests of the functions are worth computing only when asked for.
        Err(error) if error.kind() == ErrorKind::DisplayVersion => {
            printer::verbatim(&zips::version());
            return written(Exit::Ok, false).into();
        }
        // Help goes as it is; what is wrong may quote an address.
        Err(error) if error.use_stderr() && error.to_string().contains('@') => {
            printer::misuse(&error.to_string());
            return Exit::Usage.into();
        }
        Err(error) => error.exit(),
    };
    printer::set(cli.global.volume());
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
    let ended = runtime.map_err(anyhow::Error::from).and_then(|runtime| {
        let ended = runtime.block_on(async {
            let ended = run(&cli).await;
            engine::settle().await;
            ended
        });
        // A question that nobody answered still waits for its line.
        runtime.shutdown_background();
        ended
    });
    match ended {
        Ok(exit) => exit.into(),
        Err(error) => {
            let (exit, hint) = classify(&error);
            printer::error(&chain(error.as_ref()), hint.as_deref());
            exit.into()
        }
    }
}

async fn run(cli: &Cli) -> anyhow::Result<Exit> {
    let rows = matches!(cli.command, Command::Query(_) | Command::Audit(_));
    if cli.global.output == Output::Csv && !rows {
        return Err(UsageError {
            message: "this command has no rows to write as csv",
            hint: "use --output json",
        }
        .into());
    }
    let begun = Cell::new(false);
    let command = async {
        match &cli.command {
            Command::Init(args) => init::run(&cli.global, args).await,
            Command::Doctor(args) => doctor::run(&cli.global, args, &begun).await,
            Command::Plan(args) => plan::run(&cli.global, args).await,
            Command::Apply(args) => apply::run(&cli.global, args, &begun).await,
            Command::Status(args) => status::run(&cli.global, args).await,
            Command::Enroll(args) => enroll::run(&cli.global, args, &begun).await,
            Command::Unenroll(args) => unenroll::run(&cli.global, args, &begun).await,
            Command::Subscribe(args) => subscribe::run(&cli.global, args, &begun).await,
            Command::Unsubscribe(args) => unsubscribe::run(&cli.global, args, &begun).await,
            Command::Subscriptions(args) => subscriptions::run(&cli.global, args).await,
            Command::Destroy(args) => destroy::run(&cli.global, args, &begun).await,
            Command::Ingest(args) => ingest::run(&cli.global, args, &begun).await,
            Command::Query(args) => query::run(&cli.global, args).await,
            Command::Audit(args) => audit::run(&cli.global, args).await,
            Command::Report(args) => report::run(&cli.global, args).await,
            Command::Completions(args) => completions::run(&cli.global, args).await,
            Command::Man(args) => man::run(&cli.global, args).await,
        }
    };
    // At the prompt it ends a line or a query.
    let prompts = matches!(&cli.command, Command::Query(args) if args.prompts());
    // Whoever watches ends it so.
    let watches = matches!(&cli.command, Command::Status(args) if args.watches());
    // The command is gone before anything is said, and with it what it shows on the terminal.
    let ended = tokio::select! {
        ended = command => Some(ended),
        _ = tokio::signal::ctrl_c(), if !prompts => None,
    };
    match ended {
        Some(Ok(exit)) => Ok(written(exit, begun.get())),
        Some(Err(error)) if begun.get() && is_unanswered(&error) => {
            printer::error(&chain(error.as_ref()), classify(&error).1.as_deref());
            Ok(Exit::Partly)
        }
        Some(Err(error)) => Err(error),
        None if watches => Ok(Exit::Ok),
        None => Ok(interrupted(begun.get(), matches!(&cli.command, Command::Ingest(_)))),
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

/// Whether a call got no answer: once something was being changed, nobody knows what became of it.
fn is_unanswered(error: &anyhow::Error) -> bool {
    use pipetrail_stacksets::{Error, Fault};
    matches!(
        error.downcast_ref(),
        Some(Error::Aws {
            fault: Fault::Unanswered(_),
            ..
        })
    )
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

/// Which exit code an error means, and what to try next.
pub fn classify(error: &anyhow::Error) -> (Exit, Option<String>) {
    if let Some(error) = error.downcast_ref::<ConfigError>() {
        (Exit::Usage, Some(error.hint()))
    } else if let Some(error) = error.downcast_ref::<UsageError>() {
        (Exit::Usage, Some(error.hint.to_owned()))
    } else if let Some(error) = error.downcast_ref::<Unanswered>() {
        (Exit::Usage, Some(error.hint()))
    } else if let Some(error) = error.downcast_ref::<Refused>() {
        (Exit::Usage, Some(error.hint.clone()))
    } else if let Some(error) = error.downcast_ref::<NoTopic>() {
        (Exit::Failed, Some(error.hint().to_owned()))
    } else if error.is::<query::FileError>() {
        (
            Exit::Usage,
            Some("name a file of SQL in UTF-8, or - for standard input".to_owned()),
        )
    } else if let Some(error) = error.downcast_ref::<ZipError>() {
        (Exit::Usage, Some(error.hint()))
    } else if let Some(error) = error.downcast_ref::<ConnectError>() {
        (error.exit(), error.hint())
    } else if let Some(error) = error.downcast_ref::<PlanFileError>() {
        (error.exit(), Some(error.hint()))
    } else if let Some(error) = error.downcast_ref::<SettingsError>() {
        (Exit::Failed, Some(error.hint().to_owned()))
    } else if let Some(error) = error.downcast_ref::<WrongAccount>() {
        (Exit::Failed, Some(error.hint().to_owned()))
    } else if let Some(error) = error.downcast_ref::<LakeError>() {
        (error.exit(), error.hint())
    } else if let Some(error) = error.downcast_ref::<EngineError>() {
        (error.exit(), error.hint())
    } else if let Some(error) = error.downcast_ref::<RowsError>() {
        (error.exit(), error.hint())
    } else if let Some(error) = error.downcast_ref::<IngestError>() {
        (error.exit(), error.hint())
    } else if let Some(error) = error.downcast_ref::<AuditError>() {
        (error.exit(), error.hint())
    } else if let Some(error) = error.downcast_ref::<ReportError>() {
        (error.exit(), error.hint())
    } else if let Some(error) = error.downcast_ref::<pipetrail_stacksets::Error>() {
        (Exit::Failed, remedy::hint(error))
    } else {
        (Exit::Failed, None)
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
        let error = Cli::try_parse_from(["pipetrail", "status", "--region", "Frankfurt"]).unwrap_err();
        assert!(error.to_string().contains("eu-central-1"), "{error}");
    }

    #[test]
    fn the_region_of_the_command_line_wins_over_the_files() {
        let folder = std::env::temp_dir().join(format!("pipetrail-region-{}", std::process::id()));
        let text = "[organization]\norganizational_units = [\"r-ab12\"]\nregions = [\"eu-central-1\"]\n\
                    [audit]\naccount = \"999988887777\"\nregion = \"eu-central-1\"\n";
        std::fs::write(&folder, text).unwrap();
        let file = folder.to_str().unwrap();
        let cli = Cli::try_parse_from(["pipetrail", "status", "--config", file, "--region", "eu-west-1"]).unwrap();
        let config = cli.global.configuration();
        std::fs::remove_file(&folder).unwrap();
        assert_eq!(config.unwrap().audit.region.as_ref(), "eu-west-1");
    }

    #[test]
    fn wrong_usage_is_two_and_a_refusal_of_aws_is_one() {
        let usage = UsageError {
            message: "no",
            hint: "use --yes",
        };
        assert_eq!(classify(&usage.into()), (Exit::Usage, Some("use --yes".to_owned())));
        let refused = pipetrail_stacksets::Error::FeatureSet("o-abcdefghij".into());
        assert_eq!(classify(&refused.into()).0, Exit::Failed);
    }

    #[test]
    fn a_call_without_an_answer_is_told_from_a_refusal() {
        use pipetrail_stacksets::{Error, Fault};
        let of = |fault| -> anyhow::Error {
            let action = "subscribe".to_owned();
            Error::Aws { action, fault }.into()
        };
        assert!(is_unanswered(&of(Fault::Unanswered("timed out".into()))));
        let (code, message) = ("AccessDenied".to_owned(), "no".to_owned());
        assert!(!is_unanswered(&of(Fault::Refused { code, message })));
    }

    #[test]
    fn an_endpoint_is_a_url() {
        for wrong in ["nowhere", "http://", "ftp://x", "https:// x", "http:///x"] {
            assert!(endpoint(wrong).is_err(), "{wrong}");
        }
        for right in ["http://127.0.0.1:1", "https://x.example/y", "http://[::1]:80"] {
            assert!(endpoint(right).is_ok(), "{right}");
        }
    }

    #[test]
    fn an_interruption_is_partly_once_applying_has_begun() {
        for ingests in [false, true] {
            let exits = (interrupted(true, ingests), interrupted(false, ingests));
            assert_eq!(exits, (Exit::Partly, Exit::Failed));
        }
    }
}
