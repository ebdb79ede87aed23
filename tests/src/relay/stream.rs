//! Puts a record into a delivery stream as Firehose would take it from EventBridge.
//!
//! MiniStack transforms and writes, but drops without trace what the transform answers with
//! `ProcessingFailed`. So the stream's own function is asked first, and for that answer the error
//! object is written here, as Firehose writes it.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use aws_sdk_firehose::primitives::Blob;
use aws_sdk_firehose::types::Record;
use aws_smithy_types::base64;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cloud::{Cache, Cloud};
use super::stacks::Stacks;
use crate::aws;
use crate::ids::{arn_name, arn_part, uuid};

/// Streams as deployed, read once.
#[derive(Default)]
pub(super) struct Streams(Cache<Option<Stream>>);

struct Stream {
    name: String,
    bucket: String,
    error_prefix: String,
    function: Option<String>,
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// The stream took it.
    Taken,
    /// The transform refused it: it lies under the stream's error prefix.
    Failed,
    NoStream,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    invocation_id: String,
    delivery_stream_arn: &'a str,
    region: &'a str,
    records: [InputRecord; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InputRecord {
    record_id: String,
    approximate_arrival_timestamp: u64,
    data: String,
}

#[derive(Deserialize)]
struct Response {
    records: Vec<OutputRecord>,
}

#[derive(Deserialize)]
struct OutputRecord {
    result: String,
}

/// The fields of Firehose's error object, in its spelling.
#[derive(Serialize)]
struct Failed<'a> {
    #[serde(rename = "attemptsMade")]
    attempts_made: u32,
    #[serde(rename = "arrivalTimestamp")]
    arrival_timestamp: u64,
    #[serde(rename = "errorCode")]
    error_code: &'a str,
    #[serde(rename = "errorMessage")]
    error_message: &'a str,
    #[serde(rename = "attemptEndingTimestamp")]
    attempt_ending_timestamp: u64,
    #[serde(rename = "rawData")]
    raw_data: String,
    #[serde(rename = "lambdaARN")]
    lambda_arn: String,
}

impl Streams {
    /// Puts one record into a stream.
    ///
    /// # Errors
    /// When an emulator fails.
    pub(super) async fn put(&self, cloud: &Cloud, stacks: &Stacks, arn: &str, data: &[u8]) -> Result<Put> {
        let found = self.0.get(arn, || describe(cloud, stacks, arn)).await?;
        let Some(stream) = found.as_ref() else {
            return Ok(Put::NoStream);
        };
        if let Some(function) = &stream.function {
            let arrival = millis();
            if transform(cloud, arn, function, arrival, data).await? {
                write_error(cloud, arn, stream, function, arrival, data).await?;
                return Ok(Put::Failed);
            }
        }
        let client = aws_sdk_firehose::Client::new(&cloud.at(arn_part(arn, 4), arn_part(arn, 3)).await?);
        let record = Record::builder().data(Blob::new(data)).build()?;
        client
            .put_record()
            .delivery_stream_name(&stream.name)
            .record(record)
            .send()
            .await?;
        Ok(Put::Taken)
    }

    /// Whether there is a stream of that ARN.
    ///
    /// # Errors
    /// When an emulator fails.
    pub(super) async fn exists(&self, cloud: &Cloud, stacks: &Stacks, arn: &str) -> Result<bool> {
        let found = self.0.get(arn, || describe(cloud, stacks, arn)).await?;
        Ok(found.is_some())
    }

