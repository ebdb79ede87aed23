//! Days gathered into as many columns as an axis can carry.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::{Date, ISOWeekDate};

use super::Asked;
use super::chart::Entry;
use super::window::Window;

/// How long a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// A day.
    Day,
    /// A week, from Monday.
    Week,
    /// A month.
    Month,
}

impl Length {
    /// As a word, and as the heading of a table.
    pub(crate) fn names(self) -> (&'static str, &'static str) {
        match self {
            Length::Day => ("day", "Day (UTC)"),
            Length::Week => ("week", "Week from Monday (UTC)"),
            Length::Month => ("month", "Month (UTC)"),
        }
    }

    fn first_day(self, day: Date) -> Date {
        match self {
            Length::Day => day,
            Length::Week => day.iso_week_date().first_of_week().map_or(day, ISOWeekDate::date),
            Length::Month => day.first_of_month(),
        }
    }

    fn label(self, first: Date) -> String {
        match self {
            Length::Month => first.strftime("%Y-%m").to_string(),
            _ => first.to_string(),
        }
    }
}

/// What was approved and rejected in each column of a window, those without any decision too. A column
/// is called by its first day, or by its month.
pub(crate) fn periods(window: &Window, per_day: &Asked) -> (Length, Vec<Entry>) {
    let (first, last) = window.days();
    let length = match (last - first).get_days() + 1 {
        ..=45 => Length::Day,
        46..=400 => Length::Week,
        _ => Length::Month,
    };
    let mut periods = BTreeMap::new();
    for day in first.series(1.day()).take_while(|day| *day <= last) {
        let first = length.first_day(day);
        periods.entry(first).or_insert_with(|| Entry {
            label: length.label(first),
            values: vec![0, 0],
        });
    }
    for row in per_day.rows() {
        let Ok(day) = row.text("day").parse() else { continue };
        if let Some(period) = periods.get_mut(&length.first_day(day)) {
            for (sum, column) in period.values.iter_mut().zip(["approved", "rejected"]) {
                *sum += row.count(column);
            }
        }
    }
    (length, periods.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipetrail_lake::answer::{Answer, Heading, Kind, Value};

    fn per_day(rows: &[(&str, i64, i64)]) -> Asked {
        let column = |name: &str, kind| Heading {
            name: name.to_owned(),
            kind,
        };
        let row = |(day, approved, rejected): &(&str, i64, i64)| {
            vec![
                Value::Text((*day).to_owned()),
                Value::Integer(*approved),
                Value::Integer(*rejected),
            ]
        };
        Asked {
            answer: Answer {
                columns: vec![
                    column("day", Kind::Text),
                    column("approved", Kind::Integer),
                    column("rejected", Kind::Integer),
                ],
                rows: rows.iter().map(row).collect(),
            },
            ..Asked::none()
        }
    }

    fn window(from: &str, to: &str) -> Window {
        Window {
            from: format!("{from}T00:00:00Z").parse().unwrap(),
            to: format!("{to}T00:00:00Z").parse().unwrap(),
        }
    }

    #[test]
    fn days_without_a_decision_are_columns_too() {
        let (length, periods) = periods(&window("2026-11-01", "2026-11-04"), &per_day(&[("2026-11-02", 3, 1)]));
        assert_eq!(length, Length::Day);
        let shown: Vec<_> = periods
            .iter()
            .map(|p| (p.label.as_str(), p.values[0], p.values[1]))
            .collect();
        assert_eq!(
            shown,
            [("2026-11-01", 0, 0), ("2026-11-02", 3, 1), ("2026-11-03", 0, 0)]
        );
    }

    #[test]
    fn a_quarter_is_shown_by_weeks_from_monday_and_nothing_is_lost() {
        let days = per_day(&[
            ("2026-08-23", 1, 0),
            ("2026-08-24", 2, 0),
            ("2026-11-20", 0, 4),
            ("no day", 9, 9),
        ]);
        let (length, periods) = periods(&window("2026-08-23", "2026-11-21"), &days);
        assert_eq!(length, Length::Week);
        assert_eq!((periods[0].label.as_str(), periods[0].values[0]), ("2026-08-17", 1));
        assert_eq!(periods[1].label, "2026-08-24");
        assert_eq!(periods.iter().map(Entry::total).sum::<u64>(), 7);
    }

    #[test]
    fn years_are_shown_by_months() {
        let (length, periods) = periods(&window("2025-01-15", "2026-11-21"), &per_day(&[("2026-02-28", 1, 0)]));
        assert_eq!(length, Length::Month);
        assert_eq!(
            (periods.len(), periods[13].label.as_str(), periods[13].values[0]),
            (23, "2026-02", 1)
        );
    }
}
