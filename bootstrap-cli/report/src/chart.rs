//! Charts: figures in, SVG out. Pure; colours and fonts come from the page's style sheet, so that a
//! chart follows light and dark. What a chart shows stands in a table beside it.

mod axis;
mod bars;
mod columns;

use std::fmt::Write as _;

use serde::Serialize;

pub(crate) use bars::{bars, largest};
pub(crate) use columns::columns;

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
    /// How it is drawn: a colour and a pattern.
    pub look: Look,
}

/// A colour and a pattern: no colour carries a meaning alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Look {
    /// Filled.
    Solid,
    /// Hatched.
    Hatched,
    /// Dotted.
    Dotted,
}

impl Look {
    /// The class that the style sheet knows.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Look::Solid => "solid",
            Look::Hatched => "hatched",
            Look::Dotted => "dotted",
        }
    }
}

/// Approved and rejected.
pub(crate) const DECISIONS: [Series; 2] = [
    Series {
        name: "Approved",
        look: Look::Solid,
    },
    Series {
        name: "Rejected",
        look: Look::Hatched,
    },
];

/// Neither: a gate that was superseded, stopped or timed out.
pub(crate) const NEITHER: Series = Series {
    name: "Neither",
    look: Look::Dotted,
};

impl Entry {
    /// All series together.
    pub(crate) fn total(&self) -> u64 {
        self.values.iter().sum()
    }
}

impl Chart {
    /// The element that begins every chart, with its text alternative.
    fn open(&self, width: u32, height: u32) -> String {
        format!(
            "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
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
}
