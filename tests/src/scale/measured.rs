//! What one planning cost.

use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Clone, Debug)]
pub struct Measured {
    /// What stood when it began.
    pub situation: &'static str,
    /// Calls by service and operation, those that were throttled included.
    pub calls: BTreeMap<(String, String), usize>,
    pub throttled: usize,
    /// From start to end of the process.
    pub wall: Duration,
    /// Peak resident memory in KiB; `None` where the system does not tell.
    pub peak_kib: Option<u64>,
    /// The plan, as it was told.
    pub said: String,
}

impl Measured {
    /// Calls of all services but those that page through the stack set.
    #[must_use]
    pub fn calls_beside_stack_sets(&self) -> usize {
        let beside = self
            .calls
            .iter()
            .filter(|((_, operation), _)| !operation.contains("StackSet") && !operation.contains("StackInstances"));
        beside.map(|(_, count)| count).sum()
    }

    #[must_use]
    pub fn calls_of(&self, operation: &str) -> usize {
        let of = self.calls.iter().filter(|((_, name), _)| name == operation);
        of.map(|(_, count)| count).sum()
    }
}
