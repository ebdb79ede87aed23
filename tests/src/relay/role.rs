//! A role as deployed, and what it asks for.

use serde_json::Value;

use super::policy::{Principal, Request};
use crate::ids::arn_part;

/// A role with its trust policy and all its policies.
pub struct Role {
    pub(super) arn: String,
    pub(super) trust: Value,
    pub(super) policies: Vec<Value>,
}

impl Role {
    /// The request that it makes for an action on a resource, with what is known of it.
    pub(super) fn request(&self, action: &str, resource: &str) -> Request {
        let account = arn_part(&self.arn, 4);
        let known = [
            ("aws:principalarn", self.arn.as_str()),
            ("aws:principalaccount", account),
            ("aws:principalisawsservice", "false"),
            ("aws:securetransport", "true"),
            ("aws:resourceaccount", arn_part(resource, 4)),
        ];
        Request {
            principal: Principal::Role(self.arn.clone()),
            action: action.to_owned(),
            resource: resource.to_owned(),
            context: known
                .map(|(key, value)| (key.to_owned(), vec![value.to_owned()]))
                .into(),
        }
    }
}
