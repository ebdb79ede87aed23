//! What λ watch, deployed, tells the operator.

use anyhow::{Context, Result, ensure};
use aws_config::SdkConfig;
use aws_sdk_lambda::primitives::Blob;
use jiff::{SignedDuration, Timestamp};
use pipetrail_tests::organization::subscribers::peek;
use pipetrail_tests::organization::{HOME, Organization};
use pipetrail_tests::{aws, names};
use serde_json::{Value, json};

const QUEUE: &str = "told-the-operator";

/// The operator's queue, and how much of it was read.
pub(crate) struct Operator {
    config: SdkConfig,
    read: usize,
}

impl Operator {
    pub(crate) async fn subscribe(organization: &Organization) -> Result<Self> {
        let (config, audit) = (organization.audit().await?, &organization.relay.cloud.audit);
        let sqs = aws_sdk_sqs::Client::new(&config);
        sqs.create_queue().queue_name(QUEUE).send().await?;
        let topic = format!("arn:aws:sns:{HOME}:{audit}:pipetrail-operator");
        let queue = format!("arn:aws:sqs:{HOME}:{audit}:{QUEUE}");
        let subscription = aws_sdk_sns::Client::new(&config).subscribe().topic_arn(topic);
        subscription.protocol("sqs").endpoint(queue).send().await?;
        Ok(Operator { config, read: 0 })
    }

    /// Runs the deployed function, looking into all members, and gives what it tells.
    pub(crate) async fn watch(&mut self) -> Result<Vec<Value>> {
        let call = json!({"time": Timestamp::now().to_string(), "compare": true}).to_string();
        let lambda = aws_sdk_lambda::Client::new(&self.config);
        let invoke = lambda.invoke().function_name("pipetrail-watch");
        let answer = invoke.payload(Blob::new(call)).send().await?;
        let said = answer
            .payload
            .map(|bytes| String::from_utf8_lossy(bytes.as_ref()).into_owned());
        ensure!(answer.function_error.is_none(), "{said:?}");
        let mut told = Vec::new();
        for body in peek(&self.config, QUEUE).await? {
            let envelope: Value = serde_json::from_str(&body)?;
            told.push(serde_json::from_str(
                envelope["Message"].as_str().context("no message")?,
            )?);
        }
        // In no order: the new ones are the youngest.
        told.sort_by_key(|alert: &Value| alert["time"].as_str().map(str::to_owned));
        let new = told.split_off(self.read);
        self.read += new.len();
        Ok(new)
    }
}

fn lake(organization: &Organization) -> String {
    names::bucket("lake", &organization.relay.cloud.audit, HOME)
}

/// The list of members, as `apply` wrote it.
pub(crate) async fn roster(organization: &Organization) -> Result<Value> {
    let s3 = aws::s3(&organization.audit().await?);
    let found = s3.get_object().bucket(lake(organization)).key("members/roster.json");
    let bytes = found.send().await?.body.collect().await?;
    Ok(serde_json::from_slice(&bytes.into_bytes())?)
}

/// As if all members had been on the list for so long.
pub(crate) async fn listed_for(organization: &Organization, long: SignedDuration) -> Result<()> {
    let mut roster = roster(organization).await?;
    let since = Timestamp::now().checked_sub(long)?.to_string();
    let members = roster["members"].as_object_mut().context("no members")?;
    members.values_mut().for_each(|member| member["since"] = json!(since));
    let s3 = aws::s3(&organization.audit().await?);
    let put = s3.put_object().bucket(lake(organization)).key("members/roster.json");
    put.body(roster.to_string().into_bytes().into()).send().await?;
    Ok(())
}
