//! What comes of a schedule that calls CodePipeline by a role that may not: CloudTrail's record of the refusal.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::Relay;
use super::schedule::{SCHEDULER, text};
use crate::ids::{arn_name, uuid};
use crate::wire::Envelope;

/// What a target of Scheduler that is a call of CodePipeline begins with; the call's name follows.
const CODEPIPELINE: &str = "arn:aws:scheduler:::aws-sdk:codepipeline:";

impl Relay {
    /// Whether a trail records what is called. Where an account has none of its own, the organization's does, which moto
    /// shows to nobody.
    async fn is_recorded(&self, account: &str, region: &str) -> Result<bool> {
        let client = aws_sdk_cloudtrail::Client::new(&self.cloud.at(account, region).await?);
        let trails = client.describe_trails().send().await?.trail_list.unwrap_or_default();
        for trail in &trails {
            let status = client
                .get_trail_status()
                .set_name(trail.trail_arn.clone())
                .send()
                .await?;
            if status.is_logging == Some(true) {
                return Ok(true);
            }
        }
        Ok(trails.is_empty())
    }

    /// The records that an account and region's trail has of its schedules' calls at `time` (RFC 3339, whole seconds).
    ///
    /// # Errors
    /// When a schedule cannot be read, or its call is allowed: what it would do then is not emulated.
    pub async fn canaries(&self, account: &str, region: &str, time: &str) -> Result<Vec<Envelope>> {
        let mut records = Vec::new();
        if !self.is_recorded(account, region).await? {
            return Ok(records);
        }
        for schedule in self.schedules(account, region).await? {
            let Some(call) = schedule["Target"]["Arn"]
                .as_str()
                .and_then(|arn| arn.strip_prefix(CODEPIPELINE))
            else {
                continue;
            };
            let (name, arn) = (text(&schedule["Name"])?, text(&schedule["Target"]["RoleArn"])?);
            let source = format!("arn:aws:scheduler:{region}:{account}:schedule/default/{name}");
            let Some(role) = self.access.assume(&self.cloud, &arn, SCHEDULER, &source).await? else {
                continue;
            };
            let input: Value =
                serde_json::from_str(&text(&schedule["Target"]["Input"])?).context("a schedule's input is JSON")?;
            let pipeline = format!(
                "arn:aws:codepipeline:{region}:{account}:{}",
                text(&input["PipelineName"])?
            );
            // As the API writes it: `stopPipelineExecution` calls StopPipelineExecution.
            let call = format!("{}{}", call[..1].to_uppercase(), &call[1..]);
            if self
                .access
                .role_allows(&role, &format!("codepipeline:{call}"), &pipeline, &[])?
            {
                bail!("{arn} may call {call}, which is not emulated");
            }
            let session = format!("arn:aws:sts::{account}:assumed-role/{}/{name}", arn_name(&arn));
            let record = json!({"version": "0", "id": uuid(), "detail-type": "AWS API Call via CloudTrail",
                "source": "aws.codepipeline", "account": account, "time": time, "region": region, "resources": [],
                "detail": {
                    "eventVersion": "1.11",
                    "userIdentity": {
                        "type": "AssumedRole", "principalId": format!("AROAEXAMPLEROLEID0002:{name}"), "arn": session,
                        "accountId": account, "accessKeyId": "ASIAEXAMPLEKEYID00002",
                        "sessionContext": {
                            "sessionIssuer": {"type": "Role", "principalId": "AROAEXAMPLEROLEID0002", "arn": arn,
                                "accountId": account, "userName": arn_name(&arn)},
                            "attributes": {"creationDate": time, "mfaAuthenticated": "false"}}},
                    "eventTime": time, "eventSource": "codepipeline.amazonaws.com", "eventName": call,
                    "awsRegion": region, "sourceIPAddress": "scheduler.amazonaws.com", "userAgent": "scheduler.amazonaws.com",
                    "errorCode": "AccessDenied",
                    "errorMessage": format!("User: {session} is not authorized to perform: codepipeline:{call} on resource: {pipeline} because no identity-based policy allows the codepipeline:{call} action"),
                    "requestParameters": null, "responseElements": null,
                    "requestID": uuid(), "eventID": uuid(), "readOnly": false, "eventType": "AwsApiCall",
                    "managementEvent": true, "recipientAccountId": account, "eventCategory": "Management"}});
            records.push(Envelope::parse(record.to_string().as_bytes())?);
        }
        Ok(records)
    }
}
