//! Step 3: a record into each stream, and records that become no row; then what lies in the lake, what Athena says, and
//! `ingest` of what was set aside.

use std::collections::BTreeSet;

use pipetrail_collector::Table;
use pipetrail_lake::tiers::Tier;
use pipetrail_names::audit::Bucket;

use super::super::claim::{INGESTED, LANDED, MISPLACED, NOT_AN_EVENT, ROW, UNCONVERTED};
use super::super::findings::Findings;
use super::super::ground::Ground;
use super::super::judge::{self, Judged};
use super::super::wait::wait_for;
use super::super::{lake, sample};
use super::errors;
use super::scratch_stream::{self, put_record};
use crate::failure::Result;

pub(super) async fn run(ground: &Ground, findings: &mut Findings) -> Result<()> {
    let sample = &ground.sample;
    let (misplaced, into) = &sample.misplaced;
    for record in &sample.events {
        put_record(ground, &record.table.stream_name(), &record.body).await?;
    }
    put_record(ground, &sample.broken.table.stream_name(), &sample.broken.body).await?;
    put_record(ground, &into.stream_name(), &misplaced.body).await?;
    let unconverted = scratch_stream::put(ground, &sample.unconverted.body).await;

    landed(ground, findings).await;
    rows(ground, findings).await;
    let refused = |table: Table| format!("errors/{table}/processing-failed/");
    let kept = errors::kept(ground, &refused(sample.broken.table), &sample.broken.body).await;
    findings.note(&NOT_AN_EVENT, "", kept);
    let kept = errors::kept(ground, &refused(*into), &misplaced.body).await;
    findings.note(&MISPLACED, "", kept);
    let prefix = format!("errors/{}/format-conversion-failed/", sample.unconverted.table);
    let kept = match unconverted {
        Ok(()) => errors::kept(ground, &prefix, &sample.unconverted.body).await,
        Err(failure) => Err(failure),
    };
    findings.note(&UNCONVERTED, "", kept);
    let judged = ingested(ground, findings).await;
    findings.note(&INGESTED, "", judged);
    Ok(())
}

/// What has landed, table by table.
async fn landed(ground: &Ground, findings: &mut Findings) {
    let bucket = ground.bucket(Bucket::Lake);
    for table in Table::DELIVERED {
        let prefix = format!("landing/{table}/");
        let look = async || {
            let keys = lake::keys(ground, &bucket, &prefix, None).await?;
            Ok((!keys.is_empty()).then_some(keys))
        };
        let seen = wait_for(ground.limit, look).await;
        let judged = seen.map(|keys| judge::landed(table.name(), &keys.unwrap_or_default(), &ground.place));
        findings.note(&LANDED, table.name(), judged);
    }
}

/// What Athena answers, table by table, of one query.
async fn rows(ground: &Ground, findings: &mut Findings) {
    let events: Vec<(Table, &str)> = ground
        .sample
        .events
        .iter()
        .map(|it| (it.table, it.key.as_str()))
        .collect();
    let mut last = BTreeSet::new();
    let seen = wait_for(ground.limit, async || {
        last = lake::found(ground, &events, Tier::Landing).await?;
        Ok((last.len() == events.len()).then_some(()))
    });
    let seen = seen.await.map_err(|failure| failure.to_string());
    for (table, key) in &events {
        let judged = match &seen {
            Err(why) => Judged::not_possible(why.clone()),
            Ok(_) if last.contains(*key) => Judged::proven(format!("event_key {key}")),
            Ok(_) => ground.place.missed(&format!("Athena has no row with event_key {key}")),
        };
        findings.note(&ROW, table.name(), Ok(judged));
    }
}

/// Makes rows of what was set aside, as far as it was.
async fn ingested(ground: &Ground, findings: &Findings) -> Result<Judged> {
    let sample::Sample {
        misplaced: (misplaced, _),
        unconverted,
        ..
    } = &ground.sample;
    let of = [(&MISPLACED, misplaced), (&UNCONVERTED, unconverted)];
    let expected = of.into_iter().filter(|(claim, _)| findings.proves(claim));
    let expected: Vec<(Table, &str)> = expected
        .map(|(_, record)| (record.table, record.key.as_str()))
        .collect();
    if expected.is_empty() {
        return Ok(Judged::not_possible("nothing that can become a row lies under errors/"));
    }
    let ingested = lake::ingest(ground).await?;
    if let Some(failed) = ingested.failed.first() {
        return Ok(Judged::refuted(failed.to_string()));
    }
    let seen = wait_for(ground.limit, async || {
        let found = lake::found(ground, &expected, Tier::Settled).await?;
        Ok((found.len() == expected.len()).then_some(found))
    });
    let (rows, records, rejected) = (ingested.rows, ingested.records, ingested.rejected);
    let told = format!("{rows} rows made of {records} records, {rejected} refused");
    Ok(match seen.await? {
        Some(_) => Judged::proven(told),
        None => Judged::refuted(format!("{told}; Athena does not see all of them")),
    })
}
