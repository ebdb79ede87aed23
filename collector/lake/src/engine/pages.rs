//! An answer as it is read, page by page.

#[cfg(feature = "embedded")]
use datafusion::execution::SendableRecordBatchStream;
#[cfg(feature = "embedded")]
use futures::TryStreamExt;

#[cfg(feature = "athena")]
use super::athena::{Results, Scanned};
#[cfg(feature = "embedded")]
use super::embedded::{headings, values};
use super::error::EngineError;
use crate::answer::{Answer, Heading, Value};

/// An answer as it is read, page by page.
pub struct Pages {
    columns: Vec<Heading>,
    source: Source,
}

enum Source {
    #[cfg(feature = "embedded")]
    Embedded(SendableRecordBatchStream),
    #[cfg(feature = "athena")]
    Athena(Results),
}

impl Pages {
    #[cfg(feature = "embedded")]
    pub(super) fn embedded(stream: SendableRecordBatchStream) -> Self {
        Pages {
            columns: headings(&stream.schema()),
            source: Source::Embedded(stream),
        }
    }

    #[cfg(feature = "athena")]
    pub(super) fn athena(mut results: Results) -> Self {
        Pages {
            columns: std::mem::take(&mut results.columns),
            source: Source::Athena(results),
        }
    }

    /// What the query read, where it is counted.
    #[cfg(feature = "athena")]
    pub fn scanned(&self) -> Option<Scanned> {
        match &self.source {
            #[cfg(feature = "embedded")]
            Source::Embedded(_) => None,
            Source::Athena(results) => results.ended.scanned,
        }
    }

    /// The columns, known before the first row.
    pub fn columns(&self) -> &[Heading] {
        &self.columns
    }

    /// The next rows; `None` after the last.
    ///
    /// # Errors
    /// What the engine says while it reads.
    pub async fn next(&mut self) -> Result<Option<Vec<Vec<Value>>>, EngineError> {
        match &mut self.source {
            #[cfg(feature = "embedded")]
            Source::Embedded(stream) => stream.try_next().await?.as_ref().map(values).transpose(),
            #[cfg(feature = "athena")]
            Source::Athena(results) => Ok(results.next(&self.columns).await?),
        }
    }

    /// All of them.
    ///
    /// # Errors
    /// What the engine says while it reads.
    pub async fn collect(mut self) -> Result<Answer, EngineError> {
        let mut rows = Vec::new();
        while let Some(page) = self.next().await? {
            rows.extend(page);
        }
        Ok(Answer {
            columns: self.columns,
            rows,
        })
    }
}
