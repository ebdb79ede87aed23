//! The organization seen through a proxy that takes records as Firehose does.
//!
//! MiniStack drops what a stream's function refuses. The proxy gives the records to the relay, which keeps those
//! under the stream's error prefix; all other calls, and records of streams that no stack describes, go on as they are.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use aws_smithy_types::base64;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response};
use serde_json::Value;
use tokio::task::AbortHandle;

use super::{HOME, Organization, profiles};
use crate::fault_proxy::{Call, forward};
use crate::loopback;

/// The proxy, and the AWS config that leads through it.
pub struct Streamed {
    /// An AWS config file with the organization's profiles.
    pub aws_config: PathBuf,
    server: AbortHandle,
}

impl Drop for Streamed {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Organization {
    /// Starts a proxy in front of MiniStack; `moto` is the endpoint of the other accounts.
    ///
    /// # Errors
    /// When no port is free or an account's role cannot be assumed.
    pub async fn streamed(self: &Arc<Self>, moto: &str) -> Result<Streamed> {
        let cloud = &self.relay.cloud;
        let upstream = cloud.ministack.trim_start_matches("http://").parse()?;
        let organization = Arc::downgrade(self);
        let (address, server) = loopback::serve(move |request: Request<Incoming>| {
            let organization = organization.clone();
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await?.to_bytes();
                let call = Call::parse("ministack", &head, &body);
                if let Some(organization) = organization.upgrade()
                    && call.operation == "PutRecord"
                    && organization.take(&body).await.is_ok()
                {
                    let taken = Response::builder().header("content-type", "application/x-amz-json-1.1");
                    return Ok(taken.body(Full::new(Bytes::from_static(b"{\"RecordId\":\"1\"}")))?);
                }
                let (head, body) = forward(upstream, head, body).await?;
                Ok(Response::from_parts(head, Full::new(body)))
            }
        })
        .await?;
        let everyone = self.members.iter().chain([&self.unenrolled]);
        let path = self.folder().join("aws-config-streamed");
        let endpoint = format!("http://{address}");
        Ok(Streamed {
            aws_config: profiles::write(path, (moto, &endpoint), cloud, everyone).await?,
            server,
        })
    }

    /// Gives a record to the relay.
    async fn take(&self, body: &[u8]) -> Result<()> {
        let put: Value = serde_json::from_slice(body)?;
        let text = |value: &Value| value.as_str().map(str::to_owned).context("PutRecord lacks a field");
        let (name, data) = (text(&put["DeliveryStreamName"])?, text(&put["Record"]["Data"])?);
        let stream = format!(
            "arn:aws:firehose:{HOME}:{}:deliverystream/{name}",
            self.relay.cloud.audit
        );
        self.relay.put_record(&stream, &base64::decode(data)?).await
    }
}
