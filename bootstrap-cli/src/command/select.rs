//! The options that audits and the report share.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use pipetrail_lake::audits::{AuditError, Parameters};
use pipetrail_names::AccountId;

/// How far back the window begins where nobody says.
const DAYS: i64 = 90;

/// The options that say what an audit, or the report, is about.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Select {
    /// Beginning of the window: an instant such as 2026-11-20T08:00:00Z, or a day in UTC
    /// [default: 90 days before --to]
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// End of the window, itself not in it [default: now]
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// Only this account; can be given more than once
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Vec<AccountId>,
    /// Only pipelines of this name; can be given more than once
    #[arg(long, value_name = "NAME")]
    pub pipeline: Vec<String>,
    /// The time, for tests
    #[arg(long, hide = true, env = "PIPETRAIL_NOW")]
    pub now: Option<Timestamp>,
}

impl Select {
    /// What the options say.
    ///
    /// # Errors
    /// A time or a window that is none.
    pub(crate) fn parameters(&self) -> Result<Parameters, AuditError> {
        let read = |name, text: &Option<String>| text.as_deref().map(|text| instant(name, text)).transpose();
        let to = read("--to", &self.to)?.or(self.now).unwrap_or_else(Timestamp::now);
        let first = Timestamp::UNIX_EPOCH;
        let back = || to.checked_sub(SignedDuration::from_hours(24 * DAYS)).unwrap_or(first);
        let from = read("--from", &self.from)?.unwrap_or_else(|| back().max(first));
        let parameters = Parameters {
            accounts: self.account.clone(),
            pipelines: self.pipeline.clone(),
            ..Parameters::window(from, to)
        };
        parameters.check().map(|()| parameters)
    }
}

/// Reads an instant, or the beginning of a day in UTC; of the years 1970 to 9999, whose texts sort.
fn instant(name: &str, text: &str) -> Result<Timestamp, AuditError> {
    let day = |text: &str| Some(text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp());
    let whole = text.len() == "2026-11-20".len();
    let read = if whole { day(text) } else { text.parse().ok() };
    let sorts = |time: &Timestamp| (0..253_402_300_800_000).contains(&time.as_millisecond());
    // Cut, not rounded, as everything in the lake is.
    let cut = |time: Timestamp| Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time);
    read.filter(sorts).map(cut).ok_or_else(|| AuditError::Value {
        parameter: name.to_owned(),
        value: text.to_owned(),
        expected: "a time such as 2026-11-20 or 2026-11-20T08:00:00Z",
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn select(from: Option<&str>, to: Option<&str>) -> Select {
        Select {
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
            now: Some("2026-11-21T12:00:00Z".parse().unwrap()),
            ..Select::default()
        }
    }

    #[test]
    fn the_window_is_the_last_ninety_days_unless_told_otherwise() {
        let window = |from, to| {
            let bound = select(from, to).parameters().unwrap();
            (format!("{:.3}", bound.from), format!("{:.3}", bound.to))
        };
        let whole = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        assert_eq!(
            window(None, None),
            whole("2026-08-23T12:00:00.000Z", "2026-11-21T12:00:00.000Z")
        );
        assert_eq!(
            window(Some("2026-11-01"), Some("2026-11-02T03:04:05.6789+01:00")),
            whole("2026-11-01T00:00:00.000Z", "2026-11-02T02:04:05.678Z")
        );
    }

    #[test]
    fn a_window_that_is_none_is_refused() {
        for (from, to) in [
            (Some("2026-11-02"), Some("2026-11-01")),
            (Some("2026-11-02"), Some("2026-11-02")),
            (Some("2027-01-01"), None),
        ] {
            let error = select(from, to).parameters().unwrap_err();
            assert!(matches!(error, AuditError::Order { .. }), "{error}");
        }
        for wrong in [
            "yesterday",
            "2026-13-01",
            "2026-11-20 ",
            "+010000-01-01",
            "1969-12-31",
            "",
            "'; DROP--",
        ] {
            let error = select(Some(wrong), None).parameters().unwrap_err();
            assert!(matches!(error, AuditError::Value { .. }), "{wrong}: {error}");
        }
    }

    #[test]
    fn accounts_are_twelve_digits_and_names_have_no_control_characters() {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            select: Select,
        }
        let with = |account: &str, pipeline: &str| {
            let line = Line::try_parse_from(["x", "--account", account, "--pipeline", pipeline]);
            let parameters = line.map_err(|error| error.to_string())?.select.parameters();
            parameters.map_err(|error| error.to_string())
        };
        for name in ["'; DROP TABLE approval_calls; --", "a\\b", "a'\\b"] {
            assert!(with("000011112222", name).is_ok(), "{name}");
        }
        let error = with("000011112222", "a\\").unwrap_err();
        assert!(error.contains("--pipeline"), "{error}");
        for (account, pipeline) in [
            ("12", "a"),
            ("0000'1112222", "a"),
            ("000011112222", "a\0"),
            ("000011112222", "a\nb"),
            ("000011112222", "a\\"),
            ("000011112222", "a\\'b"),
        ] {
            assert!(with(account, pipeline).is_err(), "{account} {pipeline:?}");
        }
    }
}
