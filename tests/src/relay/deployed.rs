//! Reads roles and resource policies as the emulators have them.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::cloud::Cloud;
use super::role::Role;
use crate::ids::{arn_name, arn_part};

/// A role with its trust policy and all its policies; none: no such role.
pub(super) async fn role(cloud: &Cloud, arn: &str) -> Result<Option<Arc<Role>>> {
    let name = arn_name(arn);
    let client = aws_sdk_iam::Client::new(&cloud.at(arn_part(arn, 4), &cloud.home).await?);
    let role = match client.get_role().role_name(name).send().await {
        Ok(found) => found.role.context("no role in the answer")?,
        Err(error)
            if error
                .as_service_error()
                .is_some_and(aws_sdk_iam::operation::get_role::GetRoleError::is_no_such_entity_exception) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    ensure!(
        role.permissions_boundary.is_none(),
        "cannot evaluate the permissions boundary of {arn}"
    );
    let trust = document(
        &role
            .assume_role_policy_document
            .context("a role without trust policy")?,
    )?;
    let mut policies = Vec::new();
    for policy in client.list_role_policies().role_name(name).send().await?.policy_names {
        let found = client
            .get_role_policy()
            .role_name(name)
            .policy_name(policy)
            .send()
            .await?;
        policies.push(document(&found.policy_document)?);
    }
    let attached = client.list_attached_role_policies().role_name(name).send().await?;
    for policy in attached.attached_policies.unwrap_or_default() {
        let arn = policy.policy_arn.context("a policy without ARN")?;
        let found = client.get_policy().policy_arn(&arn).send().await?;
        let version = found
            .policy
            .and_then(|policy| policy.default_version_id)
            .context("no version")?;
        let found = client
            .get_policy_version()
            .policy_arn(&arn)
            .version_id(version)
            .send()
            .await?;
        let stated = found.policy_version.and_then(|version| version.document);
        policies.push(document(&stated.context("a policy without document")?)?);
    }
    Ok(Some(Arc::new(Role {
        arn: arn.to_owned(),
        trust,
        policies,
    })))
}

pub(super) async fn function(cloud: &Cloud, function: &str) -> Result<Option<Vec<Value>>> {
    let config = cloud.at(arn_part(function, 4), arn_part(function, 3)).await?;
    let client = aws_sdk_lambda::Client::new(&config);
    match client.get_policy().function_name(function).send().await {
        Ok(found) => Ok(Some(parse(found.policy.as_deref())?)),
        Err(error)
            if error.as_service_error().is_some_and(
                aws_sdk_lambda::operation::get_policy::GetPolicyError::is_resource_not_found_exception,
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// A policy that a service hands out, if it hands out one.
pub(super) fn parse(policy: Option<&str>) -> Result<Vec<Value>> {
    match policy {
        None | Some("") => Ok(vec![]),
        Some(text) => Ok(vec![document(text)?]),
    }
}

/// IAM hands out documents URL-encoded (RFC 3986), other services do not, and moto prints the inline
/// policy of a role made by CloudFormation as Python does: `{'Version': '2012-10-17', …}`, which is
/// YAML.
fn document(text: &str) -> Result<Value> {
    if let Ok(plain) = serde_json::from_str(text) {
        return Ok(plain);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    let decoded = String::from_utf8(bytes).context("a policy that is not UTF-8")?;
    if decoded.starts_with("{'") {
        return serde_saphyr::from_str(&decoded).with_context(|| format!("cannot read the policy {decoded}"));
    }
    serde_json::from_str(&decoded).with_context(|| format!("a policy that is not JSON: {decoded}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_is_read_in_every_form_the_emulators_use() {
        let wanted = json!({"Statement": [{"Effect": "Allow", "Resource": "*"}]});
        for form in [
            "{\"Statement\": [{\"Effect\": \"Allow\", \"Resource\": \"*\"}]}",
            "%7B%22Statement%22%3A%20%5B%7B%22Effect%22%3A%22Allow%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D",
            "%7B%27Statement%27%3A%20%5B%7B%27Effect%27%3A%20%27Allow%27%2C%20%27Resource%27%3A%20%27%2A%27%7D%5D%7D",
        ] {
            assert_eq!(document(form).unwrap(), wanted);
        }
        assert!(document("no policy").is_err());
    }
}
