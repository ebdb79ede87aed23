//! Which emulator plays which account, and the credentials to act there.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::sync::Arc;

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use tokio::sync::Mutex;

use crate::aws;

/// The role that a new account of an organization has for the management account.
pub const MEMBER_ROLE: &str = "OrganizationAccountAccessRole";

/// Where accounts live, and who is in the organization.
pub struct Cloud {
    /// Endpoint of moto: management account, members, strangers.
    pub moto: String,
    /// Endpoint of MiniStack: the audit account.
    pub ministack: String,
    pub management: String,
    pub audit: String,
    pub home: String,
    keys: Credentials,
    sessions: Cache<Credentials>,
    organization: Cache<Organization>,
}

/// The organization as the management account sees it.
#[derive(Clone, Debug)]
pub struct Organization {
    /// Such as `o-exampleorgid`.
    pub id: String,
    pub accounts: BTreeSet<String>,
}

impl Cloud {
    /// Nothing is read before it is asked for.
    #[must_use]
    pub fn new(moto: &str, ministack: &str, management: (&str, Credentials), audit: &str, home: &str) -> Self {
        let (management, keys) = management;
        Self {
            moto: moto.to_owned(),
            ministack: ministack.to_owned(),
            management: management.to_owned(),
            audit: audit.to_owned(),
            home: home.to_owned(),
            keys,
            sessions: Cache::default(),
            organization: Cache::default(),
        }
    }

    /// Clients' configuration for an account and Region. An account outside the organization works
    /// as well: anyone may have an AWS account.
    ///
    /// # Errors
    /// When the account's role cannot be assumed.
    pub async fn at(&self, account: &str, region: &str) -> Result<SdkConfig> {
        if account == self.audit {
            return Ok(aws::config(&self.ministack, region, aws::keys(account)));
        }
        if account == self.management {
            return Ok(aws::config(&self.moto, region, self.keys.clone()));
        }
        let session = self
            .sessions
            .get(account, || assume(&self.moto, &self.keys, account))
            .await?;
        Ok(aws::config(&self.moto, region, Credentials::clone(&session)))
    }

    /// Credentials of the audit account at moto, from where members are looked into.
    ///
    /// # Errors
    /// When STS refuses.
    pub async fn reader(&self) -> Result<Arc<Credentials>> {
        let assume = || assume(&self.moto, &self.keys, &self.audit);
        self.sessions.get("reader", assume).await
    }

    /// The organization, read once.
    ///
    /// # Errors
    /// When the management account cannot be asked.
    pub async fn organization(&self) -> Result<Arc<Organization>> {
        self.organization.get("", || self.read_organization()).await
    }

    async fn read_organization(&self) -> Result<Organization> {
        let client = aws_sdk_organizations::Client::new(&self.at(&self.management, &self.home).await?);
        let described = client.describe_organization().send().await?;
        let id = described.organization.and_then(|organization| organization.id);
        let mut accounts = BTreeSet::new();
        let mut pages = client.list_accounts().into_paginator().send();
        while let Some(page) = pages.next().await {
            accounts.extend(
                page?
                    .accounts
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|account| account.id),
            );
        }
        Ok(Organization {
            id: id.context("the organization has no id")?,
            accounts,
        })
    }

    /// Forgets what was read of the organization.
    pub async fn invalidate(&self) {
        self.organization.clear().await;
    }
}

/// Credentials for another account. moto lets everybody into every account, and an account that
/// nobody has heard of is a fresh one.
///
/// # Errors
/// When STS refuses.
pub async fn assume(moto: &str, keys: &Credentials, account: &str) -> Result<Credentials> {
    // STS wants some region, and moto's does not care which.
    let config = aws::config(moto, "us-east-1", keys.clone());
    let role = format!("arn:aws:iam::{account}:role/{MEMBER_ROLE}");
    let call = aws_sdk_sts::Client::new(&config).assume_role().role_arn(role);
    let assumed = call.role_session_name("local-org").send().await?;
    let keys = assumed.credentials.context("AssumeRole gave no credentials")?;
    Ok(Credentials::new(
        keys.access_key_id,
        keys.secret_access_key,
        Some(keys.session_token),
        None,
        "local organization",
    ))
}

/// What was read once, by key.
pub struct Cache<T>(Mutex<HashMap<String, Arc<T>>>);

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self(Mutex::new(HashMap::new()))
    }
}

impl<T> Cache<T> {
    /// The value of a key, read now if it is not there.
    ///
    /// # Errors
    /// When reading fails; nothing is kept then.
    pub async fn get<F: Future<Output = Result<T>>>(&self, key: &str, read: impl FnOnce() -> F) -> Result<Arc<T>> {
        let mut known = self.0.lock().await;
        if let Some(value) = known.get(key) {
            return Ok(Arc::clone(value));
        }
        let value = Arc::new(read().await?);
        known.insert(key.to_owned(), Arc::clone(&value));
        Ok(value)
    }

    pub async fn clear(&self) {
        self.0.lock().await.clear();
    }
}
