//! Rows that belong to no partition, kept as they came: account, month or key are not what they must be.

use pipetrail_collector::columns::Visitor;
use pipetrail_settlement::entry::Output;

use super::job::Job;
use super::outputs::Outputs;
use super::values::Columns;
use crate::parquet::{Form, RowBatch};
use crate::settle::error::SettleError;
use crate::staging::File;

/// Most rows and bytes that are written at once.
const ROWS: usize = 8192;
const BYTES: usize = 8 << 20;

/// The file for them, begun with the first.
pub(super) struct Rejected<'j> {
    job: &'j Job,
    outputs: &'j Outputs<'j>,
    form: Form,
    batch: RowBatch,
    file: Option<(String, File<'j>)>,
    /// How many there are.
    pub count: u64,
}

impl<'j> Rejected<'j> {
    pub(super) fn new(job: &'j Job, outputs: &'j Outputs<'j>) -> Self {
        let form = Form::landing(job.table);
        Rejected {
            job,
            outputs,
            batch: form.batch(),
            form,
            file: None,
            count: 0,
        }
    }

    /// Adds one; `account` and `period` are whose and of when it says to be.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn add(
        &mut self,
        columns: &Columns,
        row: usize,
        account: Option<&str>,
        period: Option<&str>,
    ) -> Result<(), SettleError> {
        columns.show(row, &mut self.batch);
        for key in self.job.table.partition_keys() {
            self.batch.string(if *key == "account_id" { account } else { period });
        }
        self.count += 1;
        match self.batch.rows() >= ROWS || self.batch.bytes() >= BYTES {
            true => self.flush(),
            false => Ok(()),
        }
    }

    fn flush(&mut self) -> Result<(), SettleError> {
        let file = match &mut self.file {
            Some((_, file)) => file,
            none => {
                let key = self.outputs.rejected();
                let file = self.outputs.file(&key, &self.form)?;
                &mut none.insert((key, file)).1
            }
        };
        Ok(file.write(&mut self.batch)?)
    }

    /// Makes the file visible, if there are any.
    ///
    /// # Errors
    /// It cannot be written; nothing is visible then.
    pub(super) fn finish(mut self) -> Result<Vec<Output>, SettleError> {
        if self.batch.rows() > 0
            && let Err(error) = self.flush()
        {
            self.abandon();
            return Err(error);
        }
        let Some((key, file)) = self.file else {
            return Ok(Vec::new());
        };
        Ok(vec![self.outputs.finished(key, file.finish()?)?])
    }

    /// Takes back what was sent.
    pub(super) fn abandon(self) {
        if let Some((_, file)) = self.file {
            file.abandon();
        }
    }
}
