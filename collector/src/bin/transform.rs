//! λ transform. See [`pipetrail_collector::transform`].

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use pipetrail_collector::telemetry::{Level, counts, log};
use pipetrail_collector::transform::{Request, Response, transform};
use serde_json::{json, value::RawValue};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(handle)).await
}

async fn handle(event: LambdaEvent<Box<RawValue>>) -> Result<Response, Error> {
    let request: Request<'_> = serde_json::from_str(event.payload.get())?;
    let mut failed = 0;
    let response = transform(&request, |index, error| {
        failed += 1;
        log(
            Level::Warn,
            "record kept under the error prefix",
            &json!({"record": index, "error": error.to_string()}),
        );
    })?;
    counts(
        "transform",
        &[("Records", response.records.len()), ("FailedRecords", failed)],
    );
    Ok(response)
}
