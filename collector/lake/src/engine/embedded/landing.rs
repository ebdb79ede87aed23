//! What has landed of a table, as DataFusion reads it: flat files of all accounts, in which the partition
//! keys are columns like others.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DFSchema, Result};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::logical_expr::expr_rewriter::unnormalize_col;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use futures::TryStreamExt;
use object_store::path::Path;
use pipetrail_collector::Table;
use pipetrail_collector::layout::{arrival_day, landing};

use super::files::{pushed_down, speaks_only_of};
use super::scan::Scan;
use super::shape::Shape;
use crate::store::Lake;

/// What has landed of a table of a lake.
#[derive(Debug)]
pub(super) struct Landing {
    table: Table,
    scan: Scan,
}

impl Landing {
    /// Of that table of that lake.
    ///
    /// # Errors
    /// The lake's URL is none of a store.
    pub(super) fn new(lake: &Lake, table: Table) -> Result<Self> {
        let shape = Shape::landing(table);
        let schema = TableSchema::builder(Arc::new(shape.schema(table.partition_keys()))).build();
        Ok(Landing {
            table,
            scan: Scan::new(lake, shape, schema)?,
        })
    }

    /// The files, by name. The day in a name is that of arrival, so it tells nothing about the rows: all are
    /// wanted.
    async fn files(&self) -> Result<Vec<PartitionedFile>> {
        let lake = &self.scan.lake;
        let mut found: Vec<_> = lake
            .store
            .list(Some(&lake.at(&landing(self.table))))
            .try_collect()
            .await?;
        found.retain(|object| {
            let key = object.location.prefix_match(&lake.root).map(Path::from_iter);
            key.is_some_and(|key| arrival_day(self.table, key.as_ref()).is_some())
        });
        found.sort_by(|a, b| a.location.cmp(&b.location));
        Ok(found.into_iter().map(PartitionedFile::from).collect())
    }

    /// These columns of the rows for which the filter holds.
    fn filtered(
        &self,
        files: Vec<PartitionedFile>,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filter: Expr,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = self.schema();
        let wanted = projection
            .cloned()
            .unwrap_or_else(|| (0..schema.fields().len()).collect());
        // And what only the filter reads.
        let mut read = wanted.clone();
        for column in filter.column_refs() {
            let at = schema.index_of(&column.name)?;
            if !read.contains(&at) {
                read.push(at);
            }
        }
        let rows = self.scan.over(files, session, Some(&read), None)?;
        let filter = session.create_physical_expr(unnormalize_col(filter), &DFSchema::try_from(rows.schema())?)?;
        let rows: Arc<dyn ExecutionPlan> = Arc::new(FilterExec::try_new(filter, rows)?);
        if read.len() == wanted.len() {
            return Ok(rows);
        }
        let column = |(at, &i): (usize, &usize)| {
            let name = schema.field(i).name();
            ProjectionExpr::new(Arc::new(Column::new(name, at)), name.clone())
        };
        let columns: Vec<_> = wanted.iter().enumerate().map(column).collect();
        Ok(Arc::new(ProjectionExec::try_new(columns, rows)?))
    }
}

#[async_trait]
impl TableProvider for Landing {
    fn schema(&self) -> SchemaRef {
        self.scan.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// As of what is settled, so that a filter is not applied there because of a few rows here.
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(pushed_down(filters, self.table.partition_keys()))
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let files = self.files().await?;
        let of_keys = (filters.iter()).filter(|filter| speaks_only_of(filter, self.table.partition_keys()));
        match conjunction(of_keys.cloned()) {
            Some(filter) if !files.is_empty() => self.filtered(files, session, projection, filter),
            _ => self.scan.over(files, session, projection, limit),
        }
    }
}
