//! One job: files are read, their rows set aside, and new files written. All of it, or nothing.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use pipetrail_settlement::Merge;
use pipetrail_settlement::entry::{Equation, Input, Settled};

use super::copies::{self, Copies};
use super::delivery::Delivery;
use super::gather::{Gather, Gathered};
use super::job::Job;
use super::outputs::Outputs;
use super::partition::Workshop;
use super::rejected::Rejected;
use super::source;
use super::stop::Stop;
use super::write::write;
use crate::parquet::Form;
use crate::settle::error::SettleError;
use crate::staging::{Aside, Merged, Spill, Stage};

/// Most partitions whose rows are held in memory.
const PARTITIONS: usize = 1 << 16;

/// The part of the memory that is for copies.
const COPIES: usize = 8;

/// Does the job. It waits for the store on the thread that it is called on.
///
/// # Errors
/// The lake fails. What was written is deleted again, as far as that can be.
pub(in crate::settle) fn merge(job: &Job) -> Result<Merge, SettleError> {
    let form = Form::of(job.table);
    let outputs = Outputs::of(job);
    match make(job, &form, &outputs) {
        Ok(settled) => Ok(Merge::Settled(settled)),
        Err(stop) => {
            outputs.take_back();
            match stop {
                Stop::Changed => Ok(Merge::Changed),
                Stop::Damaged(key, why) => Ok(Merge::Damaged(key, why)),
                Stop::Failed(error) => Err(error),
            }
        }
    }
}

fn make(job: &Job, form: &Form, outputs: &Outputs<'_>) -> Result<Settled, Stop> {
    let spill = Arc::new(Spill::new(&job.limits.temp));
    let (inputs, read) = gather(job, form, outputs, &spill)?;
    let unspilled = |cause| SettleError::Spill {
        folder: job.limits.temp.clone(),
        cause,
    };
    let mut equation = Equation {
        rows_in: inputs.iter().map(|input| input.rows).sum(),
        rejected: read.rejected.count,
        expired: read.expired,
        ..Equation::default()
    };
    let rejected = read.rejected.finish()?;
    let aside = Aside {
        staged: vec![read.stage.finish().map_err(unspilled)?],
        spill: Arc::clone(&spill),
    };
    // Before a file is written: one that Glue refuses would be written in vain, every hour anew.
    register(job, &Merged::of(&aside).and_then(Merged::prefixes).map_err(unspilled)?)?;
    let stage = Stage::new(Arc::clone(&spill), job.limits.memory / COPIES, PARTITIONS);
    let workshop = Workshop {
        job,
        form,
        pick: Delivery::pick(form),
        outputs,
        copies: Mutex::new(Copies::new(job.table, form, stage)),
    };
    let (outputs_made, made) = write(&workshop, &aside)?;
    drop(aside);
    equation.add(&made);
    let copies = workshop.copies.into_inner().unwrap_or_else(PoisonError::into_inner);
    let aside = Aside {
        staged: vec![copies.into_stage().finish().map_err(unspilled)?],
        spill,
    };
    register(job, &Merged::of(&aside).and_then(Merged::prefixes).map_err(unspilled)?)?;
    let settled = Settled {
        inputs,
        outputs: outputs_made,
        copies: copies::write(job, outputs, &aside)?,
        rejected,
        kept_from: job.kept_from.clone(),
        equation,
    };
    match adds_up(&settled) {
        true => Ok(settled),
        false => Err(SettleError::Equation {
            table: job.table,
            equation,
        }
        .into()),
    }
}

/// Makes queries see partitions, by prefix.
fn register(job: &Job, partitions: &BTreeSet<String>) -> Result<(), SettleError> {
    if let Some(catalog) = &job.catalog {
        job.handle.block_on(catalog.register(&job.lake.location, partitions))?;
    }
    Ok(())
}

/// Reads all files, and sets their rows aside.
fn gather<'j>(
    job: &'j Job,
    form: &'j Form,
    outputs: &'j Outputs<'j>,
    spill: &Arc<Spill>,
) -> Result<(Vec<Input>, Gathered<'j>), Stop> {
    let stage = Stage::new(Arc::clone(spill), job.limits.memory, PARTITIONS);
    let mut gather = Gather::new(job, form, stage, Rejected::new(job, outputs));
    let read = source::read(job, |file, batch| gather.add(file, batch));
    let gathered = gather.finish();
    match read {
        Ok(inputs) => Ok((inputs, gathered)),
        Err(stop) => {
            gathered.rejected.abandon();
            Err(stop)
        }
    }
}

/// Whether the rows that the files have, by their footers, are those that the equation names.
fn adds_up(settled: &Settled) -> bool {
    let rows =
        |outputs: &[pipetrail_settlement::entry::Output]| -> u64 { outputs.iter().map(|output| output.rows).sum() };
    let Equation {
        rows_out,
        duplicates,
        conflicts,
        rejected,
        ..
    } = settled.equation;
    settled.equation.balances()
        && rows_out == rows(&settled.outputs)
        && duplicates + conflicts == rows(&settled.copies)
        && rejected == rows(&settled.rejected)
}
