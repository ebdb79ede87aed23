//! λ watch. See [`pipetrail_watch`].

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use pipetrail_collector::aws::{config, variable};
use pipetrail_watch::run::{Call, Watch};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let (bucket, topic) = (variable("LAKE_BUCKET")?, variable("OPERATOR_TOPIC_ARN")?);
    let watch = Watch::new(&config().await, bucket, topic);
    let handle = |event: LambdaEvent<Call>| {
        let watch = &watch;
        async move {
            watch
                .run(&event.payload, event.context.deadline())
                .await
                .map_err(Error::from)
        }
    };
    run(service_fn(handle)).await
}
