//! A delivery stream without the function: what is put into it reaches Firehose's conversion as it is. The settings are
//! those of the stream `pipetrail-other-events`.

use std::time::Duration;

use aws_sdk_firehose::primitives::Blob;
use aws_sdk_firehose::types::{
    BufferingHints, DataFormatConversionConfiguration, DeliveryStreamType, Deserializer,
    ExtendedS3DestinationConfiguration, InputFormatConfiguration, OpenXJsonSerDe, OutputFormatConfiguration,
    ParquetSerDe, Record, SchemaConfiguration, Serializer,
};
use pipetrail_collector::Table;
use pipetrail_names::audit::{Bucket, DATABASE};
use pipetrail_names::partition;
use pipetrail_stacksets::from_sdk;

use super::super::ground::Ground;
use super::super::sample::SMOKE;
use super::super::wait::wait_for;
use super::stacks::state;
use crate::failure::{Problem, Result};

/// How long a stream may be CREATING or DELETING.
const AT_MOST: Duration = Duration::from_secs(180);

/// Makes the stream and puts the record into it.
///
/// # Errors
/// A refused call, or a stream that does not become ACTIVE.
pub(super) async fn put(ground: &Ground, record: &str) -> Result<()> {
    let client = aws_sdk_firehose::Client::new(ground.audit());
    let wrong = |error| Problem::new(format!("cannot describe stream {SMOKE}: {error}"));
    let destination = destination(ground).map_err(wrong)?;
    let made = client.create_delivery_stream().delivery_stream_name(SMOKE);
    let made = made.delivery_stream_type(DeliveryStreamType::DirectPut);
    let made = made.extended_s3_destination_configuration(destination).send().await;
    made.map_err(from_sdk(format!("create stream {SMOKE}")))?;
    let mut last = String::new();
    wait_for(AT_MOST, async || {
        last = state(ground, SMOKE).await?;
        Ok((last != "CREATING").then_some(()))
    })
    .await?;
    if last != "ACTIVE" {
        return Err(Problem::new(format!("stream {SMOKE} is {last}, not ACTIVE")).into());
    }
    put_record(ground, SMOKE, record).await
}

fn destination(
    ground: &Ground,
) -> std::result::Result<ExtendedS3DestinationConfiguration, aws_smithy_types::error::operation::BuildError> {
    let (account, home, table) = (ground.account(), ground.home(), Table::OtherEvents);
    let partition = partition(home);
    let role = format!("arn:{partition}:iam::{account}:role/pipetrail-streams-{home}");
    let schema = SchemaConfiguration::builder()
        .role_arn(&role)
        .catalog_id(account.as_str());
    let schema = schema.database_name(DATABASE).table_name(format!("landing_{table}"));
    let schema = schema.region(home.as_str()).version_id("LATEST").build();
    let openx = OpenXJsonSerDe::builder().case_insensitive(true).build();
    let conversion = DataFormatConversionConfiguration::builder()
        .enabled(true)
        .schema_configuration(schema)
        .input_format_configuration(
            InputFormatConfiguration::builder()
                .deserializer(Deserializer::builder().open_x_json_ser_de(openx).build())
                .build(),
        )
        .output_format_configuration(
            OutputFormatConfiguration::builder()
                .serializer(
                    Serializer::builder()
                        .parquet_ser_de(ParquetSerDe::builder().build())
                        .build(),
                )
                .build(),
        );
    ExtendedS3DestinationConfiguration::builder()
        .role_arn(&role)
        .bucket_arn(format!("arn:{partition}:s3:::{}", ground.bucket(Bucket::Lake)))
        .prefix(format!("landing/{table}/!{{timestamp:yyyy-MM-dd}}-"))
        .error_output_prefix(format!("errors/{table}/!{{firehose:error-output-type}}/"))
        .buffering_hints(
            BufferingHints::builder()
                .size_in_mbs(64)
                .interval_in_seconds(60)
                .build(),
        )
        .data_format_conversion_configuration(conversion.build())
        .build()
}

/// Takes the stream away, where there is one, and waits until it is gone: it writes into the lake.
///
/// # Errors
/// A refused call.
pub(in super::super) async fn remove(ground: &Ground) -> Result<()> {
    let client = aws_sdk_firehose::Client::new(ground.audit());
    let gone = |code: Option<&str>| code == Some("ResourceNotFoundException");
    let deleted = client.delete_delivery_stream().delivery_stream_name(SMOKE).send().await;
    match deleted.map_err(from_sdk(format!("delete stream {SMOKE}"))) {
        Err(error) if gone(error.code()) => return Ok(()),
        deleted => deleted?,
    };
    wait_for(AT_MOST, async || {
        let described = client
            .describe_delivery_stream()
            .delivery_stream_name(SMOKE)
            .send()
            .await;
        let described = described.map_err(from_sdk(format!("describe stream {SMOKE}")));
        Ok(described.is_err_and(|error| gone(error.code())).then_some(()))
    })
    .await?;
    Ok(())
}

/// Puts a record into a stream.
///
/// # Errors
/// A refused call.
pub(super) async fn put_record(ground: &Ground, stream: &str, record: &str) -> Result<()> {
    let wrong = |error| Problem::new(format!("cannot put into stream {stream}: {error}"));
    let record = Record::builder().data(Blob::new(record)).build().map_err(wrong)?;
    let client = aws_sdk_firehose::Client::new(ground.audit());
    let put = client
        .put_record()
        .delivery_stream_name(stream)
        .record(record)
        .send()
        .await;
    put.map_err(from_sdk(format!("put a record into stream {stream}")))?;
    Ok(())
}
