//! Days gathered into as many columns as an axis can carry.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::Asked;
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
    /// As an adjective-free word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Length::Day => "day",
            Length::Week => "week",
            Length::Month => "month",
        }
    }

    fn of(days: i32) -> Self {
        match days {
            ..=45 => Length::Day,
            46..=400 => Length::Week,
            _ => Length::Month,
        }
    }

    fn first_day(self, day: Date) -> Date {
        match self {
            Length::Day => day,
            Length::Week => {
                let back = i64::from(day.weekday().to_monday_zero_offset());
                day.checked_sub(jiff::Span::new().days(back)).unwrap_or(day)
            }
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

/// Decisions of one column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Period {
    /// Its first day, or its month.
    pub label: String,
    /// How many were approved.
    pub approved: u64,
    /// How many were rejected.
    pub rejected: u64,
}

/// The columns of a window, those without any decision too.
pub(crate) fn periods(window: &Window, per_day: &Asked) -> (Length, Vec<Period>) {
    let (first, last) = window.days();
    let length = Length::of(last.since(first).map_or(0, |span| span.get_days()) + 1);
    let mut periods = BTreeMap::new();
    let mut day = first;
    while day <= last {
        let first = length.first_day(day);
        periods.entry(first).or_insert_with(|| Period {
            label: length.label(first),
            ..Period::default()
        });
        match day.tomorrow() {
            Ok(next) => day = next,
            Err(_) => break,
        }
    }
    for row in per_day.rows() {
        let Ok(day) = row.text("day").parse() else { continue };
        if let Some(period) = periods.get_mut(&length.first_day(day)) {
            period.approved += row.count("approved");
            period.rejected += row.count("rejected");
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
            .map(|p| (p.label.as_str(), p.approved, p.rejected))
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
        assert_eq!((periods[0].label.as_str(), periods[0].approved), ("2026-08-17", 1));
        assert_eq!(periods[1].label, "2026-08-24");
        assert_eq!(periods.iter().map(|p| p.approved + p.rejected).sum::<u64>(), 7);
    }

    #[test]
    fn years_are_shown_by_months() {
        let (length, periods) = periods(&window("2025-01-15", "2026-11-21"), &per_day(&[("2026-02-28", 1, 0)]));
        assert_eq!(length, Length::Month);
        assert_eq!(
            (periods.len(), periods[13].label.as_str(), periods[13].approved),
            (23, "2026-02", 1)
        );
    }
}
