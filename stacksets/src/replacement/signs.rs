//! What CloudWatch says of a delivery stream: when something last came in, and what it may still hold.
//!
//! Firehose has no call that says whether its buffer is empty. `DeliveryToS3.DataFreshness` is the age of
//! the oldest record in it; it is not emitted while nothing comes in, nor while delivery is blocked.
//! Source: Firehose's guide, "Data freshness metric increasing or not emitted"; never seen on AWS.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::error::Error;
use crate::flow::Flow;
use crate::metrics::{self, Query, Series};
use crate::signed::Signed;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// As far back as is looked: after a day Firehose gives up and writes what it holds under the error prefix.
const LOOKBACK: SignedDuration = SignedDuration::from_hours(24);

/// Signs of one stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Signs {
    pub(crate) stream: String,
    /// Minutes in which records came in.
    pub(crate) input: Vec<Timestamp>,
    /// The newest age of the oldest record, and when that was.
    pub(crate) freshness: Option<(Timestamp, SignedDuration)>,
}

impl Signs {
    /// When the last record can have come in.
    pub(crate) fn last_input(&self) -> Option<Timestamp> {
        let last = self.input.iter().max()?;
        last.checked_add(MINUTE).ok()
    }

    /// Since when the stream holds a record, if it seems to hold one at a time when all should be written.
    pub(crate) fn holds_since(&self, buffer: SignedDuration) -> Option<Timestamp> {
        let healthy = buffer.saturating_mul(2).saturating_add(MINUTE);
        match self.freshness {
            // It grows: delivery falls behind.
            Some((at, age)) if age > healthy => at.checked_sub(age).ok(),
            // Nothing was delivered since the last input: delivery is blocked.
            Some((at, _)) => self.input.iter().filter(|input| **input >= at).min().copied(),
            None => self.input.iter().min().copied(),
        }
    }

    fn of(stream: &str, input: Option<&BTreeMap<Timestamp, f64>>, ages: Option<&BTreeMap<Timestamp, f64>>) -> Self {
        let input = input.into_iter().flatten().filter(|(_, count)| **count > 0.0);
        let newest = ages.and_then(|ages| ages.last_key_value());
        Signs {
            stream: stream.to_owned(),
            input: input.map(|(minute, _)| *minute).collect(),
            freshness: newest.and_then(|(at, age)| Some((*at, SignedDuration::try_from_secs_f64(*age).ok()?))),
        }
    }
}

/// Reads the signs of every stream of the flow.
///
/// # Errors
/// A refused call.
pub(crate) async fn read(services: &Signed, flow: &Flow, now: Timestamp) -> Result<Vec<Signs>, Error> {
    let ids: Vec<(String, String)> = (0..flow.rules.len())
        .map(|n| (format!("i{n}"), format!("f{n}")))
        .collect();
    let named = || flow.rules.iter().map(|rule| rule.stream.as_str()).zip(&ids);
    let queries: Vec<Query<'_>> = named()
        .flat_map(|(stream, (input, freshness))| {
            let query = |id, metric, statistic| Query {
                id,
                stream,
                metric,
                statistic,
            };
            [
                query(input, "IncomingRecords", "Sum"),
                query(freshness, "DeliveryToS3.DataFreshness", "Maximum"),
            ]
        })
        .collect();
    let from = now.checked_sub(LOOKBACK).unwrap_or(now);
    let series: Series = metrics::read(services, &queries, (from, now)).await?;
    let signs = named().map(|(stream, (input, ages))| Signs::of(stream, series.get(input), series.get(ages)));
    Ok(signs.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::Answers;

    fn at(text: &str) -> Timestamp {
        format!("2026-11-30T{text}Z").parse().unwrap()
    }

    fn signs(input: &[&str], freshness: Option<(&str, i64)>) -> Signs {
        Signs {
            stream: "s".into(),
            input: input.iter().map(|minute| at(minute)).collect(),
            freshness: freshness.map(|(minute, age)| (at(minute), SignedDuration::from_secs(age))),
        }
    }

    #[test]
    fn a_stream_holds_something_while_its_delivery_lags_or_stands_still() {
        let buffer = SignedDuration::from_secs(300);
        for (signs, held) in [
            // Nothing ever came.
            (signs(&[], None), None),
            // Delivered after the last input.
            (signs(&["11:50:00", "11:55:00"], Some(("11:59:00", 300))), None),
            // Blocked from the beginning.
            (signs(&["11:50:00", "11:55:00"], None), Some(at("11:50:00"))),
            // Blocked since.
            (
                signs(&["11:50:00", "11:55:00"], Some(("11:52:00", 60))),
                Some(at("11:55:00")),
            ),
            // It falls behind.
            (signs(&["11:55:00"], Some(("12:00:00", 3600))), Some(at("11:00:00"))),
            // As the last does, when nothing has come in for a day.
            (signs(&[], Some(("12:00:00", 3600))), Some(at("11:00:00"))),
        ] {
            assert_eq!(signs.holds_since(buffer), held, "{signs:?}");
        }
        assert_eq!(signs(&["11:50:00"], None).last_input(), Some(at("11:51:00")));
    }

    #[tokio::test]
    async fn the_metrics_of_a_stream_are_its_signs() {
        let answer = r#"{"MetricDataResults": [
            {"Id": "i0", "Timestamps": [1796040000, 1796040060], "Values": [2, 0]},
            {"Id": "f0", "Timestamps": [1796040120, 1796040060], "Values": [90, 30]}]}"#;
        let server = Answers::new(&[("pipetrail-api-calls", 200, answer)]);
        let read = read(&Signed::over(server.http()), &Flow::of_test(), at("12:05:00"))
            .await
            .unwrap();
        let wanted = Signs {
            stream: "pipetrail-api-calls".into(),
            ..signs(&["12:00:00"], Some(("12:02:00", 90)))
        };
        assert_eq!(read, [wanted]);
    }
}
