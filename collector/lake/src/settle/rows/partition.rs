//! One partition's rows: each event once in one new file, the other copies counted and kept elsewhere.

use std::io;
use std::sync::{Mutex, PoisonError};

use pipetrail_collector::layout::Partition;
use pipetrail_settlement::entry::{Equation, Output};
use sha2::{Digest, Sha256};

use super::copies::Copies;
use super::delivery::Delivery;
use super::fate::{Fate, fates};
use super::job::Job;
use super::outputs::Outputs;
use super::picked::Pick;
use crate::parquet::Form;
use crate::settle::error::SettleError;
use crate::staging::{Entry, PartitionError, PartitionRows, Reader};

/// What all partitions of a job have in common.
pub(super) struct Workshop<'j> {
    pub job: &'j Job,
    pub form: &'j Form,
    /// For [`Delivery`].
    pub pick: Pick,
    pub outputs: &'j Outputs<'j>,
    pub copies: Mutex<Copies>,
}

/// What became of a partition's rows. Of the equation what a partition can know: no rows in, and nothing that was
/// turned away before.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub output: Option<Output>,
    pub equation: Equation,
}

/// Makes the file of a partition.
///
/// # Errors
/// Rows cannot be read back, or a file cannot be written.
pub(super) fn make(workshop: &Workshop<'_>, rows: &PartitionRows<'_>) -> Result<Made, SettleError> {
    let form = workshop.form;
    let partition = Partition::from_key(&format!("{}-", rows.prefix));
    let partition = partition.ok_or_else(|| spilled(workshop.job, io::Error::other(rows.prefix.clone())))?;
    let reader = Reader::open(rows)?;
    let mut entries = reader.entries()?;
    entries.sort_unstable_by_key(|entry| entry.copy.identity);
    let mut made = Made::default();
    let mut kept = Vec::with_capacity(entries.len());
    for group in entries.chunk_by(|a, b| a.copy.identity == b.copy.identity) {
        if let [one] = group {
            kept.push(*one);
            continue;
        }
        for (entry, fate) in chosen(workshop, &reader, group)? {
            match fate {
                Fate::Kept => kept.push(entry),
                Fate::Repetition => made.equation.repetition += 1,
                Fate::Duplicate | Fate::Conflict => {
                    let differs = fate == Fate::Conflict;
                    made.equation.conflicts += u64::from(differs);
                    made.equation.duplicates += u64::from(!differs);
                    let mut scratch = Vec::new();
                    let packed = reader.row(&entry, &mut scratch)?;
                    let mut copies = workshop.copies.lock().unwrap_or_else(PoisonError::into_inner);
                    let added = copies.add(&partition, entry.copy, form, packed, differs);
                    added.map_err(|cause| spilled(workshop.job, cause))?;
                }
            }
        }
    }
    // No two of them have all of this in common.
    kept.sort_unstable_by_key(|entry| (entry.copy.ms, entry.copy.identity.key, entry.copy));
    if kept.is_empty() {
        return Ok(made);
    }
    let key = workshop.outputs.of_partition(&rows.prefix);
    let file = workshop.outputs.file(&key, form)?;
    let written = reader.write(&kept, form, file)?;
    made.equation.rows_out = written.rows;
    made.output = Some(workshop.outputs.finished(key, written)?);
    Ok(made)
}

/// What becomes of the copies of one event.
fn chosen(workshop: &Workshop<'_>, reader: &Reader<'_>, group: &[Entry]) -> Result<Vec<(Entry, Fate)>, PartitionError> {
    let mut copies = Vec::with_capacity(group.len());
    let mut scratch = Vec::new();
    for entry in group {
        let packed = reader.row(entry, &mut scratch)?;
        let delivery = Delivery::read(entry.copy.rank, entry.copy.ms, workshop.form, &workshop.pick, packed)?;
        copies.push((delivery, Sha256::digest(packed), *entry));
    }
    // Of copies that are the same to readers the bytes decide, so that the same rows always make the same file.
    copies.sort_by(|(a, a_bytes, _), (b, b_bytes, _)| a.order(b).then_with(|| a_bytes.cmp(b_bytes)));
    let (deliveries, entries): (Vec<_>, Vec<_>) = copies.into_iter().map(|(copy, _, entry)| (copy, entry)).unzip();
    Ok(entries.into_iter().zip(fates(&deliveries)).collect())
}

fn spilled(job: &Job, cause: io::Error) -> SettleError {
    SettleError::Spill {
        folder: job.limits.temp.clone(),
        cause,
    }
}
