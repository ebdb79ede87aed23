//! λ transform: EventBridge envelopes in, rows of one table out, as Firehose wants it.
//!
//! Pure: no AWS client, no clock, no state. A record that cannot become a row of the stream's table
//! comes back `ProcessingFailed` with its original bytes; Firehose then keeps it under the error
//! prefix. Nothing is ever `Dropped`, and one bad record never fails its batch. The invocation fails
//! (and Firehose retries it) only when the request itself is not Firehose's.
//!
//! Source of the contract: Firehose's data transformation status model.

mod error;
mod response;

use std::borrow::Cow;

use serde::Deserialize;

use crate::event::Event;
use crate::layout::Partition;
use crate::rows::{Origin, row};
use crate::tables::Table;
use crate::time::Instant;
use crate::write;
pub use error::{RecordError, UnknownStream};
pub use response::{Data, Response, Transformed};

/// What Firehose sends.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request<'a> {
    /// ARN of the stream; its name tells the table.
    #[serde(borrow)]
    pub delivery_stream_arn: Cow<'a, str>,
    /// The records of the batch.
    #[serde(borrow)]
    pub records: Vec<Record<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record<'a> {
    /// Comes back as it is.
    #[serde(borrow)]
    pub record_id: Cow<'a, str>,
    /// When the record reached the stream, milliseconds since 1970-01-01 UTC.
    #[serde(default)]
    pub approximate_arrival_timestamp: i64,
    /// The envelope, base64.
    #[serde(borrow)]
    pub data: Cow<'a, str>,
}

/// Most bytes a response may have: Lambda refuses more than 6 MB (6,291,556 bytes). What would pass
/// it comes back `ProcessingFailed` with its original bytes, which are never more than came in.
pub const RESPONSE_LIMIT: usize = 6_000_000;

/// Transforms one batch; `report` hears of every record that failed, by its index.
///
/// # Errors
/// [`UnknownStream`] when the stream's name is none of ours.
pub fn transform(
    request: &Request<'_>,
    mut report: impl FnMut(usize, &RecordError),
) -> Result<Response, UnknownStream> {
    let table = Table::from_stream_arn(&request.delivery_stream_arn)
        .ok_or_else(|| UnknownStream(request.delivery_stream_arn.clone().into_owned()))?;
    // What the response takes if every record still to come goes back as it came.
    let mut size: usize = request
        .records
        .iter()
        .map(|record| record.data.len() + record.record_id.len() + OVERHEAD)
        .sum();
    let mut buffers = Buffers::default();
    let records = request.records.iter().enumerate().map(|(index, record)| {
        let outcome = transform_record(record, table, &mut buffers).and_then(|data| {
            let grown = size - record.data.len() + data.as_str().len();
            if grown > RESPONSE_LIMIT {
                return Err(RecordError::TooLarge);
            }
            size = grown;
            Ok(data)
        });
        let (result, data) = match outcome {
            Ok(data) => ("Ok", data),
            Err(error) => {
                report(index, &error);
                ("ProcessingFailed", Data::Given(record.data.clone().into_owned()))
            }
        };
        Transformed {
            record_id: record.record_id.clone().into_owned(),
            result,
            data,
        }
    });
    Ok(Response {
        records: records.collect(),
    })
}

/// JSON around one record of a response; an upper bound.
const OVERHEAD: usize = 80;

/// Memory that one record leaves to the next.
#[derive(Default)]
struct Buffers {
    envelope: Vec<u8>,
    line: Vec<u8>,
}

