//! The metrics of delivery streams, by CloudWatch's `GetMetricData`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use crate::error::{Error, Fault};
use crate::signed::{Call, Input, Service, Signed};

const ACTION: &str = "read the metrics of the delivery streams";

/// What is asked: the values of a metric of a delivery stream, by the minute.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query<'a> {
    /// Key of the answer: a small letter, then letters and digits.
    pub(crate) id: &'a str,
    pub(crate) stream: &'a str,
    pub(crate) metric: &'static str,
    /// `Sum` or `Maximum`.
    pub(crate) statistic: &'static str,
}

/// The values of each query, by the begin of their minute.
pub(crate) type Series = BTreeMap<String, BTreeMap<Timestamp, f64>>;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    #[serde(default)]
    metric_data_results: Vec<PageSeries>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PageSeries {
    id: String,
    #[serde(default)]
    timestamps: Vec<Time>,
    #[serde(default)]
    values: Vec<f64>,
}

/// Seconds since 1970; the emulator writes text.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Time {
    Seconds(f64),
    Text(String),
}

/// Asks for all of them, from `from` to `until`.
///
/// # Errors
/// A refused call, or an answer that is none.
pub(crate) async fn read(
    services: &Signed,
    queries: &[Query<'_>],
    (from, until): (Timestamp, Timestamp),
) -> Result<Series, Error> {
    let asked: Vec<serde_json::Value> = queries
        .iter()
        .map(|query| {
            json!({"Id": query.id, "MetricStat": {"Period": 60, "Stat": query.statistic, "Metric": {
                "Namespace": "AWS/Firehose", "MetricName": query.metric,
                "Dimensions": [{"Name": "DeliveryStreamName", "Value": query.stream}]}}})
        })
        .collect();
    let mut body = json!({"MetricDataQueries": asked, "StartTime": from.as_second(), "EndTime": until.as_second()});
    let mut series = Series::new();
    loop {
        let text = body.to_string();
        let call = Call {
            service: Service::CloudWatch,
            operation: "GetMetricData",
            input: Input::Json(&text),
            action: ACTION,
        };
        let page: Page = serde_json::from_slice(&services.ask(call).await?).map_err(|error| Error::Aws {
            action: ACTION.to_owned(),
            fault: Fault::Unanswered(error.into()),
        })?;
        for PageSeries { id, timestamps, values } in page.metric_data_results {
            let minutes = timestamps.iter().map(Time::read).zip(values);
            let minutes = minutes.filter_map(|(minute, value)| Some((minute?, value)));
            series.entry(id).or_default().extend(minutes);
        }
        match page.next_token.filter(|token| !token.is_empty()) {
            Some(token) => body["NextToken"] = token.into(),
            None => return Ok(series),
        }
    }
}

impl Time {
    fn read(&self) -> Option<Timestamp> {
        match self {
            // A whole second, as CloudWatch has it.
            Time::Seconds(seconds) => format!("{seconds:.0}")
                .parse()
                .ok()
                .and_then(|s| Timestamp::from_second(s).ok()),
            Time::Text(text) => text.parse().ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::Answers;

    fn span() -> (Timestamp, Timestamp) {
        (
            "2026-11-30T12:00:00Z".parse().unwrap(),
            "2026-11-30T13:00:00Z".parse().unwrap(),
        )
    }

    const QUERY: Query<'static> = Query {
        id: "i0",
        stream: "pipetrail-api-calls",
        metric: "IncomingRecords",
        statistic: "Sum",
    };

    #[tokio::test]
    async fn the_pages_of_an_answer_are_put_together_and_the_call_is_signed() {
        let server = Answers::new(&[
            (
                "\"EndTime\":1796043600",
                200,
                r#"{"MetricDataResults": [{"Id": "i0", "Timestamps": [1796040060.0], "Values": [3.0]}], "NextToken": "t"}"#,
            ),
            (
                "\"NextToken\":\"t\"",
                200,
                r#"{"MetricDataResults": [{"Id": "i0", "Timestamps": ["2026-11-30T12:02:00Z"], "Values": [4]}]}"#,
            ),
        ]);
        let read = read(&Signed::over(server.http()), &[QUERY], span()).await.unwrap();
        let minutes: Vec<(String, f64)> = read["i0"].iter().map(|(at, value)| (at.to_string(), *value)).collect();
        assert_eq!(
            minutes,
            [
                ("2026-11-30T12:01:00Z".to_owned(), 3.0),
                ("2026-11-30T12:02:00Z".to_owned(), 4.0)
            ]
        );
        assert_eq!(
            server.count("x-amz-target: GraniteServiceVersion20100801.GetMetricData"),
            2
        );
        assert_eq!(server.count("eu-central-1/monitoring/aws4_request"), 2);
    }

    #[tokio::test]
    async fn an_answer_that_is_none_is_an_error() {
        let server = Answers::new(&[("", 200, "<html>")]);
        let read = read(&Signed::over(server.http()), &[QUERY], span()).await;
        assert!(read.unwrap_err().code().is_none());
    }
}
