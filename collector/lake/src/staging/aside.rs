//! Rows between reading and writing.

use std::sync::Arc;

use super::spill::Spill;
use super::stage::Staged;

/// Rows set aside, of all workers.
#[derive(Debug)]
pub struct Aside {
    pub(crate) staged: Vec<Staged>,
    pub(crate) spill: Arc<Spill>,
}
