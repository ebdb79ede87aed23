//! One number for everything in a plan, what is not shown included.

use std::hash::{Hash, Hasher};

use sha2::{Digest, Sha256};

use super::Plan;

impl Plan {
    /// SHA-256 over every field of the plan in hexadecimal digits: two plans have the same one exactly
    /// when applying them is the same.
    ///
    /// Hidden values go in (private parameters, tags, templates, zips), since every type below a plan
    /// derives `Hash`. It may change with pipetrail's version.
    pub fn fingerprint(&self) -> String {
        let mut state = State(Sha256::new());
        self.hash(&mut state);
        state.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A hasher whose result is all of SHA-256.
struct State(Sha256);

impl Hasher for State {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The same on machines of another word size.
    fn write_usize(&mut self, number: usize) {
        self.0.update(u64::try_from(number).unwrap_or(u64::MAX).to_le_bytes());
    }

    /// Not asked for: 64 bits are too few to rule out a collision made on purpose.
    fn finish(&self) -> u64 {
        0
    }
}
