//! The names that SQL has over a lake. Lists show the plain ones; those of the tiers are there for whoever
//! asks for them.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{MemorySchemaProvider, SchemaProvider, TableProvider};
use datafusion::common::Result;
use datafusion::datasource::ViewTable;
use datafusion::prelude::SessionContext;
use pipetrail_collector::Table;

use super::every::Every;
use super::landing::Landing;
use super::table::Partitioned;
use crate::store::Lake;
use crate::tiers::{self, COPIES, Tier};

/// The tables of a lake by name.
#[derive(Debug)]
pub(super) struct Names {
    tiers: HashMap<String, Arc<dyn TableProvider>>,
    plain: MemorySchemaProvider,
}

impl Names {
    /// Those of the tiers of that lake, and of its dropped copies. There are no plain ones yet.
    ///
    /// # Errors
    /// The lake's URL is none of a store.
    pub(super) fn new(lake: &Lake) -> Result<Self> {
        let copies: Arc<dyn TableProvider> = Arc::new(Partitioned::copies(lake)?);
        let mut all = HashMap::from([(COPIES.to_owned(), copies)]);
        for table in Table::ALL {
            for tier in Tier::ALL {
                let provider: Arc<dyn TableProvider> = match tier {
                    Tier::Settled => Arc::new(Partitioned::settled(lake, table)?),
                    Tier::Landing => Arc::new(Landing::new(lake, table)?),
                    Tier::Every => Arc::new(Every::new(lake, table)?),
                };
                all.insert(tier.of(table).to_string(), provider);
            }
        }
        Ok(Names {
            tiers: all,
            plain: MemorySchemaProvider::new(),
        })
    }

    /// Gives a lake of one tier its plain names: they are all rows of the partitions.
    ///
    /// # Errors
    /// The lake's URL is none of a store.
    pub(super) fn of_one_tier(&self, lake: &Lake) -> Result<()> {
        for table in Table::ALL {
            self.add(table, Arc::new(Partitioned::settled(lake, table)?))?;
        }
        Ok(())
    }

    /// Gives a lake of two tiers its plain names: they are both tiers, each event once.
    ///
    /// # Errors
    /// The text of a name cannot be planned; the tests plan all of them.
    pub(super) async fn of_two_tiers(&self, context: &SessionContext) -> Result<()> {
        for table in Table::ALL {
            let sql = tiers::once(table);
            let plan = context.state().create_logical_plan(&sql).await?;
            self.add(table, Arc::new(ViewTable::new(plan, Some(sql))))?;
        }
        Ok(())
    }

    fn add(&self, table: Table, provider: Arc<dyn TableProvider>) -> Result<()> {
        // A query that was dropped while it named the tables has named some of them.
        self.plain.deregister_table(table.name())?;
        self.plain.register_table(table.name().to_owned(), provider)?;
        Ok(())
    }
}

#[async_trait]
impl SchemaProvider for Names {
    fn table_names(&self) -> Vec<String> {
        self.plain.table_names()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        match self.tiers.get(name) {
            Some(provider) => Ok(Some(Arc::clone(provider))),
            None => self.plain.table(name).await,
        }
    }

    fn table_exist(&self, name: &str) -> bool {
        self.tiers.contains_key(name) || self.plain.table_exist(name)
    }
}
