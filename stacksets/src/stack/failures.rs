//! Why the last change of a stack failed.

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{EventFilter, ValidationStatus};

use super::convert::text_of;
use crate::error::{Error, from_sdk};

/// The reasons of the failed resources, the first one first; without any, the stack's own.
///
/// Where CloudFormation refused before it began (a name that is taken, a property that is wrong), the
/// stack's events only point at DescribeEvents, so that is asked.
pub(super) async fn read(client: &Client, name: &str, id: &str) -> Result<Vec<String>, Error> {
    let (mut resources, mut own) = (Vec::new(), Vec::new());
    let list = client.describe_stack_events().stack_name(id).into_paginator();
    let mut events = list.stop_on_duplicate_token(false).items().send();
    // Newest first, back to the event that began the change.
    while let Some(event) = events.next().await {
        let event = event.map_err(from_sdk(format!("read the events of stack {name}")))?;
        let reason = event.resource_status_reason().unwrap_or_default();
        let resource = event.logical_resource_id().unwrap_or_default();
        if resource == name && reason.eq_ignore_ascii_case("user initiated") {
            break;
        }
        // Siblings of the failed resource are cancelled and say nothing.
        let failed = text_of(event.resource_status()).ends_with("_FAILED");
        if !failed || reason.is_empty() || reason.contains("cancelled") {
            continue;
        }
        if resource == name {
            own.push(reason.to_owned());
        } else {
            resources.push(format!("{resource}: {reason}"));
        }
    }
    if resources.is_empty() && own.iter().any(|reason| reason.contains("DescribeEvents")) {
        resources = validations(client, name, id).await?;
    }
    let mut reasons = if resources.is_empty() { own } else { resources };
    reasons.reverse();
    Ok(reasons)
}

/// What the validation before the last operation found.
async fn validations(client: &Client, name: &str, id: &str) -> Result<Vec<String>, Error> {
    let mut reasons = Vec::new();
    let mut last = None;
    let list = client.describe_events().stack_name(id);
    let list = list.filters(EventFilter::builder().failed_events(true).build());
    let list = list.into_paginator().stop_on_duplicate_token(false);
    let mut events = list.items().send();
    while let Some(event) = events.next().await {
        let event = event.map_err(from_sdk(format!("read the validation of stack {name}")))?;
        let operation = event.operation_id().map(str::to_owned);
        if *last.get_or_insert_with(|| operation.clone()) != operation {
            break;
        }
        if event.validation_status() == Some(&ValidationStatus::Failed) {
            let resource = event.logical_resource_id().unwrap_or(name);
            let reason = event.validation_status_reason().unwrap_or("no reason given");
            reasons.push(format!("{resource}: {reason}"));
        }
    }
    Ok(reasons)
}
