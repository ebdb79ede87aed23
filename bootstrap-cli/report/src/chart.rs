//! Charts: figures in, SVG out. Pure; colours and fonts come from the page's style sheet, so that a
//! chart follows light and dark. What a chart shows stands in a table beside it.

mod bars;
mod columns;

use std::fmt::Write as _;

use serde::Serialize;

pub(crate) use bars::{bars, largest};
pub(crate) use columns::columns;

/// How wide every chart is.
const WIDTH: f64 = 760.0;

/// Figures with a name, one per series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Entry {
    /// What stands at the axis.
    pub label: String,
    /// One figure per series.
    pub values: Vec<u64>,
}

/// What a chart shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Chart {
    /// Unique on the page.
    pub id: &'static str,
    /// What it is.
    pub title: String,
    /// What it says, for those who do not see it.
    pub description: String,
    /// What an entry is.
    pub entry: &'static str,
    /// What is counted.
    pub unit: &'static str,
    /// The series.
    pub series: Vec<Series>,
    /// The figures.
    pub entries: Vec<Entry>,
    /// Those without a place of their own, together.
    pub rest: Option<Entry>,
}

/// What one part of every column stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Series {
    /// In the legend.
    pub name: &'static str,
    /// Its class in the style sheet, a colour and a pattern: no colour carries a meaning alone.
    pub look: &'static str,
}

/// Approved and rejected.
pub(crate) const DECISIONS: [Series; 2] = [
    Series {
        name: "Approved",
        look: "solid",
    },
    Series {
        name: "Rejected",
        look: "hatched",
    },
];

/// Neither: a gate that was superseded, stopped or timed out.
pub(crate) const NEITHER: Series = Series {
    name: "Neither",
    look: "dotted",
};

impl Entry {
    /// All series together.
    pub(crate) fn total(&self) -> u64 {
        self.values.iter().sum()
    }
}

impl Chart {
    /// The element that begins every chart, with its text alternative.
    fn open(&self, height: f64) -> String {
        format!(
            "<svg viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\" \
             aria-labelledby=\"{id}-title {id}-text\"><title id=\"{id}-title\">{}</title>\
             <desc id=\"{id}-text\">{}</desc>",
            escape(&self.title),
            escape(&self.description),
            id = self.id,
        )
    }

    /// What a pointer that rests on a part is told.
    fn tip(&self, entry: &Entry) -> String {
        let mut tip = entry.label.clone();
        for (series, value) in self.series.iter().zip(&entry.values) {
            let _ = write!(tip, "\n{}: {value}", series.name);
        }
        escape(&tip)
    }
}

/// Where the lines of an axis are: round numbers, from 0 to at least `largest`, at most six of them.
fn ticks(largest: u64) -> Vec<u64> {
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
fn scaled(value: u64, of: u64, length: f64) -> f64 {
    value as f64 / of as f64 * length
}

/// On which side of its point a text stands, as an attribute.
const START: &str = "";
const MIDDLE: &str = " text-anchor=\"middle\"";
const END: &str = " text-anchor=\"end\"";

/// Writes a text at a point.
fn text(svg: &mut String, class: &str, (x, y): (f64, f64), anchor: &str, text: &str) {
    let _ = write!(
        svg,
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\"{anchor}>{}</text>",
        escape(text)
    );
}

/// Escapes text for an element or an attribute.
pub(crate) fn escape(text: &str) -> String {
    minijinja::HtmlEscape(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn chart(labels: &[(&str, u64, u64)]) -> Chart {
        let entry = |(label, one, two): &(&str, u64, u64)| Entry {
            label: (*label).to_owned(),
            values: vec![*one, *two],
        };
        Chart {
            id: "t",
            title: "Title".to_owned(),
            description: "What <it> says".to_owned(),
            entry: "Day",
            unit: "Decisions",
            series: DECISIONS.to_vec(),
            entries: labels.iter().map(entry).collect(),
            rest: None,
        }
    }

    #[test]
    fn a_chart_has_a_text_alternative_and_escapes_what_it_is_given() {
        for svg in [
            columns(&chart(&[("<script>\"", 1, 0)])),
            bars(&chart(&[("<script>\"", 1, 0)])),
        ] {
            assert!(svg.contains("aria-labelledby=\"t-title t-text\""), "{svg}");
            assert!(svg.contains("What &lt;it&gt; says"), "{svg}");
            assert!(
                svg.contains("&lt;script&gt;&quot;") && !svg.contains("<script"),
                "{svg}"
            );
        }
    }

    #[test]
    fn no_chart_has_a_style_attribute_which_the_policy_would_refuse() {
        let chart = chart(&[("a", 1, 2), ("b", 0, 0)]);
        for svg in [columns(&chart), bars(&chart)] {
            assert!(!svg.contains("style="), "{svg}");
        }
    }

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
