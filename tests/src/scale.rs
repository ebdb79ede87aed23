//! What planning for a large organization costs: calls, time, memory.
//!
//! The real `pipetrail` asks a responder on loopback that answers in AWS's shapes: STS,
//! Organizations with paths and 20 items a page, StackSets with 100, stacks, S3. It is no emulator:
//! it remembers what `pipetrail apply` sends, so that it can be asked for it, and nothing happens.

mod answers;
mod args;
mod child;
mod cost;
mod measured;
mod paced;
mod responder;
mod table;
mod world;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use tempfile::TempDir;

pub use self::args::Args;
use self::child::Ended;
pub use self::measured::Measured;
use self::responder::Responder;
use self::world::World;
use crate::emulators::prepare::{Built, Functions, prepare};
use crate::environment::TestEnvironment;
use crate::pipetrail;
use crate::printer::{self, Step};

/// Accounts of the bills.
const SIZES: [u32; 4] = [200, 2_000, 5_000, 20_000];

/// Measures, or computes, and prints a table.
///
/// # Errors
/// When the binary cannot be built or fails.
pub async fn run(args: &Args) -> Result<()> {
    if args.cost {
        let sizes = SIZES.map(|accounts| cost::Size {
            accounts: f64::from(accounts),
            regions: args.regions as f64,
            events: f64::from(args.events),
        });
        printer::data(&cost::table(&sizes));
        return Ok(());
    }
    let built = prepare(Functions::Quick).await?;
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
        let environment = TestEnvironment::new(folder).aws_config(&self.aws_config);
        let command = pipetrail::command(self.built, &environment, &self.settings, arguments);
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
