//! An account outside the organization that deploys the member template for itself.

use anyhow::{Context, Result};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::Capability;

use super::{HOME, Organization};

impl Organization {
    /// Deploys the enrolled members' own template in an account that nobody enrolled.
    ///
    /// # Errors
    /// When there is no stack set yet, or the deployment fails.
    pub async fn deploy_by_hand(&self, account: &str) -> Result<()> {
        let cloud = &self.relay.cloud;
        let management = Client::new(&cloud.at(&cloud.management, HOME).await?);
        let listed = management.list_stack_sets().send().await?.summaries.unwrap_or_default();
        let name = listed
            .into_iter()
            .find_map(|set| set.stack_set_name)
            .context("there is no stack set")?;
        let found = management.describe_stack_set().stack_set_name(name).send().await?;
        let set = found.stack_set.context("there is no stack set")?;
        let own = Client::new(&cloud.at(account, HOME).await?);
        let stack = own
            .create_stack()
            .stack_name("by-hand")
            .set_template_body(set.template_body);
        let stack = stack
            .set_parameters(set.parameters)
            .capabilities(Capability::CapabilityNamedIam);
        stack
            .send()
            .await
            .context("cannot deploy the member template by hand")?;
        Ok(())
    }
}
