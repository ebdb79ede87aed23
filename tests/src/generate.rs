//! Events of a whole organization over many days, in the shapes of the real ones and the same for
//! the same seed: for tests, for benchmarks, and to try `pipetrail ingest` with.
//!
//! They come day by day, as they would arrive, so that a day is all that is ever in memory.

mod account;
mod cast;
mod days;
mod files;
mod gate;
mod noise;
mod people;
mod pipeline;
mod random;
mod recipe;
mod run;
mod story;
mod words;

use std::path::PathBuf;

use anyhow::{Context, Result};
use jiff::civil::Date;

pub use self::days::{Days, Delivered};
pub use self::files::{Written, write};
use self::recipe::end_of;
pub use self::recipe::{Form, Recipe};
use crate::printer;

/// Write the events of a made-up organization into files
///
/// The same seed gives the same events. Two forms: EventBridge envelopes, as a bus delivers them, and
/// CloudTrail log files in the folders of an organization trail, which hold API calls only.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Accounts of the organization
    #[arg(long, value_name = "N", default_value_t = 200)]
    accounts: u32,
    /// Days, of which the last is `--until`
    #[arg(long, value_name = "N", default_value_t = 90)]
    days: u32,
    /// Another seed gives other events
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// About how many events, heartbeats apart; without it 60 per account and day
    #[arg(long, value_name = "N")]
    events: Option<u64>,
    /// What to write
    #[arg(long, value_enum, default_value_t = Form::Envelopes)]
    form: Form,
    /// Records of other services for each one of CodePipeline, in CloudTrail log files
    #[arg(long, value_name = "N", default_value_t = 0)]
    noise: u32,
    /// Last day, UTC
    #[arg(long, value_name = "DATE", default_value = "2026-11-20")]
    until: Date,
    /// No heartbeats: by default one an hour for each account and Region, with gaps in some
    #[arg(long)]
    no_heartbeats: bool,
    /// Folder to write into; made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// `cargo local-org generate`.
///
/// # Errors
/// When the folder cannot be written to.
pub fn run(args: &Args) -> Result<()> {
    let events = args
        .events
        .unwrap_or(u64::from(args.accounts) * u64::from(args.days) * 60);
    let recipe = Recipe {
        until: end_of(args.until),
        heartbeats: !args.no_heartbeats,
        form: args.form,
        noise: args.noise,
        ..Recipe::new(args.accounts, args.days, args.seed, events)
    };
    let written = write(recipe, &args.out).with_context(|| format!("cannot write into {}", args.out.display()))?;
    printer::data(&serde_json::to_string(&written)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use pipetrail_collector::Event;
    use serde_json::Value;

    use super::*;
    use crate::wire::Envelope;

    fn small() -> Recipe {
        Recipe::new(7, 12, 3, 4000)
    }

    #[test]
    fn a_seed_always_gives_the_same_events_and_another_seed_gives_others() {
        let texts = |recipe: Recipe| recipe.all().into_iter().map(|event| event.text).collect::<Vec<_>>();
        assert_eq!(texts(small()), texts(small()));
        assert_ne!(texts(small()), texts(Recipe { seed: 4, ..small() }));
    }

    #[test]
    fn every_event_can_be_carried_becomes_a_row_and_arrives_in_order() {
        let all = small().all();
        assert!(all.len() > 4000, "{}", all.len());
        assert!(all.is_sorted_by_key(|event| event.at));
        let (mut keys, mut tables) = (BTreeSet::new(), BTreeSet::new());
        for event in &all {
            Envelope::parse(event.text.as_bytes()).unwrap().carriable().unwrap();
            let parsed = Event::parse(event.text.as_bytes()).unwrap();
            tables.insert(parsed.table().name());
            keys.insert(parsed.key());
        }
        // Some come twice, and only some.
        assert!(
            (90..100).contains(&(keys.len() * 100 / all.len())),
            "{} of {}",
            keys.len(),
            all.len()
        );
        assert_eq!(tables.len(), 6, "{tables:?}");
    }

    #[test]
    fn as_emitted_nothing_comes_twice_and_no_hop_has_changed_an_event() {
        let recipe = Recipe {
            delivered: false,
            heartbeats: false,
            ..small()
        };
        let all = recipe.all();
        let keys: BTreeSet<_> = all
            .iter()
            .map(|event| pipetrail_collector::event_key(event.text.as_bytes()).unwrap())
            .collect();
        assert_eq!(keys.len(), all.len());
    }

    #[test]
    fn a_trail_holds_each_record_once_among_its_noise() {
        let folder = tempfile::tempdir().unwrap();
        let recipe = Recipe {
            form: Form::Trail,
            noise: 9,
            ..Recipe::new(3, 5, 1, 60)
        };
        let written = write(recipe, folder.path()).unwrap();
        assert_eq!(written.noise, written.events * 9);
        let (mut ours, mut all) = (0_u64, 0_u64);
        let mut folders = vec![folder.path().to_owned()];
        while let Some(path) = folders.pop() {
            if path.is_dir() {
                folders.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
                continue;
            }
            let file = std::fs::File::open(&path).unwrap();
            let log: Value = serde_json::from_reader(flate2::read::GzDecoder::new(file)).unwrap();
            let records = log["Records"].as_array().unwrap();
            all += u64::try_from(records.len()).unwrap();
            let of_codepipeline = |record: &&Value| record["eventSource"] == "codepipeline.amazonaws.com";
            ours += u64::try_from(records.iter().filter(of_codepipeline).count()).unwrap();
        }
        assert_eq!((ours, all), (written.events, written.events * 10));
    }
}
