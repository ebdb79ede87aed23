//! How much time a run has left, and whether another unit fits into it.

use std::time::{Duration, Instant};

/// The time of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time {
    began: Instant,
    ends: Option<Instant>,
    /// What the longest unit so far has taken.
    longest: Duration,
}

impl Time {
    /// From now on, until then.
    pub(crate) fn until(ends: Option<Instant>) -> Self {
        Time {
            began: Instant::now(),
            ends,
            longest: Duration::ZERO,
        }
    }

    /// Whether nothing more is to begin: the last third is for what has begun, and more than that where a unit took
    /// longer.
    pub(crate) fn is_over(&self) -> bool {
        self.ends.is_some_and(|ends| {
            let third = ends.saturating_duration_since(self.began) / 3;
            ends.saturating_duration_since(Instant::now()) <= third.max(self.longest * 3 / 2)
        })
    }

    /// A unit that began then has ended.
    pub(crate) fn took(&mut self, began: Instant) {
        self.longest = self.longest.max(began.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_begins_where_a_third_is_left_and_half_as_much_again_as_the_longest_one_took() {
        let now = Instant::now();
        let seconds = Duration::from_secs;
        let of = |ran: u64, left: u64, longest: u64| Time {
            began: now - seconds(ran),
            ends: Some(now + seconds(left)),
            longest: seconds(longest),
        };
        for (ran, left, longest, over) in [
            (0, 900, 0, false),
            (590, 310, 0, false),
            (601, 299, 0, true),
            (400, 500, 300, false),
            (460, 440, 300, true),
            (0, 0, 0, true),
        ] {
            assert_eq!(of(ran, left, longest).is_over(), over, "{ran} {left} {longest}");
        }
        assert!(!Time::until(None).is_over());
    }

    #[test]
    fn the_longest_unit_counts() {
        let mut time = Time::until(None);
        time.took(Instant::now() - Duration::from_secs(7));
        time.took(Instant::now());
        assert!(time.longest >= Duration::from_secs(7));
    }
}
