//! An answer as it is read, page by page.

#[cfg(feature = "athena")]
use super::athena::{Results, Scanned};
#[cfg(feature = "embedded")]
use super::embedded::Rows;
use super::error::EngineError;
use crate::answer::{Answer, Heading, Value};

/// An answer as it is read, page by page.
pub struct Pages {
    columns: Vec<Heading>,
    source: Source,
}

enum Source {
    #[cfg(feature = "embedded")]
    Embedded(Box<Rows>),
    #[cfg(feature = "athena")]
    Athena(Results),
}

impl Pages {
    #[cfg(feature = "embedded")]
    pub(super) fn embedded(rows: Rows) -> Self {
        Pages {
            columns: rows.columns(),
            source: Source::Embedded(Box::new(rows)),
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

    /// The next rows; `None` after the last. Where a file is settled into another one meanwhile, the engine in
    /// this process asks once more, but only before it has given rows out.
    ///
    /// # Errors
    /// What the engine says while it reads.
    pub async fn next(&mut self) -> Result<Option<Vec<Vec<Value>>>, EngineError> {
        match &mut self.source {
            #[cfg(feature = "embedded")]
            Source::Embedded(rows) => rows.next().await,
            #[cfg(feature = "athena")]
            Source::Athena(results) => Ok(results.next(&self.columns).await?),
        }
    }

    /// All of them. Asked once more, as a whole, where a file is settled into another one meanwhile.
    ///
    /// # Errors
    /// What the engine says while it reads.
    pub async fn collect(self) -> Result<Answer, EngineError> {
        let columns = self.columns;
        let rows = match self.source {
            #[cfg(feature = "embedded")]
            Source::Embedded(rows) => rows.collect().await?,
            #[cfg(feature = "athena")]
            Source::Athena(mut results) => {
                let mut rows = Vec::new();
                while let Some(page) = results.next(&columns).await? {
                    rows.extend(page);
                }
                rows
            }
        };
        Ok(Answer { columns, rows })
    }
}
