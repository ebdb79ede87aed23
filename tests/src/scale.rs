//! What planning for a large organization costs: calls, time, memory.
//!
//! The real `pipetrail` asks a responder on loopback that answers in AWS's shapes: STS,
//! Organizations with paths and 20 items a page, StackSets with 100, stacks, S3. It is no emulator:
//! it remembers what `pipetrail apply` sends, so that it can be asked for it, and nothing happens.

mod answers;
mod child;
mod paced;
mod responder;
mod table;
mod world;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args as ClapArgs;
use tempfile::TempDir;

use self::child::Ended;
use self::responder::Responder;
use self::world::World;
use crate::emulators::prepare::{Built, prepare};
use crate::printer::{self, Step};

/// Measure what planning for a large organization costs
///
/// Drives the real binary against a responder in AWS's shapes on loopback, in four situations: a
/// first enrolment, a steady state, every hundredth stack instance missing, and then a unit that is
/// taken out of the configuration.
#[derive(Clone, Debug, ClapArgs)]
pub struct Args {
    /// Enrolled accounts
    #[arg(long, default_value_t = 5000)]
    pub accounts: usize,
    /// Regions, at most 8
    #[arg(long, default_value_t = 4)]
    pub regions: usize,
    /// Organizational units that the accounts are spread over
    #[arg(long, default_value_t = 20)]
    pub units: usize,
    /// How long every answer takes
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 0)]
    pub latency_ms: u64,
    /// Throttle Organizations as AWS does: ListAccounts 8 calls a second, 12 at once
    #[arg(long)]
    pub throttle: bool,
}

/// What one planning cost.
#[derive(Clone, Debug)]
pub struct Measured {
    /// What stood when it began.
    pub situation: &'static str,
    /// Calls by service and operation, those that were throttled included.
    pub calls: BTreeMap<(String, String), usize>,
    /// How many of them were throttled.
    pub throttled: usize,
    /// From start to end of the process.
    pub wall: Duration,
    /// Peak resident memory in KiB; `None` where the system does not tell.
    pub peak_kib: Option<u64>,
    /// The plan, as it was told.
    pub said: String,
}

impl Measured {
    /// Calls of all services but those that page through the stack set.
    #[must_use]
    pub fn calls_beside_stack_sets(&self) -> usize {
        let beside = self
            .calls
            .iter()
            .filter(|((_, operation), _)| !operation.contains("StackSet") && !operation.contains("StackInstances"));
        beside.map(|(_, count)| count).sum()
    }

    /// Calls of one operation.
    #[must_use]
    pub fn calls_of(&self, operation: &str) -> usize {
        let of = self.calls.iter().filter(|((_, name), _)| name == operation);
        of.map(|(_, count)| count).sum()
    }
}

/// Measures and prints a table.
///
/// # Errors
/// When the binary cannot be built or fails.
pub async fn run(args: &Args) -> Result<()> {
    let built = prepare().await?;
    let measured = measure(&built, args).await?;
    printer::data(&table::table(args, &measured));
    Ok(())
}

/// Plans in all situations.
///
/// # Errors
/// When the binary fails, or asks for something that the responder does not know.
pub async fn measure(built: &Built, args: &Args) -> Result<Vec<Measured>> {
    let bench = Bench::start(built, args).await?;
    let first = bench.plan("first enrolment").await?;

    let step = Step::begin("applying once, so that something stands");
    bench.apply().await?;
    step.done("");
    let steady = bench.plan("steady state").await?;
    bench.world.lose_every(100);
    let missing = bench.plan("1 % missing").await?;
    fs::write(&bench.settings, bench.world.settings(args.units - 1))?;
    let fewer = bench.plan("a unit fewer").await?;
    Ok(vec![first, steady, missing, fewer])
}

/// The binary and the responder that it asks.
struct Bench<'a> {
    built: &'a Built,
    args: &'a Args,
    world: Arc<World>,
    responder: Responder,
    settings: PathBuf,
    aws_config: PathBuf,
    folder: TempDir,
}

impl<'a> Bench<'a> {
    async fn start(built: &'a Built, args: &'a Args) -> Result<Self> {
        let world = Arc::new(World::new(args.accounts, args.regions, args.units)?);
        let responder = Responder::start(Arc::clone(&world)).await?;
        let folder = TempDir::with_prefix("pipetrail-scale-")?;
        let settings = write(folder.path(), "pipetrail.toml", &world.settings(args.units))?;
        let aws_config = write(folder.path(), "aws-config", &world.profiles(&responder.endpoint))?;
        Ok(Self {
            built,
            args,
            world,
            responder,
            settings,
            aws_config,
            folder,
        })
    }

    async fn plan(&self, situation: &'static str) -> Result<Measured> {
        let latency = Duration::from_millis(self.args.latency_ms);
        self.responder.pace(latency, self.args.throttle);
        let ended = self.pipetrail(&["plan"]).await?;
        ensure!(ended.code == Some(0), "planning failed: {}", ended.said);
        let (calls, throttled) = self.responder.seen();
        Ok(Measured {
            situation,
            calls,
            throttled,
            wall: ended.wall,
            peak_kib: ended.peak_kib,
            said: ended.said,
        })
    }

    async fn apply(&self) -> Result<()> {
        self.responder.pace(Duration::ZERO, false);
        let ended = self.pipetrail(&["apply"]).await?;
        ensure!(ended.code == Some(0), "applying failed: {}", ended.said);
        Ok(())
    }

    async fn pipetrail(&self, arguments: &[&str]) -> Result<Ended> {
        let folder = self.folder.path();
        let command = crate::organization::command(self.built, arguments, &self.settings, &self.aws_config, folder);
        let ended = child::run(command).await?;
        let unknown = self.responder.unknown();
        ensure!(
            unknown.is_empty(),
            "the responder does not know {unknown:?}\n{}",
            ended.said
        );
        Ok(ended)
    }
}

fn write(folder: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let path = folder.join(name);
    fs::write(&path, text)?;
    Ok(path)
}
