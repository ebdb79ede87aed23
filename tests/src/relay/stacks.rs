//! Finds the stacks that are deployed in an account and Region.
//!
//! Policies are read from there because neither emulator keeps them all: MiniStack drops a bus's
//! policy, moto knows no `AWS::SQS::QueuePolicy`, and moto's stack instances show no stack in the
//! member, only a template in the stack set.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{Parameter, StackSetStatus};

use super::cloud::{Cache, Cloud};
use super::template::Stack;

/// Deployed stacks, read once per account and Region.
#[derive(Default)]
pub struct Stacks {
    own: Cache<Vec<Stack>>,
    instances: Cache<Vec<Stack>>,
}

impl Stacks {
    /// All stacks of an account and Region, stack instances included.
    ///
    /// # Errors
    /// When a stack cannot be read.
    pub async fn of(&self, cloud: &Cloud, account: &str, region: &str) -> Result<Vec<Stack>> {
        let own = self
            .own
            .get(&format!("{account} {region}"), || own(cloud, account, region))
            .await?;
        let instances: Arc<Vec<Stack>> = self.instances.get("", || instances(cloud)).await?;
        let there = |stack: &&Stack| stack.account == account && stack.region == region;
        Ok(own.iter().chain(instances.iter().filter(there)).cloned().collect())
    }

    pub async fn invalidate(&self) {
        self.own.clear().await;
        self.instances.clear().await;
    }
}

async fn own(cloud: &Cloud, account: &str, region: &str) -> Result<Vec<Stack>> {
    let client = Client::new(&cloud.at(account, region).await?);
    let mut pages = client.describe_stacks().into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(stack) = pages.next().await {
        let stack = stack?;
        if stack
            .stack_status
            .as_ref()
            .is_some_and(|status| status.as_str() == "DELETE_COMPLETE")
        {
            continue;
        }
        let name = stack.stack_name.context("a stack without a name")?;
        let template = client.get_template().stack_name(&name).send().await?;
        let body = template
            .template_body
            .with_context(|| format!("the stack {name} has no template"))?;
        let parameters = given(stack.parameters.unwrap_or_default());
        let stack = Stack::new(account, region, &body, parameters);
        found.push(stack.with_context(|| format!("in the stack {name}"))?);
    }
    Ok(found)
}

async fn instances(cloud: &Cloud) -> Result<Vec<Stack>> {
    let client = Client::new(&cloud.at(&cloud.management, &cloud.home).await?);
    let mut found = Vec::new();
    let mut sets = client
        .list_stack_sets()
        .status(StackSetStatus::Active)
        .into_paginator()
        .items()
        .send();
    while let Some(set) = sets.next().await {
        let name = set?.stack_set_name.context("a stack set without a name")?;
        let described = client.describe_stack_set().stack_set_name(&name).send().await?;
        let set = described.stack_set.context("no stack set")?;
        let body = set
            .template_body
            .with_context(|| format!("the stack set {name} has no template"))?;
        let shared = given(set.parameters.unwrap_or_default());
        let mut pages = client
            .list_stack_instances()
            .stack_set_name(&name)
            .into_paginator()
            .items()
            .send();
        while let Some(instance) = pages.next().await {
            let instance = instance?;
            let (Some(account), Some(region)) = (instance.account, instance.region) else {
                continue;
            };
            let mut parameters = shared.clone();
            let detail = client
                .describe_stack_instance()
                .stack_set_name(&name)
                .stack_instance_account(&account);
            let detail = detail.stack_instance_region(&region).send().await?.stack_instance;
            let overrides = detail.and_then(|detail| detail.parameter_overrides);
            parameters.extend(given(overrides.unwrap_or_default()));
            found.push(Stack::new(&account, &region, &body, parameters)?);
        }
    }
    Ok(found)
}

fn given(parameters: Vec<Parameter>) -> BTreeMap<String, String> {
    let pairs = parameters
        .into_iter()
        .filter_map(|p| Some((p.parameter_key?, p.parameter_value?)));
    pairs.collect()
}
