//! The AWS config file of the organization: one profile per role, each with its endpoint.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;

use super::Member;
use crate::relay::cloud::Cloud;

/// Writes the profiles `management`, `audit`, `reader` (the audit account where members are) and one per member, named
/// as the member, to a file of that name. `moto` and `ministack` are the endpoints that they get.
pub(super) async fn write(
    path: PathBuf,
    (moto, ministack): (&str, &str),
    cloud: &Cloud,
    members: impl Iterator<Item = &Member>,
) -> Result<PathBuf> {
    let mut text = String::new();
    let mut profiles = vec![("management", &cloud.management), ("audit", &cloud.audit)];
    profiles.extend(members.map(|member| (member.name.as_str(), &member.id)));
    profiles.push(("reader", &cloud.audit));
    for (name, account) in profiles {
        let keys = match name {
            "reader" => Credentials::clone(&*cloud.reader().await?),
            _ => {
                let config = cloud.at(account, &cloud.home).await?;
                let provider = config.credentials_provider().context("no credentials")?;
                provider.provide_credentials().await?
            }
        };
        let endpoint = if name == "audit" { ministack } else { moto };
        writeln!(
            text,
            "[profile {name}]\nregion = {}\nendpoint_url = {endpoint}",
            cloud.home
        )?;
        writeln!(
            text,
            "aws_access_key_id = {}\naws_secret_access_key = {}",
            keys.access_key_id(),
            keys.secret_access_key()
        )?;
        if let Some(token) = keys.session_token() {
            writeln!(text, "aws_session_token = {token}")?;
        }
        // A bucket is no host name on loopback.
        writeln!(text, "s3 =\n  addressing_style = path")?;
        if name == "audit" {
            writeln!(text, "services = audit")?;
        }
        text.push('\n');
    }
    // MiniStack has no Lake Formation.
    writeln!(text, "[services audit]\nlakeformation =\n  endpoint_url = {moto}")?;
    fs::write(&path, text)?;
    Ok(path)
}
