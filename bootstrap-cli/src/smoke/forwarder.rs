//! A role in the member that is called like the forwarder: the audit bus admits it by its name. An administrator of a
//! member can make one (docs/templates.md); here it shows what the bus's policy admits and refuses.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_eventbridge::error::ProvideErrorMetadata;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};
use pipetrail_names::member::forwarder;
use pipetrail_names::{AccountId, Region, partition};
use pipetrail_stacksets::from_sdk;
use serde_json::json;

use super::wait::wait_for;
use crate::failure::{Problem, Result};

/// How long IAM may take until a new role is known everywhere.
const KNOWN: Duration = Duration::from_secs(60);

/// The role's name, and its policy's.
fn name() -> String {
    forwarder("smoke")
}
const POLICY: &str = "audit-bus";

/// Makes the role, for whoever is in the account, and assumes it.
///
/// # Errors
/// A refused call.
pub(super) async fn create(member: &SdkConfig, account: &AccountId, home: &Region, bus: &str) -> Result<SdkConfig> {
    let iam = aws_sdk_iam::Client::new(member);
    let root = format!("arn:{}:iam::{account}:root", partition(home));
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "sts:AssumeRole"}]});
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "events:PutEvents", "Resource": bus}]});
    let role = name();
    let made = iam
        .create_role()
        .role_name(&role)
        .assume_role_policy_document(trust.to_string());
    let made = made
        .send()
        .await
        .map_err(from_sdk(format!("make role {role} of account {account}")));
    if let Err(error) = made
        && error.code() != Some("EntityAlreadyExists")
    {
        return Err(error.into());
    }
    let put = iam.put_role_policy().role_name(&role).policy_name(POLICY);
    let put = put.policy_document(policy.to_string()).send().await;
    put.map_err(from_sdk(format!("give role {role} its policy")))?;
    let sts = aws_sdk_sts::Client::new(member);
    let arn = format!("arn:{}:iam::{account}:role/{role}", partition(home));
    let keys = wait_for(KNOWN, async || {
        let assumed = sts
            .assume_role()
            .role_arn(&arn)
            .role_session_name("pipetrail-smoke")
            .send()
            .await;
        match assumed.map_err(from_sdk(format!("assume role {role}"))) {
            Ok(assumed) => Ok(assumed.credentials),
            Err(error) if error.code() == Some("AccessDenied") => Ok(None),
            Err(error) => Err(error.into()),
        }
    });
    let keys = keys
        .await?
        .ok_or_else(|| Problem::new(format!("role {role} cannot be assumed after a minute")))?;
    let keys = Credentials::new(
        keys.access_key_id,
        keys.secret_access_key,
        Some(keys.session_token),
        None,
        "smoke",
    );
    Ok(member
        .to_builder()
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .build())
}

/// Takes the role away, where there is one.
///
/// # Errors
/// A refused call.
pub(super) async fn remove(member: &SdkConfig) -> Result<()> {
    let (iam, role) = (aws_sdk_iam::Client::new(member), name());
    let policy = iam
        .delete_role_policy()
        .role_name(&role)
        .policy_name(POLICY)
        .send()
        .await;
    let policy = policy
        .map(|_| ())
        .map_err(from_sdk(format!("take the policy of role {role} away")));
    let gone = |answer: std::result::Result<(), pipetrail_stacksets::Error>| match answer {
        Err(error) if error.code() == Some("NoSuchEntity") => Ok(()),
        answer => answer,
    };
    gone(policy)?;
    let deleted = iam.delete_role().role_name(&role).send().await;
    gone(deleted.map(|_| ()).map_err(from_sdk(format!("delete role {role}"))))?;
    Ok(())
}

/// Puts events with these sources onto the bus; gives the code of the refusal, or of the first entry that was refused.
/// `None`: all were taken.
///
/// # Errors
/// No answer.
pub(super) async fn put(config: &SdkConfig, bus: &str, sources: &[&str]) -> Result<Option<String>> {
    let mut call = aws_sdk_eventbridge::Client::new(config).put_events();
    for source in sources {
        let entry = PutEventsRequestEntry::builder().event_bus_name(bus).source(*source);
        let entry = entry
            .detail_type("pipetrail heartbeat")
            .detail(r#"{"pipetrail":"smoke"}"#);
        call = call.entries(entry.build());
    }
    match call.send().await {
        Ok(answer) => {
            let mut codes = answer.entries().iter().filter_map(|entry| entry.error_code());
            Ok(codes.next().map(str::to_owned))
        }
        Err(error) => match error.code() {
            Some(code) => Ok(Some(code.to_owned())),
            None => Err(from_sdk(format!("put events onto {bus}"))(error).into()),
        },
    }
}
