//! A table of the lake as DataFusion reads it: the files of the wanted partitions, each checked as it
//! is opened.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Field, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{Result, Statistics, project_schema};
use datafusion::config::TableParquetOptions;
use datafusion::datasource::TableType;
use datafusion::datasource::physical_plan::parquet::transform_schema_to_view;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use pipetrail_collector::Table;

use super::files::{FLAT, Wanted, speaks_only_of};
use super::schema::Checked;
use crate::store::Lake;

/// Bytes of a row in a file, for the planner's guesses only.
const ROW: u64 = 200;

/// A table of a lake.
#[derive(Debug)]
pub(super) struct LakeTable {
    table: Table,
    lake: Lake,
    url: ObjectStoreUrl,
    schema: TableSchema,
}

impl LakeTable {
    /// That table of that lake.
    ///
    /// # Errors
    /// The lake's URL is none of a store.
    pub(super) fn new(lake: &Lake, table: Table) -> Result<Self> {
        let key = |key: &&str| Arc::new(Field::new(*key, DataType::Utf8, false));
        // Text as views: grouped and compared without being copied.
        let columns = transform_schema_to_view(&crate::parquet::schema(table));
        Ok(LakeTable {
            table,
            lake: lake.clone(),
            url: ObjectStoreUrl::parse(&lake.url)?,
            schema: TableSchema::builder(Arc::new(columns))
                .with_table_partition_cols(table.partition_keys().iter().map(key).collect::<Vec<_>>())
                .build(),
        })
    }
}

#[async_trait]
impl TableProvider for LakeTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.schema.table_schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// What speaks of partition keys alone is settled by the choice of files.
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let settled = |filter: &&Expr| match speaks_only_of(filter, self.table.partition_keys()) {
            true => TableProviderFilterPushDown::Exact,
            false => TableProviderFilterPushDown::Inexact,
        };
        Ok(filters.iter().map(settled).collect())
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let wanted = Wanted {
            store: self.lake.store.as_ref(),
            root: &self.lake.root,
            table: self.table,
            filters,
            flat: FLAT,
        };
        let files = wanted.list().await?;
        if files.is_empty() {
            return Ok(Arc::new(EmptyExec::new(project_schema(&self.schema(), projection)?)));
        }

        let runtime = session.runtime_env();
        let footers = runtime.cache_manager.get_file_metadata_cache();
        let checked = Checked::new(self.table, Arc::clone(&self.lake.store), footers);
        let options = TableParquetOptions {
            global: session.config_options().execution.parquet.clone(),
            ..Default::default()
        };
        let source = ParquetSource::new(self.schema.clone())
            .with_table_parquet_options(options)
            .with_parquet_file_reader_factory(Arc::new(checked));

        let bytes: u64 = files.iter().map(|file| file.object_meta.size).sum();
        let about = |count: u64| Precision::Inexact(usize::try_from(count).unwrap_or(usize::MAX));
        let guess = Statistics::new_unknown(self.schema.table_schema())
            .with_num_rows(about(bytes / ROW))
            .with_total_byte_size(about(bytes));
        let groups = FileGroup::new(files).split_files(session.config().target_partitions());
        let scan = FileScanConfigBuilder::new(self.url.clone(), Arc::new(source))
            .with_file_groups(groups)
            .with_statistics(guess)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(scan))
    }
}
