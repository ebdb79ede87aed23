//! One call to CloudWatch, `GetMetricData`, signed and sent by hand: its SDK would bring a second major
//! version of the HTTP crates, and so compile everything of AWS anew.
//!
//! The protocol is JSON 1.0, one of the three that CloudWatch's API model lists. That AWS answers so is
//! unproven here.

use std::collections::BTreeMap;
use std::time::SystemTime;

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use jiff::Timestamp;
use pipetrail_names::{Region, partition};
use serde::Deserialize;
use serde_json::json;

use crate::error::{Error, Fault};

const ACTION: &str = "read the metrics of the delivery streams";

/// CloudWatch in the audit account's home region.
#[derive(Clone, Debug)]
pub struct Metrics {
    pub http: SharedHttpClient,
    pub credentials: Option<SharedCredentialsProvider>,
    pub region: Option<Region>,
    /// Instead of AWS's own.
    pub endpoint_url: Option<String>,
}

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

/// An answer that is no 200, as it came.
#[derive(Debug, thiserror::Error)]
#[error("HTTP status {status}: {body}")]
struct Refusal {
    status: u16,
    body: String,
}

#[derive(Debug, Deserialize)]
struct Refused {
    #[serde(rename = "__type")]
    kind: String,
    #[serde(alias = "Message")]
    message: Option<String>,
}

impl Metrics {
    /// Asks for all of them, from `from` to `until`.
    ///
    /// # Errors
    /// A refused call, or an answer that is none.
    pub(crate) async fn read(
        &self,
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
            let page: Page = self.page(&body.to_string()).await?;
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

    async fn page(&self, body: &str) -> Result<Page, Error> {
        let region = self.region.as_ref().ok_or_else(|| unanswered("no region"))?;
        let url = self.endpoint_url.clone().unwrap_or_else(|| endpoint(region));
        let request = self.signed(region, &url, body).await?;
        let operation = Operation::builder()
            .service_name("CloudWatch")
            .operation_name("GetMetricData")
            .http_client(self.http.clone())
            .endpoint_url(&url)
            .no_auth()
            .standard_retry(&RetryConfig::standard())
            .retry_classifier(TransientErrorClassifier::<Refusal>::new())
            .retry_classifier(HttpStatusCodeClassifier::default())
            .timeout_config(TimeoutConfig::disabled())
            .serializer(move |(): ()| {
                let request = request.try_clone();
                request.ok_or_else(|| "the request cannot be sent twice".into())
            })
            .deserializer(|answer: &HttpResponse| {
                let body = answer.body().bytes().unwrap_or_default();
                if answer.status().is_success() {
                    return Ok(body.to_vec());
                }
                Err(OrchestratorError::operation(Refusal {
                    status: answer.status().as_u16(),
                    body: String::from_utf8_lossy(body).into_owned(),
                }))
            })
            .build();
        let answer = operation.invoke(()).await.map_err(|error| {
            let refused = error.as_service_error();
            match refused.and_then(|refusal| serde_json::from_str::<Refused>(&refusal.body).ok()) {
                Some(Refused { kind, message }) => refusal(&kind, message.as_deref().unwrap_or("no message")),
                None => unanswered(error),
            }
        })?;
        serde_json::from_slice(&answer).map_err(unanswered)
    }

    async fn signed(&self, region: &Region, url: &str, body: &str) -> Result<HttpRequest, Error> {
        let credentials = match &self.credentials {
            Some(provider) => provider.provide_credentials().await.map_err(unanswered)?,
            None => return Err(unanswered("no credentials")),
        };
        let identity = credentials.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(region.as_str())
            .name("monitoring")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(unanswered)?;
        let headers = [
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-target", "GraniteServiceVersion20100801.GetMetricData"),
        ];
        let url = format!("{}/", url.trim_end_matches('/'));
        let signable = SignableRequest::new(
            "POST",
            url.as_str(),
            headers.into_iter(),
            SignableBody::Bytes(body.as_bytes()),
        );
        let signed = sign(signable.map_err(unanswered)?, &parameters.into()).map_err(unanswered)?;
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method("POST").map_err(unanswered)?;
        // The operation puts the endpoint before it.
        request.set_uri("/").map_err(unanswered)?;
        for (name, value) in headers {
            request.headers_mut().insert(name, value);
        }
        for (name, value) in signed.output().headers() {
            request.headers_mut().insert(name.to_owned(), value.to_owned());
        }
        Ok(request)
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

/// CloudWatch's own address; the partitions differ in their domain.
fn endpoint(region: &Region) -> String {
    let domain = match partition(region) {
        "aws-cn" => "amazonaws.com.cn",
        _ => "amazonaws.com",
    };
    format!("https://monitoring.{region}.{domain}")
}

fn refusal(kind: &str, message: &str) -> Error {
    Error::Aws {
        action: ACTION.to_owned(),
        fault: Fault::Refused {
            // `com.amazonaws.…#AccessDenied`
            code: kind.rsplit('#').next().unwrap_or(kind).to_owned(),
            message: message.to_owned(),
        },
    }
}

fn unanswered(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Aws {
        action: ACTION.to_owned(),
        fault: Fault::Unanswered(error.into()),
    }
}

#[cfg(test)]
impl Metrics {
    /// Over a client whose answers are written down.
    pub(crate) fn over(http: SharedHttpClient) -> Self {
        let credentials = aws_credential_types::Credentials::new("test", "test", None, None, "test");
        Metrics {
            http,
            credentials: Some(SharedCredentialsProvider::new(credentials)),
            region: "eu-central-1".parse().ok(),
            endpoint_url: Some("http://aws.test".to_owned()),
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
        let read = Metrics::over(server.http()).read(&[QUERY], span()).await.unwrap();
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
    async fn a_refusal_has_its_code_and_any_other_answer_is_an_error() {
        let server = Answers::new(&[
            (
                "",
                400,
                r#"{"__type": "com.amazonaws.cloudwatch#AccessDeniedException", "Message": "not authorized"}"#,
            ),
            ("", 200, "<html>"),
            ("", 503, "busy"),
        ]);
        let metrics = Metrics::over(server.http());
        let refused = metrics.read(&[QUERY], span()).await.unwrap_err();
        assert_eq!(refused.code(), Some("AccessDeniedException"));
        for _ in 0..2 {
            assert!(metrics.read(&[QUERY], span()).await.unwrap_err().code().is_none());
        }
    }

    #[test]
    fn every_partition_has_its_domain() {
        for (region, url) in [
            ("eu-central-1", "https://monitoring.eu-central-1.amazonaws.com"),
            ("us-gov-west-1", "https://monitoring.us-gov-west-1.amazonaws.com"),
            ("cn-north-1", "https://monitoring.cn-north-1.amazonaws.com.cn"),
        ] {
            assert_eq!(endpoint(&region.parse().unwrap()), url);
        }
    }
}
