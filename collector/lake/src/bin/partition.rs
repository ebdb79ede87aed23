//! λ partition. See [`pipetrail_lake::partition`].

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use pipetrail_collector::aws::{config, variable};
use pipetrail_collector::sqs::Batch;
use pipetrail_lake::catalog::Catalog;
use pipetrail_lake::partition::Registrar;
use tokio::sync::Mutex;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let (database, bucket) = (variable("DATABASE")?, variable("LAKE_BUCKET")?);
    let glue = aws_sdk_glue::Client::new(&config().await);
    let catalog = Catalog { glue, database, bucket };
    let registrar = Mutex::new(Registrar::new(catalog));
    let handle = |event: LambdaEvent<Batch>| {
        let registrar = &registrar;
        async move { Ok::<_, Error>(registrar.lock().await.handle(&event.payload).await) }
    };
    run(service_fn(handle)).await
}
