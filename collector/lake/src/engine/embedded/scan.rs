//! Files of one table as a plan that reads them.

use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::Session;
use datafusion::common::stats::Precision;
use datafusion::common::{Result, Statistics, project_schema};
use datafusion::config::TableParquetOptions;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;

use super::schema::Checked;
use super::shape::Shape;
use crate::store::Lake;

/// Bytes of a row in a file, for the planner's guesses only.
const ROW: u64 = 200;

/// How the files of one table are read.
#[derive(Debug)]
pub(super) struct Scan {
    pub lake: Lake,
    url: ObjectStoreUrl,
    shape: Arc<Shape>,
    schema: TableSchema,
}

impl Scan {
    /// Of files of that shape in that lake.
    ///
    /// # Errors
    /// The lake's URL is none of a store.
    pub(super) fn new(lake: &Lake, shape: Shape, schema: TableSchema) -> Result<Self> {
        Ok(Scan {
            lake: lake.clone(),
            url: ObjectStoreUrl::parse(&lake.url)?,
            shape: Arc::new(shape),
            schema,
        })
    }

    /// The columns, those of the folders' names last.
    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(self.schema.table_schema())
    }

    /// The plan that reads these files: each is checked as it is opened.
    ///
    /// # Errors
    /// Columns that are not there.
    pub(super) fn over(
        &self,
        files: Vec<PartitionedFile>,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if files.is_empty() {
            return Ok(Arc::new(EmptyExec::new(project_schema(&self.schema(), projection)?)));
        }
        let runtime = session.runtime_env();
        let footers = runtime.cache_manager.get_file_metadata_cache();
        let checked = Checked::new(Arc::clone(&self.shape), Arc::clone(&self.lake.store), footers);
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
