//! Names that no other file has.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

/// 32 hex digits that nobody had before: of what the system gave this process at random, the time, the process
/// and a count.
pub(super) fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut hash = Sha256::new();
    hash.update(COUNT.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    hash.update(std::process::id().to_le_bytes());
    let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    hash.update(time.unwrap_or_default().as_nanos().to_le_bytes());
    // Each shows 64 bits of a state that has 128.
    for round in 0..4 {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u8(round);
        hash.update(hasher.finish().to_le_bytes());
    }
    hex::encode(&hash.finalize()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_comes_twice_and_each_is_thirty_two_hex_digits() {
        let names: std::collections::BTreeSet<String> = (0..1000).map(|_| unique()).collect();
        assert_eq!(names.len(), 1000);
        assert!(
            names
                .iter()
                .all(|name| name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit()))
        );
    }
}
