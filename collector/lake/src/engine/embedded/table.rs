//! A table of the lake as DataFusion reads it: the files of the wanted partitions, each checked as it
//! is opened.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{Result, ScalarValue, Statistics, project_schema};
use datafusion::config::TableParquetOptions;
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use object_store::ObjectStore;
use object_store::path::Path;
use pipetrail_collector::Table;

use super::files::{DataFile, Wanted, speaks_only_of};
use super::schema;
use crate::store::Lake;

/// Bytes of a row in a file, for the planner's guesses only.
const ROW: u64 = 200;

/// A table of a lake.
pub(super) struct LakeTable {
    table: Table,
    store: Arc<dyn ObjectStore>,
    root: Path,
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
        Ok(LakeTable {
            table,
            store: Arc::clone(&lake.store),
            root: lake.root.clone(),
            url: ObjectStoreUrl::parse(&lake.url)?,
            schema: TableSchema::builder(Arc::new(schema::of(table)))
                .with_table_partition_cols(table.partition_keys().iter().map(key).collect::<Vec<_>>())
                .build(),
        })
    }

    fn groups(files: Vec<DataFile>, threads: usize) -> Vec<FileGroup> {
        let file = |file: DataFile| {
            let mut of_scan = PartitionedFile::from(file.meta);
            of_scan.partition_values = file.values.into_iter().map(ScalarValue::from).collect();
            of_scan
        };
        FileGroup::new(files.into_iter().map(file).collect()).split_files(threads)
    }
}

impl fmt::Debug for LakeTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LakeTable({})", self.table)
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
        let keys = self.table.partition_keys();
        let of_keys: Vec<_> = filters
            .iter()
            .filter(|filter| speaks_only_of(filter, keys))
            .cloned()
            .collect();
        let wanted = Wanted::new(self.store.as_ref(), &self.root, self.table, &of_keys);
        let files = wanted.list().await?;
        if files.is_empty() {
            let schema: SchemaRef = project_schema(&self.schema(), projection)?;
            return Ok(Arc::new(EmptyExec::new(schema)));
        }

        let runtime = session.runtime_env();
        let checked = schema::Checked::new(
            self.table,
            Arc::clone(&self.store),
            runtime.cache_manager.get_file_metadata_cache(),
        );
        let options = TableParquetOptions {
            global: session.config_options().execution.parquet.clone(),
            ..Default::default()
        };
        let source = ParquetSource::new(self.schema.clone())
            .with_table_parquet_options(options)
            .with_parquet_file_reader_factory(Arc::new(checked));

        let bytes: u64 = files.iter().map(|file| file.meta.size).sum();
        let table: &Schema = self.schema.table_schema();
        let guess = Statistics::new_unknown(table)
            .with_num_rows(Precision::Inexact(usize::try_from(bytes / ROW).unwrap_or(usize::MAX)))
            .with_total_byte_size(Precision::Inexact(usize::try_from(bytes).unwrap_or(usize::MAX)));
        let groups = Self::groups(files, session.config().target_partitions());
        let scan = FileScanConfigBuilder::new(self.url.clone(), Arc::new(source))
            .with_file_groups(groups)
            .with_statistics(guess)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(scan))
    }
}
