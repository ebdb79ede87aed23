//! DataFusion over a lake: every table of `pipetrail_collector::Table`, its columns as they are
//! defined there, its partition keys from the folders' names.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::error::DataFusionError;
use datafusion::prelude::{SessionConfig, SessionContext};
use pipetrail_collector::Table;
use pipetrail_collector::columns::ColumnType;

use super::{EngineError, Rows};
use crate::lake::Lake;

/// DataFusion over one lake.
pub struct Embedded(SessionContext);

impl Embedded {
    /// Over that lake.
    ///
    /// # Errors
    /// The lake's folders cannot be named.
    pub fn over(lake: &Lake) -> Result<Self, EngineError> {
        let config = SessionConfig::new()
            .set_bool("datafusion.execution.listing_table_ignore_subdirectory", false)
            .with_information_schema(true);
        let context = SessionContext::new_with_config(config);
        context.register_object_store(&lake.url, Arc::clone(&lake.store));
        for table in Table::ALL {
            let url = format!("{}{}/", lake.url, lake.root.clone().join(table.name()));
            let url = ListingTableUrl::parse(url).map_err(|error| explain(&error))?;
            let keys = table
                .partition_keys()
                .iter()
                .map(|key| ((*key).to_owned(), DataType::Utf8));
            let options = ListingOptions::new(Arc::new(ParquetFormat::default()))
                .with_file_extension(".parquet")
                .with_table_partition_cols(keys.collect());
            let config = ListingTableConfig::new(url)
                .with_listing_options(options)
                .with_schema(Arc::new(schema(table)));
            let listing = ListingTable::try_new(config).map_err(|error| explain(&error))?;
            context
                .register_table(table.name(), Arc::new(listing))
                .map_err(|error| explain(&error))?;
        }
        Ok(Embedded(context))
    }

    /// Asks; the rows come as they are read.
    ///
    /// # Errors
    /// The text is refused.
    pub async fn ask(&self, sql: &str) -> Result<Rows, EngineError> {
        let frame = self.0.sql(sql).await.map_err(|error| explain(&error))?;
        let stream = frame.execute_stream().await.map_err(|error| explain(&error))?;
        Ok(Rows::embedded(stream))
    }
}

/// The columns of a table's files.
fn schema(table: Table) -> Schema {
    let field = |column: pipetrail_collector::columns::Column| {
        let ty = match column.ty {
            ColumnType::String => DataType::Utf8View,
            ColumnType::Bigint => DataType::Int64,
            ColumnType::Boolean => DataType::Boolean,
        };
        Field::new(column.name, ty, true)
    };
    Schema::new(table.columns().into_iter().map(field).collect::<Vec<_>>())
}

/// What DataFusion says.
pub(super) fn explain(error: &DataFusionError) -> EngineError {
    EngineError::Refused {
        message: error.to_string(),
        hint: None,
    }
}
