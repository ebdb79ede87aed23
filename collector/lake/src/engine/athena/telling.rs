//! What a query has to say besides its answer: how it goes, and that it was stopped.

use crate::call::CallError;

/// Shows how one query goes, a line at a time; dropped when the query has ended.
pub type Show = Box<dyn Fn(&str) + Send + Sync>;

/// Who hears of queries. Functions, because a query may be stopped after its engine is gone.
#[derive(Clone, Copy)]
pub struct Telling {
    /// Called where a query begins.
    pub show: fn() -> Show,
    /// Called once a query that nobody waits for any more is stopped, or cannot be.
    pub stopped: fn(&Stopped),
}

impl Telling {
    /// Nobody hears.
    pub const SILENT: Telling = Telling {
        show: || Box::new(|_| {}),
        stopped: |_| {},
    };
}

/// A query that nobody waits for any more.
pub struct Stopped {
    /// Athena's id of it.
    pub id: String,
    /// Why it may still run: the call that should have stopped it failed.
    pub failed: Option<CallError>,
}
