//! λ partition. See [`pipetrail_collector::partition`].

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use pipetrail_collector::aws::{config, variable};
use pipetrail_collector::partition::Registrar;
use pipetrail_collector::sqs::Batch;
use tokio::sync::Mutex;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let (database, lake_bucket) = (variable("DATABASE")?, variable("LAKE_BUCKET")?);
    let glue = aws_sdk_glue::Client::new(&config().await);
    let registrar = Mutex::new(Registrar::new(glue, database, lake_bucket));
    let handle = |event: LambdaEvent<Batch>| {
        let registrar = &registrar;
        async move { Ok::<_, Error>(registrar.lock().await.handle(&event.payload).await) }
    };
    run(service_fn(handle)).await
}
