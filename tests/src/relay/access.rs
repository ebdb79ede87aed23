//! Whether a rule may do what its target asks for: roles, permissions and resource policies, as
//! they are deployed.

use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::Value;

use super::cloud::{Cache, Cloud};
use super::deployed;
use super::policy::{Answer, Principal, Request, evaluate};
use super::role::Role;
use super::stacks::Stacks;
use crate::ids::{arn_name, arn_part};
use crate::wire::Envelope;

const EVENTS: &str = "events.amazonaws.com";

/// Reads roles and policies, once each.
#[derive(Default)]
pub struct Access {
    roles: Cache<Option<Arc<Role>>>,
    resources: Cache<Option<Vec<Value>>>,
    pub stacks: Stacks,
}

impl Access {
    /// The role, if `service` may assume it for `source` (the ARN of a rule or schedule).
    ///
    /// # Errors
    /// When the trust policy holds what cannot be evaluated.
    pub async fn assume(&self, cloud: &Cloud, role: &str, service: &str, source: &str) -> Result<Option<Arc<Role>>> {
        // A rule can be given roles of its own account only.
        if arn_part(role, 4) != arn_part(source, 4) {
            return Ok(None);
        }
        let found = self.roles.get(role, || deployed::role(cloud, role)).await?;
        let Some(known) = found.as_ref() else {
            return Ok(None);
        };
        let request = for_service(service, "sts:AssumeRole", role, source);
        let answer = evaluate(&known.trust, &request).with_context(|| format!("trust of {role}"))?;
        Ok((answer == Answer::Allowed).then(|| Arc::clone(known)))
    }

    /// Whether a role may put this event on a bus: its own policies, and the bus's policy where the
    /// bus is another account's.
    ///
    /// # Errors
    /// When a policy holds what cannot be evaluated.
    pub async fn may_put_events(&self, cloud: &Cloud, role: &Role, bus: &str, envelope: &Envelope) -> Result<bool> {
        let account = arn_part(&role.arn, 4).to_owned();
        let organization = cloud.organization().await?;
        let mut request = role.request("events:PutEvents", bus);
        let of_organization = organization
            .accounts
            .contains(&account)
            .then(|| organization.id.clone());
        let mut know = |key: &str, values: Vec<String>| request.context.insert(key.to_owned(), values);
        know("aws:principalorgid", of_organization.into_iter().collect());
        know("events:source", envelope.text("source").into_iter().collect());
        know("events:detail-type", envelope.text("detail-type").into_iter().collect());
        know("events:eventbusinvocation", vec!["true".to_owned()]);
        let own = all(&role.policies, &request)?;
        let policies = self.bus_policies(cloud, bus).await?;
        let bus_says = all(policies.as_ref().as_deref().unwrap_or_default(), &request);
        let bus_says = bus_says.with_context(|| format!("policy of {bus}"))?;
        if own == Answer::Denied || bus_says == Answer::Denied {
            return Ok(false);
        }
        let allowed = (own == Answer::Allowed, bus_says == Answer::Allowed);
        Ok(if account == arn_part(bus, 4) {
            allowed.0 || allowed.1
        } else {
            allowed.0 && allowed.1
        })
    }

    /// Whether a role's own policies allow an action.
    ///
    /// # Errors
    /// When a policy holds what cannot be evaluated.
    pub fn role_allows(&self, role: &Role, action: &str, resource: &str, more: &[(&str, &str)]) -> Result<bool> {
        let mut request = role.request(action, resource);
        request.context.extend(
            more.iter()
                .map(|(key, value)| ((*key).to_owned(), vec![(*value).to_owned()])),
        );
        Ok(all(&role.policies, &request)? == Answer::Allowed)
    }

    /// Whether a queue takes a message from EventBridge on behalf of a rule; none: no such queue.
    ///
    /// # Errors
    /// When the policy holds what cannot be evaluated.
    pub async fn queue_allows(&self, cloud: &Cloud, queue: &str, rule: &str) -> Result<Option<bool>> {
        let policies = self.resources.get(queue, || self.queue_policies(cloud, queue)).await?;
        let request = for_service(EVENTS, "sqs:SendMessage", queue, rule);
        let Some(policies) = policies.as_ref() else {
            return Ok(None);
        };
        let answer = all(policies, &request).with_context(|| format!("policy of {queue}"))?;
        Ok(Some(answer == Answer::Allowed))
    }

