//! The row that the cloud path computes of an event: λ transform's own code, called without Lambda.

use aws_smithy_types::base64;
use pipetrail_collector::Event;
use pipetrail_collector::transform::{Record, Request, transform};
use serde_json::Value;

use crate::lake::Row;

/// When the record reached the stream, here.
const ARRIVED: i64 = 1_795_425_304_302;

/// The table of an envelope and its row with the partition keys; NULL columns are absent.
///
/// # Panics
/// When it becomes no row.
pub(crate) fn row(envelope: &str) -> (String, Row) {
    let table = Event::parse(envelope.as_bytes()).unwrap().table().name();
    let stream = format!(
        "arn:aws:firehose:eu-central-1:999988887777:deliverystream/pipetrail-{}",
        table.replace('_', "-")
    );
    let request = Request {
        delivery_stream_arn: stream.into(),
        records: vec![Record {
            record_id: "1".into(),
            approximate_arrival_timestamp: ARRIVED,
            data: base64::encode(envelope).into(),
        }],
    };
    let response = transform(&request, |_, error| panic!("{error}: {envelope}")).unwrap();
    let response = serde_json::to_value(&response).unwrap();
    let record = &response["records"][0];
    let row: Value = serde_json::from_slice(&base64::decode(record["data"].as_str().unwrap()).unwrap()).unwrap();
    let all = row.as_object().unwrap().iter();
    (
        table.to_owned(),
        all.filter_map(|(name, value)| Some((name.clone(), text(value)?)))
            .collect(),
    )
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
