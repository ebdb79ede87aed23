//! What `cargo local-org` does: start, enrol, play, count.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};

use crate::bare;
use crate::day;
use crate::emulators::prepare::{self, Functions};
use crate::generate;
use crate::organization::{Enrolment, Organization};
use crate::play::Input;
use crate::player::{Act, Given, play};
use crate::printer::{self, Step};
use crate::scale;
use crate::tally::{Tally, settle, tally, wait_for_quiet};

/// Enrol an AWS Organization on this machine and watch its events arrive
///
/// Starts two emulators, runs the real `pipetrail apply`, plays events through the deployed rules,
/// streams and functions, asks Athena, S3 and Glue what arrived, settles it with the real `pipetrail settle`,
/// and asks again. Exit status 1 if anything is missing.
#[derive(Debug, Parser)]
#[command(
    name = "local-org",
    bin_name = "cargo local-org",
    args_conflicts_with_subcommands = true
)]
pub struct Args {
    #[command(subcommand)]
    instead: Option<Instead>,
    /// Play these EventBridge envelopes instead of the built-in working day: a .json file (one or an
    /// array), an .ndjson file, or a folder of them
    #[arg(long, value_name = "PATH")]
    events: Option<PathBuf>,
    /// Leave it running until Ctrl-C, and print the AWS config to use
    #[arg(long)]
    keep: bool,
    /// Only make the accounts, print where they are, and stay until Ctrl-C: to try `pipetrail` by hand
    #[arg(long, conflicts_with_all = ["events", "keep", "output"])]
    bare: bool,
    /// What to print on standard output
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

/// What it does instead.
#[derive(Debug, Subcommand)]
enum Instead {
    Scale(scale::Args),
    Generate(generate::Args),
}

/// A form of the tally.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For a reader.
    Table,
    /// One JSON object, for scripts.
    Json,
}

/// Runs it all.
///
/// # Errors
/// When anything but a delivery fails.
pub async fn run(args: Args) -> Result<ExitCode> {
    if let Some(Instead::Scale(args)) = &args.instead {
        scale::run(args).await?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(Instead::Generate(args)) = &args.instead {
        generate::run(args)?;
        return Ok(ExitCode::SUCCESS);
    }
    let input = args.events.as_deref().map(Input::read).transpose()?;
    let built = prepare::prepare(Functions::Quick).await?;
    if args.bare {
        bare::run(&built).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let enrolment = input.as_ref().map_or_else(Enrolment::default, Input::enrolment);
    let organization = Arc::new(Organization::start(&built, enrolment).await?);
    let step = Step::begin("pipetrail apply");
    let applied = organization.apply().await?;
    organization.complete_members().await?;
    step.done("");
    applied.lines().for_each(printer::progress);
    organization.subscribe().await?;

    let (accounts, given) = match &input {
        Some(input) => {
            let mapping = input.mapping(&organization.members);
            let given = input.given(&mapping);
            (mapping, given)
        }
        None => {
            organization.deploy_by_hand(day::STRANGER).await?;
            (BTreeMap::new(), day::day(&organization).await?)
        }
    };
    for (given, member) in &accounts {
        printer::progress(&format!("account {given} is played by {member}"));
    }
    let mut played = Vec::new();
    for round in rounds(given) {
        if !played.is_empty() {
            wait_for_quiet(&organization).await?;
        }
        played.extend(play(&organization, round).await?);
    }
    for played in &played {
        if let Some(reason) = played.refusal() {
            printer::progress(&format!("refused: {} ({reason})", played.given.label));
        } else if played.unmatched() {
            printer::progress(&format!("matched by no rule: {}", played.given.label));
        }
    }
    let mut tally = tally(&organization, accounts, &played).await?;
    settle(&organization, &mut tally, &played).await?;
    print(&tally, args.output)?;
    if args.keep {
        keep(&organization).await?;
    }
    Ok(if tally.missing.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What is given again comes after what it repeats was dealt with, as a late duplicate does. (Two at
/// the very same moment may alert twice: the promise is at least once.)
fn rounds(given: Vec<Given>) -> Vec<Vec<Given>> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut rounds: Vec<Vec<Given>> = Vec::new();
    for given in given {
        let key = match &given.act {
            Act::Emit { envelope, .. } => pipetrail_collector::event_key(envelope.to_string().as_bytes()).ok(),
            _ => None,
        };
        let times = key.map_or(0, |key| {
            let times = seen.entry(key).or_default();
            *times += 1;
            *times - 1
        });
        rounds.resize_with(rounds.len().max(times + 1), Vec::new);
        rounds[times].push(given);
    }
    rounds
}

fn print(tally: &Tally, output: Output) -> Result<()> {
    match output {
        Output::Table => printer::data(&tally.to_string()),
        Output::Json => printer::data(&serde_json::to_string(tally)?),
    }
    Ok(())
}

async fn keep(organization: &Organization) -> Result<()> {
    let config = organization.aws_config.display();
    printer::progress(&format!(
        "\nstill running, until Ctrl-C; for the AWS CLI or boto3:\n\n  export AWS_CONFIG_FILE={config}\n"
    ));
    for profile in ["management", "audit"]
        .into_iter()
        .chain(organization.members.iter().map(|m| m.name.as_str()))
    {
        printer::progress(&format!("  aws --profile {profile} sts get-caller-identity"));
    }
    tokio::signal::ctrl_c().await?;
    Ok(())
}
