//! The accounts: management, audit, members in three organizational units.

use anyhow::{Context, Result};
use aws_credential_types::Credentials;
use aws_sdk_organizations::Client;
use aws_sdk_organizations::types::OrganizationFeatureSet;

use crate::aws;

const ENROLLED: [&str; 2] = ["payments", "platform"];
/// The unit that is not.
const OUTSIDE: &str = "sandbox";

#[derive(Clone, Debug)]
pub struct Member {
    pub id: String,
    /// Such as `payments-1`; the name of its profile too.
    pub name: String,
}

pub(super) struct Made {
    pub(super) management: String,
    pub(super) audit: String,
    pub(super) members: Vec<Member>,
    pub(super) unenrolled: Member,
    pub(super) units: Vec<String>,
}

/// Makes an organization whose management account is the one that `keys` belong to.
pub(super) async fn create(moto: &str, home: &str, keys: &Credentials, members: usize) -> Result<Made> {
    let config = aws::config(moto, home, keys.clone());
    let identity = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await?;
    let management = identity.account.context("no account id")?;
    let client = Client::new(&config);
    client
        .create_organization()
        .feature_set(OrganizationFeatureSet::All)
        .send()
        .await?;
    let roots = client.list_roots().send().await?.roots.unwrap_or_default();
    let root = roots
        .into_iter()
        .next()
        .and_then(|root| root.id)
        .context("the organization has no root")?;

    let audit = account(&client, "audit", &root, None).await?;
    let mut units = Vec::new();
    for name in ENROLLED {
        units.push(unit(&client, &root, name).await?);
    }
    let mut made = Vec::new();
    for number in 0..members {
        let (unit, place) = (number % ENROLLED.len(), number / ENROLLED.len() + 1);
        let name = format!("{}-{place}", ENROLLED[unit]);
        let id = account(&client, &name, &root, Some(&units[unit])).await?;
        made.push(Member { id, name });
    }
    let outside = unit(&client, &root, OUTSIDE).await?;
    let name = format!("{OUTSIDE}-1");
    let id = account(&client, &name, &root, Some(&outside)).await?;
    Ok(Made {
        management,
        audit,
        members: made,
        unenrolled: Member { id, name },
        units,
    })
}

async fn unit(client: &Client, root: &str, name: &str) -> Result<String> {
    let made = client
        .create_organizational_unit()
        .parent_id(root)
        .name(name)
        .send()
        .await?;
    let id = made.organizational_unit.and_then(|unit| unit.id);
    id.context("an organizational unit without id")
}

async fn account(client: &Client, name: &str, root: &str, unit: Option<&str>) -> Result<String> {
    let email = format!("{name}@example.com");
    let made = client.create_account().account_name(name).email(email).send().await?;
    let id = made
        .create_account_status
        .and_then(|status| status.account_id)
        .context("an account without id")?;
    if let Some(unit) = unit {
        client
            .move_account()
            .account_id(&id)
            .source_parent_id(root)
            .destination_parent_id(unit)
            .send()
            .await?;
    }
    Ok(id)
}
