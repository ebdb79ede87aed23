//! The organization seen through proxies that record its calls and break chosen ones.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;

use super::{Organization, profiles};
use crate::fault_proxy::{FaultProxy, Traffic};

/// Proxies in front of both emulators, and the AWS config that leads through them.
pub struct Proxied {
    /// Count, log and faults of both.
    pub traffic: Arc<Traffic>,
    /// An AWS config file with the organization's profiles.
    pub aws_config: PathBuf,
    // Held: they end with this.
    _proxies: [FaultProxy; 2],
}

impl Organization {
    /// Starts proxies in front of both emulators. The organization's own profiles still go past them.
    ///
    /// # Errors
    /// When no port is free or an account's role cannot be assumed.
    pub async fn proxied(&self) -> Result<Proxied> {
        let cloud = &self.relay.cloud;
        let traffic = Arc::new(Traffic::default());
        let moto = FaultProxy::share(&traffic, "moto", &cloud.moto).await?;
        let ministack = FaultProxy::share(&traffic, "ministack", &cloud.ministack).await?;
        let everyone = self.members.iter().chain([&self.unenrolled]);
        let path = self.folder.path().join("aws-config-proxied");
        let endpoints = (moto.endpoint.as_str(), ministack.endpoint.as_str());
        Ok(Proxied {
            aws_config: profiles::write(path, endpoints, cloud, everyone).await?,
            traffic,
            _proxies: [moto, ministack],
        })
    }
}
