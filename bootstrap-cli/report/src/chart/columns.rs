//! Stacked columns: figures over time, or over ordered classes.

use std::fmt::Write as _;

use super::{Chart, END, Entry, MIDDLE, WIDTH, escape, scaled, text, ticks};

const HEIGHT: f64 = 300.0;
const LEFT: f64 = 72.0;
const RIGHT: f64 = 28.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 72.0;
/// As many characters stand side by side below a column.
const LABEL: usize = 12;
/// As many columns have a label each.
const ALL_LABELS: usize = 9;
/// Of more columns so many have one: dates would touch otherwise.
const MOST_LABELS: usize = 7;

/// Draws.
pub(crate) fn columns(chart: &Chart) -> String {
    let largest = chart.entries.iter().map(Entry::total).max().unwrap_or(0);
    let ticks = ticks(largest);
    let top = ticks.last().copied().unwrap_or(1);
    let (plot_width, plot_height) = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
    let floor = TOP + plot_height;

    let mut svg = chart.open(HEIGHT);
    for tick in &ticks {
        let y = floor - scaled(*tick, top, plot_height);
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>",
            WIDTH - RIGHT,
        );
        text(&mut svg, "tick", (LEFT - 8.0, y + 4.0), END, &tick.to_string());
    }
    #[expect(clippy::cast_precision_loss, reason = "a chart has few columns")]
    let slot = plot_width / (chart.entries.len().max(1) as f64);
    let width = (slot * 0.72).min(56.0);
    let every = match chart.entries.len() {
        ..=ALL_LABELS => 1,
        more => more.div_ceil(MOST_LABELS),
    };
    for (at, entry) in chart.entries.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "a chart has few columns")]
        let middle = LEFT + slot * (at as f64 + 0.5);
        let x = middle - width / 2.0;
        let mut base = floor;
        let _ = write!(svg, "<g><title>{}</title>", chart.tip(entry));
        for (series, value) in chart.series.iter().zip(&entry.values) {
            let height = scaled(*value, top, plot_height);
            base -= height;
            if *value > 0 {
                let _ = write!(
                    svg,
                    "<rect class=\"{}\" x=\"{x:.1}\" y=\"{base:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>",
                    series.look,
                );
            }
        }
        svg.push_str("</g>");
        if at % every == 0 {
            for (line, words) in (1_u8..).zip(wrapped(&entry.label)) {
                let y = floor + 4.0 + 14.0 * f64::from(line);
                text(&mut svg, "tick", (middle, y), MIDDLE, &words);
            }
        }
    }
    let _ = write!(
        svg,
        "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{floor:.1}\" y2=\"{floor:.1}\"/>",
        WIDTH - RIGHT,
    );
    let below = (LEFT + plot_width / 2.0, HEIGHT - 8.0);
    text(&mut svg, "label", below, MIDDLE, chart.entry);
    let _ = write!(
        svg,
        "<text class=\"label\" transform=\"translate(14 {:.1}) rotate(-90)\"{MIDDLE}>{}</text></svg>",
        TOP + plot_height / 2.0,
        escape(chart.unit),
    );
    svg
}

/// A label in lines that do not touch their neighbours'.
fn wrapped(label: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in label.split(' ') {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() < LABEL => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::tests::chart;
    use super::*;

    #[test]
    fn a_column_is_as_high_as_its_figure() {
        let svg = columns(&chart(&[("a", 10, 0), ("b", 0, 5)]));
        assert!(
            svg.contains("class=\"solid\"") && svg.contains("height=\"216.0\""),
            "{svg}"
        );
        assert!(
            svg.contains("class=\"hatched\"") && svg.contains("height=\"108.0\""),
            "{svg}"
        );
    }

    #[test]
    fn what_is_nought_is_not_drawn() {
        let svg = columns(&chart(&[("a", 0, 0)]));
        assert!(!svg.contains("<rect"), "{svg}");
    }

    #[test]
    fn labels_never_touch_and_each_is_there_for_a_pointer() {
        let days: Vec<String> = (1..=40).map(|n| format!("day {n:02}")).collect();
        let entries: Vec<_> = days.iter().map(|day| (day.as_str(), 1, 1)).collect();
        let svg = columns(&chart(&entries));
        assert!(
            svg.matches("text-anchor=\"middle\">day").count() <= MOST_LABELS,
            "{svg}"
        );
        assert_eq!(svg.matches("<title>day").count(), 40);
    }

    #[test]
    fn a_chart_of_nothing_is_drawn() {
        assert!(columns(&chart(&[])).ends_with("</svg>"));
    }
}
