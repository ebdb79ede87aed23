//! The axis of figures: round numbers, from zero.

/// Where the lines of an axis are: from 0 to at least `largest`, at most six of them.
pub(super) fn ticks(largest: u64) -> Vec<u64> {
    let step = step(largest.max(1));
    let last = largest.max(1).div_ceil(step);
    (0..=last).map(|n| n * step).collect()
}

fn step(largest: u64) -> u64 {
    let mut power = 1_u64;
    loop {
        for step in [1, 2, 5].map(|n| power.saturating_mul(n)) {
            if largest.div_ceil(step) <= 5 {
                return step;
            }
        }
        power = power.saturating_mul(10);
    }
}

/// A length in proportion.
#[expect(clippy::cast_precision_loss, reason = "a tenth of a point is drawn")]
pub(super) fn scaled(value: u64, of: u64, length: f64) -> f64 {
    if of == 0 {
        0.0
    } else {
        value as f64 / of as f64 * length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_few_round_numbers_and_holds_the_largest_figure() {
        assert_eq!(ticks(0), [0, 1]);
        assert_eq!(ticks(3), [0, 1, 2, 3]);
        assert_eq!(ticks(7), [0, 2, 4, 6, 8]);
        assert_eq!(ticks(101), [0, 50, 100, 150]);
        for largest in [1, 9, 10, 99, 1_234, 50_000, u64::MAX / 2] {
            let ticks = ticks(largest);
            assert!(
                ticks.len() <= 6 && ticks.last().is_some_and(|last| *last >= largest),
                "{ticks:?}"
            );
        }
    }
}