fn transform_record(
    record: &Record<'_>,
    table: Table,
    Buffers { envelope, line }: &mut Buffers,
) -> Result<Data, RecordError> {
    envelope.clear();
    base64_simd::STANDARD
        .decode_append(record.data.as_bytes(), envelope)
        .map_err(|_| RecordError::NotBase64)?;
    let mut event = Event::parse(envelope)?;
    let belongs = event.table();
    if table != belongs && table != Table::OtherEvents {
        return Err(RecordError::OtherTable { belongs, fills: table });
    }
    let key = event.key();
    event.redact();
    let arrived = Some(record.approximate_arrival_timestamp)
        .filter(|ms| *ms > 0)
        .and_then(Instant::from_millis);
    line.clear();
    row(&event, table, key, Origin::Stream { arrived }).write(line);
    // In landing no folder says whose and of which month a row is.
    line.pop();
    for (key, value) in Partition::of(&event, table).columns() {
        line.push(b',');
        write::string(line, key);
        line.push(b':');
        write::string(line, value);
    }
    line.extend_from_slice(b"}\n");
    Data::row(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "arn:aws:firehose:eu-central-1:999988887777:deliverystream/pipetrail-other-events";

    fn run(stream: &str, records: &[&[u8]]) -> (Response, Vec<(usize, RecordError)>) {
        let request = Request {
            delivery_stream_arn: stream.into(),
            records: records
                .iter()
                .enumerate()
                .map(|(i, data)| Record {
                    record_id: i.to_string().into(),
                    approximate_arrival_timestamp: 1_795_425_304_302,
                    data: base64_simd::STANDARD.encode_to_string(data).into(),
                })
                .collect(),
        };
        let mut errors = Vec::new();
        let response = transform(&request, |i, error| errors.push((i, error.clone()))).unwrap();
        (response, errors)
    }

    #[test]
    fn bad_records_come_back_with_their_own_bytes_and_stop_nobody() {
        let good = br#"{"account":"000000000012","time":"2026-11-20T09:27:58Z","detail-type":"new"}"#;
        let bad: [&[u8]; 7] = [
            b"not json",
            b"[1]",
            b"\xff\xfe",
            b"",
            br#"{"account":12,"time":"2026-11-20T09:27:58Z"}"#,
            br#"{"account":"000000000012","time":"soon"}"#,
            br#"{"account":"000000000012"}"#,
        ];
        let mut records: Vec<&[u8]> = bad.to_vec();
        records.push(good);
        let (response, errors) = run(STREAM, &records);
        assert_eq!(errors.len(), bad.len());
        for (i, bytes) in bad.iter().enumerate() {
            let record = &response.records[i];
            assert_eq!(
                (record.record_id.as_str(), record.result),
                (i.to_string().as_str(), "ProcessingFailed")
            );
            assert_eq!(
                base64_simd::STANDARD.decode_to_vec(record.data.as_str()).unwrap(),
                *bytes
            );
        }
        assert_eq!(response.records[bad.len()].result, "Ok");
    }

    #[test]
    fn an_event_in_another_table_s_stream_is_kept_as_an_error_not_stored_as_nonsense() {
        let stream = "arn:aws:firehose:eu-central-1:999988887777:deliverystream/pipetrail-approval-calls";
        let (response, errors) = run(
            stream,
            &[br#"{"account":"000000000012","time":"2026-11-20T09:27:58Z"}"#],
        );
        assert_eq!(response.records[0].result, "ProcessingFailed");
        assert_eq!(
            errors[0].1,
            RecordError::OtherTable {
                belongs: Table::OtherEvents,
                fills: Table::ApprovalCalls
            }
        );
    }

    #[test]
    fn a_response_never_passes_the_limit_and_no_record_is_lost() {
        let big = format!(
            r#"{{"account":"000000000012","time":"2026-11-20T09:27:58Z","detail":"{}"}}"#,
            "x".repeat(900_000)
        );
        let (response, errors) = run(STREAM, &[big.as_bytes(); 3]);
        assert_eq!(response.records.len(), 3);
        assert!(serde_json::to_vec(&response).unwrap().len() <= RESPONSE_LIMIT);
        assert!(!errors.is_empty() && errors.iter().all(|(_, error)| *error == RecordError::TooLarge));
        assert!(response.records.iter().any(|record| record.result == "Ok"));
    }

    #[test]
    fn a_stream_that_is_none_of_ours_fails_the_call_so_that_firehose_keeps_the_batch() {
        let request = Request {
            delivery_stream_arn: "arn:aws:firehose:x:y:deliverystream/z".into(),
            records: Vec::new(),
        };
        assert!(transform(&request, |_, _| ()).is_err());
    }
}
