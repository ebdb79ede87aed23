//! The rows of an answer as DataFusion computes them, and the second question where a file went between the
//! list of files and the reading: it was settled into others, which a new list has.

use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::context::SQLOptions;
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;

use super::errors::is_gone;
use super::values::{headings, values};
use crate::answer::{Heading, Value};
use crate::engine::error::EngineError;

/// Rows on their way.
pub(crate) struct Rows {
    context: SessionContext,
    sql: String,
    stream: SendableRecordBatchStream,
    /// Whether it can be asked again: once, and only before anybody has a row.
    again: bool,
}

/// What comes next.
enum Next {
    Page(Vec<Vec<Value>>),
    End,
    /// The answer begins anew.
    Anew,
}

impl Rows {
    /// Plans a query. No row is read yet, but the files are listed.
    ///
    /// # Errors
    /// The text is refused, or the store cannot be listed.
    pub(super) async fn ask(context: &SessionContext, sql: &str) -> Result<Self, EngineError> {
        Ok(Rows {
            context: context.clone(),
            sql: sql.to_owned(),
            stream: stream(context, sql).await?,
            again: true,
        })
    }

    /// The columns.
    pub(crate) fn columns(&self) -> Vec<Heading> {
        headings(&self.stream.schema())
    }

    /// The next rows; `None` after the last.
    ///
    /// # Errors
    /// What DataFusion says while it reads; that a file is gone, where rows were given out before.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Vec<Value>>>, EngineError> {
        loop {
            match self.step().await? {
                Next::Page(page) => {
                    self.again &= page.is_empty();
                    return Ok(Some(page));
                }
                Next::End => return Ok(None),
                Next::Anew => {}
            }
        }
    }

    /// All that are left.
    ///
    /// # Errors
    /// As [`Rows::next`].
    pub(crate) async fn collect(mut self) -> Result<Vec<Vec<Value>>, EngineError> {
        let mut rows = Vec::new();
        loop {
            match self.step().await? {
                Next::Page(page) => rows.extend(page),
                Next::End => return Ok(rows),
                // Nobody has seen them.
                Next::Anew => rows.clear(),
            }
        }
    }

    async fn step(&mut self) -> Result<Next, EngineError> {
        match self.stream.try_next().await {
            Ok(Some(batch)) => Ok(Next::Page(values(&batch)?)),
            Ok(None) => Ok(Next::End),
            Err(error) if self.again && is_gone(&error) => {
                self.again = false;
                self.stream = stream(&self.context, &self.sql).await?;
                Ok(Next::Anew)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Plans a query. Nothing that it says writes a file, changes a setting or makes a table.
async fn stream(context: &SessionContext, sql: &str) -> Result<SendableRecordBatchStream, DataFusionError> {
    let only_queries = SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false);
    let frame = context.sql_with_options(sql, only_queries).await?;
    frame.execute_stream().await
}
