//! λ settle. See [`pipetrail_lake::settle`].

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use pipetrail_collector::aws::{config, variable};
use pipetrail_lake::settle::scheduled::{Call, Settler};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let (database, bucket) = (variable("DATABASE")?, variable("LAKE_BUCKET")?);
    let settler = Settler::new(&config().await, database, &bucket, &variable("RETENTION_DAYS")?)?;
    let handle = |event: LambdaEvent<Call>| {
        let settler = &settler;
        async move {
            settler
                .settle(&event.payload, event.context.deadline())
                .await
                .map_err(Error::from)
        }
    };
    run(service_fn(handle)).await
}
