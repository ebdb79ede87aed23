//! λ approval. See [`pipetrail_collector::approval`].

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use pipetrail_collector::alert::Topics;
use pipetrail_collector::approval::Approval;
use pipetrail_collector::aws::{config, s3, variable};
use pipetrail_collector::sqs::Batch;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let evidence_bucket = variable("EVIDENCE_BUCKET")?;
    let lake_bucket = variable("LAKE_BUCKET")?;
    let topics = Topics::parse(variable("ALERT_TOPIC_ARN")?, &variable("ACCOUNT_TOPICS")?)?;
    let config = config().await;
    let approval = Approval {
        s3: s3(&config),
        sns: aws_sdk_sns::Client::new(&config),
        evidence_bucket,
        lake_bucket,
        topics,
    };
    let handle = |event: LambdaEvent<Batch>| {
        let approval = &approval;
        async move { Ok::<_, Error>(approval.handle(&event.payload).await) }
    };
    run(service_fn(handle)).await
}
