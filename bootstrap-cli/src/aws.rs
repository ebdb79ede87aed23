//! AWS clients: the only place that builds them.

mod call;
mod calls;
pub(crate) mod captures;
mod connect;
pub(crate) mod glob;
mod http;
mod identity;
mod profiles;
mod session;

use aws_config::SdkConfig;

pub(crate) use self::captures::Captures;
pub(crate) use self::connect::ConnectError;
pub(crate) use self::http::at;
pub(crate) use self::profiles::{Profiles, account, audit, profile};
pub(crate) use self::session::Session;
use crate::context::Context;

/// For a lake in a bucket, wherever it is: the profile of `--audit-profile`, else AWS's own chain. No
/// configuration file is needed.
pub(crate) async fn lake(context: &Context) -> SdkConfig {
    profile("audit", context.audit_profile.as_ref(), context).await
}

#[cfg(test)]
mod tests;
