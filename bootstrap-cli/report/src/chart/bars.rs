//! Horizontal stacked bars: who has most of something. The first twenty, and the others together, so
//! that the figures add up.

use std::fmt::Write as _;

use super::{Chart, END, Entry, MIDDLE, START, WIDTH, scaled, text, ticks};
use crate::text::cut;

/// How many have a bar of their own.
pub(super) const MOST: usize = 20;

const LEFT: f64 = 260.0;
const RIGHT: f64 = 64.0;
const BAR: f64 = 18.0;
const SLOT: f64 = 26.0;
const BOTTOM: f64 = 46.0;
/// As many characters as fit in front of a bar.
const LABEL: usize = 36;

/// The largest, in their order, and all others as one; `entries` are ordered by whoever asked.
pub(crate) fn largest(mut entries: Vec<Entry>, others: &str) -> (Vec<Entry>, Option<Entry>) {
    if entries.len() <= MOST + 1 {
        return (entries, None);
    }
    let rest = entries.split_off(MOST);
    let width = rest.iter().map(|entry| entry.values.len()).max().unwrap_or(0);
    let sum = |at: usize| rest.iter().filter_map(|entry| entry.values.get(at)).sum();
    let rest = Entry {
        label: format!("{} {others}", rest.len()),
        values: (0..width).map(sum).collect(),
    };
    (entries, Some(rest))
}

/// Draws.
pub(crate) fn bars(chart: &Chart) -> String {
    let most = chart.entries.iter().map(Entry::total).max().unwrap_or(0);
    let ticks = ticks(most);
    let top = ticks.last().copied().unwrap_or(1);
    let plot = WIDTH - LEFT - RIGHT;
    #[expect(clippy::cast_precision_loss, reason = "a chart has few bars")]
    let floor = SLOT * (chart.entries.len() + usize::from(chart.rest.is_some())) as f64 + 4.0;
    let mut svg = chart.open((floor + BOTTOM).ceil());
    for tick in &ticks {
        let x = LEFT + scaled(*tick, top, plot);
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"0\" y2=\"{floor:.1}\"/>"
        );
        text(&mut svg, "tick", (x, floor + 16.0), MIDDLE, &tick.to_string());
    }
    for (at, entry) in (0_u32..).zip(&chart.entries) {
        let y = SLOT * f64::from(at) + (SLOT - BAR) / 2.0;
        let mut x = LEFT;
        let _ = write!(svg, "<g><title>{}</title>", chart.tip(entry));
        let name = cut(&entry.label, LABEL);
        text(&mut svg, "tick name", (LEFT - 8.0, y + 13.0), END, &name);
        for (series, value) in chart.series.iter().zip(&entry.values) {
            let width = scaled(*value, top, plot);
            if *value > 0 {
                let _ = write!(
                    svg,
                    "<rect class=\"{}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{BAR}\"/>",
                    series.look,
                );
            }
            x += width;
        }
        text(&mut svg, "tick", (x + 6.0, y + 13.0), START, &entry.total().to_string());
        svg.push_str("</g>");
    }
    // A bar for all of them would leave the others no length.
    if let Some(rest) = &chart.rest {
        let y = floor - 4.0 - (SLOT - BAR) / 2.0 - 5.0;
        let _ = write!(svg, "<g><title>{}</title>", chart.tip(rest));
        text(&mut svg, "label", (LEFT - 8.0, y), END, &rest.label);
        let total = format!("{} together, not drawn", rest.total());
        text(&mut svg, "label", (LEFT + 6.0, y), START, &total);
        svg.push_str("</g>");
    }
    let _ = write!(
        svg,
        "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{LEFT}\" y1=\"0\" y2=\"{floor:.1}\"/>"
    );
    text(&mut svg, "label", (LEFT + plot / 2.0, floor + 36.0), MIDDLE, chart.unit);
    svg + "</svg>"
}

#[cfg(test)]
mod tests {
    use super::super::tests::chart;
    use super::*;

    fn entries(count: u64) -> Vec<Entry> {
        let entry = |n: u64| Entry {
            label: format!("account {n}"),
            values: vec![n, 1],
        };
        (1..=count).rev().map(entry).collect()
    }

    #[test]
    fn those_without_a_bar_of_their_own_are_added_up() {
        let (shown, rest) = largest(entries(200), "other accounts");
        let rest = rest.unwrap();
        assert_eq!((shown.len(), rest.label.as_str()), (MOST, "180 other accounts"));
        assert_eq!(
            shown.iter().map(Entry::total).sum::<u64>() + rest.total(),
            entries(200).iter().map(Entry::total).sum::<u64>()
        );
        let chart = Chart {
            entries: shown,
            rest: Some(rest),
            ..chart(&[])
        };
        assert!(bars(&chart).contains("180 other accounts</text>"));
    }

    #[test]
    fn one_more_than_fits_is_no_other() {
        assert_eq!(largest(entries(21), "others"), (entries(21), None));
    }

    #[test]
    fn parts_of_a_bar_stand_side_by_side() {
        let svg = bars(&chart(&[("a", 3, 1)]));
        assert!(svg.contains("x=\"260.0\" y=\"4.0\" width=\"327.0\""), "{svg}");
        assert!(svg.contains("x=\"587.0\" y=\"4.0\" width=\"109.0\""), "{svg}");
    }

    #[test]
    fn a_long_name_is_cut_and_whole_for_a_pointer() {
        let name = "n".repeat(10_000);
        let svg = bars(&chart(&[(&name, 1, 1)]));
        assert!(svg.contains(&format!(">{}…<", "n".repeat(LABEL))));
        assert!(svg.contains(&name));
    }
}
