//! Both tiers of a table as one: every copy of every event, settled or not.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::datasource::TableType;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::union::UnionExec;
use pipetrail_collector::Table;

use super::landing::Landing;
use super::table::Partitioned;
use crate::store::Lake;

/// Both tiers of a table of a lake.
#[derive(Debug)]
pub(super) struct Every {
    settled: Partitioned,
    landing: Landing,
}

impl Every {
    /// Of that table of that lake.
    ///
    /// # Errors
    /// The lake's URL is none of a store.
    pub(super) fn new(lake: &Lake, table: Table) -> Result<Self> {
        Ok(Every {
            settled: Partitioned::beside_landing(lake, table)?,
            landing: Landing::new(lake, table)?,
        })
    }
}

#[async_trait]
impl TableProvider for Every {
    /// That of landing, where every column may be NULL.
    fn schema(&self) -> SchemaRef {
        self.landing.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        self.settled.supports_filters_pushdown(filters)
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        // Landing is listed first: a file that is gone from there has been settled before, so that the second
        // list has its rows.
        let landing = self.landing.scan(session, projection, filters, limit).await?;
        let settled = self.settled.scan(session, projection, filters, limit).await?;
        // Without landing the plan is that of the partitions alone.
        if landing.is::<EmptyExec>() {
            return Ok(settled);
        }
        if settled.is::<EmptyExec>() {
            return Ok(landing);
        }
        UnionExec::try_new(vec![settled, landing])
    }
}
