//! A table whose files lie in folders that are named by its partition keys, as DataFusion reads it: the
//! files of the wanted partitions.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Field, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::datasource::TableType;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use pipetrail_collector::Table;

use super::files::{FLAT, Wanted, pushed_down};
use super::folders::Folders;
use super::scan::Scan;
use super::shape::Shape;
use crate::store::Lake;

/// Such a table of a lake.
#[derive(Debug)]
pub(super) struct Partitioned {
    folders: Folders,
    scan: Scan,
}

impl Partitioned {
    /// What is settled of a table.
    ///
    /// # Errors
    /// The lake's URL is none of a store.
    pub(super) fn settled(lake: &Lake, table: Table) -> Result<Self> {
        Self::new(lake, Folders::Table(table), Shape::settled(table), false)
    }

    /// The same beside rows that have landed, of which nobody has checked that they have an account.
    ///
    /// # Errors
    /// The lake's URL is none of a store.
    pub(super) fn beside_landing(lake: &Lake, table: Table) -> Result<Self> {
        Self::new(lake, Folders::Table(table), Shape::settled(table), true)
    }

    /// The dropped copies.
    ///
    /// # Errors
    /// The lake's URL is none of a store.
    pub(super) fn copies(lake: &Lake) -> Result<Self> {
        Self::new(lake, Folders::Copies, Shape::copies(), false)
    }

    /// `nullable` says whether the keys are declared so: a folder always gives them.
    fn new(lake: &Lake, folders: Folders, shape: Shape, nullable: bool) -> Result<Self> {
        let key = |key: &&str| Arc::new(Field::new(*key, DataType::Utf8, nullable));
        let schema = TableSchema::builder(Arc::new(shape.schema(folders.keys())))
            .with_table_partition_cols(folders.keys().iter().map(key).collect::<Vec<_>>())
            .build();
        Ok(Partitioned {
            folders,
            scan: Scan::new(lake, shape, schema)?,
        })
    }
}

#[async_trait]
impl TableProvider for Partitioned {
    fn schema(&self) -> SchemaRef {
        self.scan.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// What speaks of partition keys alone is settled by the choice of files.
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(pushed_down(filters, self.folders.keys()))
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let wanted = Wanted {
            store: self.scan.lake.store.as_ref(),
            root: &self.scan.lake.root,
            folders: self.folders,
            filters,
            flat: FLAT,
        };
        self.scan.over(wanted.list().await?, session, projection, limit)
    }
}
