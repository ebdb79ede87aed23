//! DataFusion over a lake: every table of `pipetrail_collector::Table`, its columns as they are
//! defined there, its partition keys from the folders' names. Where rows land before they are settled, a
//! table's name is both tiers, each event once.
//!
//! Queries only: nothing that a query says writes a file, changes a setting or reads outside the lake.

mod copies;
mod errors;
mod every;
mod files;
mod folders;
mod landing;
mod memory;
mod names;
mod rows;
mod scan;
mod schema;
mod shape;
mod table;
mod values;

use std::sync::Arc;

use datafusion::common::internal_datafusion_err;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::prelude::{SessionConfig, SessionContext};
use object_store::path::Path;
use pipetrail_collector::Table;
use tokio::sync::OnceCell;

pub(super) use rows::Rows;

use super::error::EngineError;
use super::lexer::{Piece, Token, tokens};
use super::pages::Pages;
use crate::store::Lake;
use names::Names;

/// The catalogue and the schema of the tables; Athena's database is called as the schema is.
const CATALOG: &str = "lake";
const SCHEMA: &str = "pipetrail";

/// Most that is kept of the footers of files: a table that a query reads twice has them read once.
const FOOTERS: usize = 256 * 1024 * 1024;

/// How deep a query may nest.
const NESTING: u64 = 256;

/// Most operators of a query: a chain of them is a tree as deep as it is long, and DataFusion walks it
/// by recursion. Whoever asks needs a stack that holds that many: 128 MiB do.
const OPERATORS: usize = 4_000;

/// Folders of a lake whose rows land before they are settled; there may be one of them alone.
const TIERS: [&str; 2] = ["landing", "settlement"];

/// DataFusion over one lake.
pub struct Embedded {
    context: SessionContext,
    lake: Lake,
    names: Arc<Names>,
    named: OnceCell<()>,
}

impl Embedded {
    /// Over that lake.
    ///
    /// # Errors
    /// The lake's folders cannot be named.
    pub fn over(lake: &Lake) -> Result<Self, EngineError> {
        Self::with_memory(lake, memory::limit())
    }

    /// With that many bytes for sorting, grouping and joining.
    fn with_memory(lake: &Lake, bytes: usize) -> Result<Self, EngineError> {
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(bytes)))
            .with_metadata_cache_limit(FOOTERS)
            .build_arc()?;
        let config = SessionConfig::new()
            .with_default_catalog_and_schema(CATALOG, SCHEMA)
            .with_information_schema(true)
            // Audits nest subqueries; the stack grows with them.
            .set_u64("datafusion.sql_parser.recursion_limit", NESTING)
            // Positions in messages.
            .set_bool("datafusion.sql_parser.collect_spans", true);
        let state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(runtime)
            .with_default_features()
            .with_physical_optimizer_rules(copies::among(PhysicalOptimizer::new().rules))
            .build();
        let context = SessionContext::new_with_state(state);
        context.register_object_store(&lake.url, Arc::clone(&lake.store));

        let names = Arc::new(Names::new(lake)?);
        let catalog = context.catalog(CATALOG);
        let catalog = catalog.ok_or_else(|| internal_datafusion_err!("there is no catalogue {CATALOG}"))?;
        catalog.register_schema(SCHEMA, Arc::clone(&names) as _)?;
        Ok(Embedded {
            context,
            lake: lake.clone(),
            names,
            named: OnceCell::new(),
        })
    }

    /// Asks; the rows come as they are read.
    ///
    /// # Errors
    /// The text is refused, or the place holds no lake.
    pub async fn ask(&self, sql: &str) -> Result<Pages, EngineError> {
        if operators(sql) > OPERATORS {
            return Err(errors::too_deep());
        }
        self.named.get_or_try_init(|| self.name_tables()).await?;
        Ok(Pages::embedded(Rows::ask(&self.context, sql).await?))
    }

    /// Names the tables, by which folders there are. A folder without any is the wrong one: every answer
    /// from it would be empty.
    async fn name_tables(&self) -> Result<(), EngineError> {
        let below = self.lake.store.list_with_delimiter(Some(&self.lake.root)).await;
        let below = below.map_err(DataFusionError::from)?;
        let mut folders = below.common_prefixes.iter().filter_map(Path::filename);
        if folders.clone().any(|name| TIERS.contains(&name)) {
            return Ok(self.names.of_two_tiers(&self.context).await?);
        }
        if folders.any(|name| Table::from_name(name).is_some()) {
            return Ok(self.names.of_one_tier(&self.lake)?);
        }
        Err(EngineError::Refused {
            message: format!("{} holds no table of a lake", self.lake.location),
            hint: Some(format!(
                "`pipetrail ingest <PATHS> --lake {}` fills it; a lake's folders are called {}",
                self.lake.location,
                errors::tables()
            )),
        })
    }
}

/// How many operators stand in a query.
fn operators(sql: &str) -> usize {
    let is_one = |(_, token): &Piece<'_>| match token {
        Token::Sign(sign) => "+-*/%|=<>".contains(*sign),
        word => word.is_one_of(&["or", "and", "union", "intersect", "except", "join"]),
    };
    // What cannot be cut was refused before.
    tokens(sql).map_or(0, |tokens| tokens.iter().filter(|piece| is_one(piece)).count())
}

#[cfg(test)]
mod tests;
