//! Numbers that look random and are the same for the same seed on every machine (SplitMix64).

/// A stream of them.
#[derive(Clone)]
pub(super) struct Random(u64);

impl Random {
    /// The stream of a seed and a name: streams of different names have nothing to do with each other.
    pub(super) fn new(seed: u64, name: &str) -> Self {
        // FNV-1a, stirred by the first step below.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut random = Self(seed ^ hash);
        random.0 = random.next();
        random
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to, but not `limit`.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    pub(super) fn between(&mut self, from: i64, to: i64) -> i64 {
        from + i64::try_from(self.below(to.abs_diff(from) + 1)).unwrap_or_default()
    }

    /// True `of_thousand` times in a thousand.
    pub(super) fn chance(&mut self, of_thousand: u64) -> bool {
        self.below(1000) < of_thousand
    }

    pub(super) fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let length = u64::try_from(all.len()).unwrap_or(u64::MAX);
        &all[usize::try_from(self.below(length)).unwrap_or_default()]
    }

    /// Like [`Random::of`], but the first half as often as both halves' first, and so on: somebody
    /// always does most of the work.
    pub(super) fn mostly_first<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let half = all.len().div_ceil(2).max(1);
        if self.chance(600) {
            self.of(&all[..half])
        } else {
            self.of(all)
        }
    }

    pub(super) fn hex(&mut self, digits: usize) -> String {
        let mut text = String::with_capacity(digits + 16);
        while text.len() < digits {
            text.push_str(&format!("{:016x}", self.next()));
        }
        text.truncate(digits);
        text
    }

    /// A UUID of version 4.
    pub(super) fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xfff,
            low >> 48 & 0x3fff | 0x8000,
            low & 0xffff_ffff_ffff
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_and_a_name_always_give_the_same_numbers_and_no_others_do() {
        let numbers = |seed, name| {
            let mut random = Random::new(seed, name);
            [random.next(), random.next(), random.next()]
        };
        assert_eq!(numbers(1, "a"), numbers(1, "a"));
        assert_ne!(numbers(1, "a"), numbers(2, "a"));
        assert_ne!(numbers(1, "a"), numbers(1, "b"));
        let mut random = Random::new(7, "");
        assert!((0..1000).all(|_| (3..=5).contains(&random.between(3, 5))));
        assert_eq!(random.uuid().len(), 36);
    }
}