    pub(super) async fn invalidate(&self) {
        self.0.clear().await;
    }
}

/// Whether the stream's function refuses the record. A failed invocation is no refusal: the record
/// goes on, and the stream deals with it.
async fn transform(cloud: &Cloud, stream: &str, function: &str, arrival: u64, data: &[u8]) -> Result<bool> {
    let client = aws_sdk_lambda::Client::new(&cloud.at(arn_part(function, 4), arn_part(function, 3)).await?);
    let request = Request {
        invocation_id: uuid(),
        delivery_stream_arn: stream,
        region: arn_part(stream, 3),
        records: [InputRecord {
            record_id: format!("49646390{arrival:048}"),
            approximate_arrival_timestamp: arrival,
            data: base64::encode(data),
        }],
    };
    let payload = aws_sdk_lambda::primitives::Blob::new(serde_json::to_vec(&request)?);
    // Without the version: MiniStack knows the function by its name.
    let invoked = client
        .invoke()
        .function_name(unqualified(function))
        .payload(payload)
        .send()
        .await?;
    if invoked.function_error.is_some() {
        return Ok(false);
    }
    let answer = invoked
        .payload
        .unwrap_or_else(|| aws_sdk_lambda::primitives::Blob::new(vec![]));
    let answer: Option<Response> = serde_json::from_slice(answer.as_ref()).ok();
    Ok(answer.is_some_and(|answer| answer.records.iter().any(|record| record.result == "ProcessingFailed")))
}

async fn write_error(
    cloud: &Cloud,
    arn: &str,
    stream: &Stream,
    function: &str,
    arrival: u64,
    data: &[u8],
) -> Result<()> {
    let error = Failed {
        attempts_made: 1,
        arrival_timestamp: arrival,
        error_code: "Lambda.ProcessingFailedStatus",
        error_message: "ProcessingFailed status set for record",
        attempt_ending_timestamp: millis(),
        raw_data: base64::encode(data),
        lambda_arn: format!("{}:$LATEST", unqualified(function)),
    };
    let now = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let prefix = evaluate(&stream.error_prefix, "processing-failed", &now)?;
    let time = now.strftime("%Y-%m-%d-%H-%M-%S");
    let key = format!("{prefix}{}-1-{time}-{}", stream.name, uuid());
    let client = aws::s3(&cloud.at(arn_part(arn, 4), arn_part(arn, 3)).await?);
    let body = format!("{}\n", serde_json::to_string(&error)?).into_bytes();
    client
        .put_object()
        .bucket(&stream.bucket)
        .key(key)
        .body(body.into())
        .send()
        .await?;
    Ok(())
}

/// The stream as its stack describes it: MiniStack's own description has numbers as strings, which
/// no AWS SDK reads. Whether it is there at all is asked from MiniStack.
async fn describe(cloud: &Cloud, stacks: &Stacks, arn: &str) -> Result<Option<Stream>> {
    let (account, region, name) = (arn_part(arn, 4), arn_part(arn, 3), arn_name(arn));
    let client = aws_sdk_firehose::Client::new(&cloud.at(account, region).await?);
    let listed = client.list_delivery_streams().limit(10_000).send().await?;
    if !listed.delivery_stream_names.iter().any(|known| known == name) {
        return Ok(None);
    }
    for stack in stacks.of(cloud, account, region).await? {
        for stream in stack.resources("AWS::KinesisFirehose::DeliveryStream")? {
            if stream["DeliveryStreamName"] != name {
                continue;
            }
            let destination = &stream["ExtendedS3DestinationConfiguration"];
            let text = |value: &Value| value.as_str().map(str::to_owned);
            let bucket = text(&destination["BucketARN"]).with_context(|| format!("{arn} does not deliver to S3"))?;
            return Ok(Some(Stream {
                name: name.to_owned(),
                bucket: arn_name(&bucket).to_owned(),
                error_prefix: text(&destination["ErrorOutputPrefix"]).unwrap_or_default(),
                function: function_of(&destination["ProcessingConfiguration"]),
            }));
        }
    }
    bail!("no stack describes {arn}")
}

/// ARN of the function that transforms a stream's records.
fn function_of(processing: &Value) -> Option<String> {
    let processors = processing["Processors"]
        .as_array()
        .filter(|_| processing["Enabled"] == true)?;
    let lambda = processors.iter().find(|processor| processor["Type"] == "Lambda")?;
    let mut parameters = lambda["Parameters"].as_array()?.iter();
    let function = parameters.find(|parameter| parameter["ParameterName"] == "LambdaArn")?;
    function["ParameterValue"].as_str().map(str::to_owned)
}

/// Evaluates an error prefix; Firehose appends `yyyy/MM/dd/HH/` where it names no time.
fn evaluate(prefix: &str, error_type: &str, now: &jiff::Zoned) -> Result<String> {
    let mut out = String::new();
    let mut rest = prefix;
    let mut timed = false;
    while let Some((before, after)) = rest.split_once("!{") {
        let (expression, tail) = after.split_once('}').context("an error prefix without closing brace")?;
        out.push_str(before);
        match expression.split_once(':') {
            Some(("firehose", "error-output-type")) => out.push_str(error_type),
            Some(("firehose", "random-string")) => out.push_str(&uuid().replace('-', "")[..11]),
            Some(("timestamp", pattern)) => {
                timed = true;
                let java = [
                    ("yyyy", "%Y"),
                    ("MM", "%m"),
                    ("dd", "%d"),
                    ("HH", "%H"),
                    ("mm", "%M"),
                    ("'", ""),
                ];
                let pattern = java
                    .iter()
                    .fold(pattern.to_owned(), |text, (from, to)| text.replace(from, to));
                out.push_str(&now.strftime(&pattern).to_string());
            }
            _ => anyhow::bail!("cannot evaluate `{expression}` in an error prefix"),
        }
        rest = tail;
    }
    out.push_str(rest);
    if !timed {
        out.push_str(&now.strftime("%Y/%m/%d/%H/").to_string());
    }
    Ok(out)
}

/// A function's ARN without its version.
fn unqualified(function: &str) -> String {
    function.split(':').take(7).collect::<Vec<_>>().join(":")
}

fn millis() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_prefix_is_evaluated_as_firehose_does() {
        let now = "2026-11-20T09:05:00Z"
            .parse::<Timestamp>()
            .unwrap()
            .to_zoned(jiff::tz::TimeZone::UTC);
        let of = |prefix: &str| evaluate(prefix, "processing-failed", &now);
        assert_eq!(
            of("errors/t/!{firehose:error-output-type}/").unwrap(),
            "errors/t/processing-failed/2026/11/20/09/"
        );
        assert_eq!(of("e/!{timestamp:yyyy-MM-dd}/").unwrap(), "e/2026-11-20/");
        assert!(of("e/!{partitionKeyFromLambda:month}/").is_err());
    }
}
