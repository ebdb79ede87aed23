//! What becomes of rows: files go in, files come out.

mod files;
mod fixtures;
mod rules;

use std::collections::BTreeMap;

use pipetrail_collector::Table;
use pipetrail_settlement::Merge;
use pipetrail_settlement::choice::Listed;
use pipetrail_settlement::entry::{Entry, FORMAT, Settled, What};
use tempfile::TempDir;
use tokio::runtime::Handle;

use super::fixture::*;
use super::*;
use crate::settle::error::SettleError;
use crate::staging::Limits;
use crate::store::Lake;

const MEMORY: usize = 64 << 20;

/// A lake to settle a table of, and a folder for temporary files.
struct Bench {
    temp: TempDir,
    lake: Lake,
    table: Table,
}

impl Bench {
    fn new(table: Table) -> Self {
        Bench {
            temp: tempfile::tempdir().unwrap(),
            lake: bucket(),
            table,
        }
    }

    fn job(&self, files: &[Listed], tier: Tier) -> Job {
        Job {
            lake: self.lake.clone(),
            table: self.table,
            limits: Limits {
                jobs: 2,
                memory: MEMORY,
                temp: self.temp.path().to_owned(),
            },
            files: files.to_vec(),
            tier,
            prefix: if tier == Tier::Landing { "run-" } else { "closed-" },
            whole: WHOLE,
            kept_from: None,
            catalog: None,
            handle: Handle::current(),
        }
    }

    /// Rows that land in one file, merged.
    async fn landed(&self, rows: &[Row]) -> Settled {
        let file = land(&self.lake, self.table, "a", rows).await;
        settled(self.job(&[file], Tier::Landing)).await
    }
}

async fn merged(job: Job) -> Result<Merge, SettleError> {
    let merged = tokio::task::spawn_blocking(move || merge(&job)).await;
    merged.unwrap()
}

/// The outcome of a job that has nothing to stop it, which an entry of the log can say.
async fn settled(job: Job) -> Settled {
    let (table, tier) = (job.table, job.tier);
    let settled = match merged(job).await.unwrap() {
        Merge::Settled(settled) => settled,
        stopped => panic!("{stopped:?}"),
    };
    let what = match tier {
        Tier::Landing => What::Day(settled.clone()),
        Tier::Partition => What::Close(settled.clone()),
    };
    let entry = Entry {
        format: FORMAT,
        lake: "lake".to_owned(),
        table: table.name().to_owned(),
        seq: 1,
        previous: None,
        unfinished: 1,
        at: "2026-11-21T03:00:00Z".parse().unwrap(),
        writer: "test".to_owned(),
        what,
    };
    assert_eq!(entry.check("lake", table, 1), Ok(()));
    settled
}

/// SHA-256 of the files of a unit by the folder that each lies in.
fn bytes(settled: &Settled) -> BTreeMap<String, String> {
    let made = settled.outputs.iter().chain(&settled.copies);
    let folder = |key: &str| key.rsplit_once('/').unwrap().0.to_owned();
    made.map(|output| (folder(&output.key), output.sha256.clone()))
        .collect()
}