    /// Whether a function may be invoked by EventBridge on behalf of a rule; none: no policy.
    ///
    /// # Errors
    /// When the policy holds what cannot be evaluated.
    pub async fn function_allows(&self, cloud: &Cloud, function: &str, rule: &str) -> Result<bool> {
        let policies = self
            .resources
            .get(function, || deployed::function(cloud, function))
            .await?;
        let request = for_service(EVENTS, "lambda:InvokeFunction", function, rule);
        let policies = policies.as_ref().as_deref().unwrap_or_default();
        Ok(all(policies, &request)? == Answer::Allowed)
    }

    /// Whether the bus exists.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub async fn bus_exists(&self, cloud: &Cloud, bus: &str) -> Result<bool> {
        Ok(self.bus_policies(cloud, bus).await?.is_some())
    }

    async fn bus_policies(&self, cloud: &Cloud, bus: &str) -> Result<Arc<Option<Vec<Value>>>> {
        self.resources.get(bus, || self.read_bus_policies(cloud, bus)).await
    }

    async fn read_bus_policies(&self, cloud: &Cloud, bus: &str) -> Result<Option<Vec<Value>>> {
        let (account, region, name) = (arn_part(bus, 4), arn_part(bus, 3), arn_name(bus));
        let client = aws_sdk_eventbridge::Client::new(&cloud.at(account, region).await?);
        let described = match client.describe_event_bus().name(name).send().await {
            Ok(described) => described,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(aws_sdk_eventbridge::operation::describe_event_bus::DescribeEventBusError::is_resource_not_found_exception) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let mut policies = deployed::parse(described.policy.as_deref())?;
        if policies.is_empty() {
            for stack in self.stacks.of(cloud, account, region).await? {
                for resource in stack.resources("AWS::Events::EventBus")? {
                    if resource["Name"] == name && !resource["Policy"].is_null() {
                        policies.push(resource["Policy"].clone());
                    }
                }
                for resource in stack.resources("AWS::Events::EventBusPolicy")? {
                    if resource["EventBusName"] == name {
                        let statement = resource.get("Statement").context("a bus policy without Statement")?;
                        policies.push(serde_json::json!({"Statement": statement}));
                    }
                }
            }
        }
        Ok(Some(policies))
    }

    async fn queue_policies(&self, cloud: &Cloud, queue: &str) -> Result<Option<Vec<Value>>> {
        use aws_sdk_sqs::types::QueueAttributeName::Policy;
        let (account, region, name) = (arn_part(queue, 4), arn_part(queue, 3), arn_name(queue));
        let client = aws_sdk_sqs::Client::new(&cloud.at(account, region).await?);
        let url = match client.get_queue_url().queue_name(name).send().await {
            Ok(found) => found.queue_url.context("a queue without URL")?,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(aws_sdk_sqs::operation::get_queue_url::GetQueueUrlError::is_queue_does_not_exist) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let found = client
            .get_queue_attributes()
            .queue_url(url)
            .attribute_names(Policy)
            .send()
            .await?;
        let stated = found.attributes.and_then(|attributes| attributes.get(&Policy).cloned());
        let mut policies = deployed::parse(stated.as_deref())?;
        if policies.is_empty() {
            for stack in self.stacks.of(cloud, account, region).await? {
                for resource in stack.resources("AWS::SQS::QueuePolicy")? {
                    let queues = resource["Queues"].as_array().cloned().unwrap_or_default();
                    if queues.iter().any(|q| q.as_str().is_some_and(|q| arn_name(q) == name)) {
                        policies.push(resource["PolicyDocument"].clone());
                    }
                }
            }
        }
        Ok(Some(policies))
    }

    pub async fn invalidate(&self) {
        self.roles.clear().await;
        self.resources.clear().await;
        self.stacks.invalidate().await;
    }
}

/// A request that a service makes by itself on behalf of `source`.
fn for_service(service: &str, action: &str, resource: &str, source: &str) -> Request {
    let known = [
        ("aws:sourcearn", source),
        ("aws:sourceaccount", arn_part(source, 4)),
        ("aws:principalisawsservice", "true"),
        ("aws:securetransport", "true"),
    ];
    Request {
        principal: Principal::Service(service.to_owned()),
        action: action.to_owned(),
        resource: resource.to_owned(),
        context: known
            .map(|(key, value)| (key.to_owned(), vec![value.to_owned()]))
            .into(),
    }
}

/// Several policies of one principal or resource: a denial in any of them wins.
fn all(policies: &[Value], request: &Request) -> Result<Answer> {
    let mut answer = Answer::Silent;
    for policy in policies {
        answer = answer.max(evaluate(policy, request)?);
    }
    Ok(answer)
}
