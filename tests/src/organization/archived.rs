//! The organization with an archive, seen through a proxy that gives MiniStack's replays their events.
//!
//! MiniStack makes no archive of CloudFormation and archives nothing that the relay forwards. So the archive
//! of the deployed template is made through its API, the relay keeps the events, and the proxy has the
//! relay carry out each replay that MiniStack accepts.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use aws_sdk_cloudformation::types::TemplateStage;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response};
use jiff::Timestamp;
use serde_json::Value;
use tokio::task::AbortHandle;

use super::{HOME, Organization, profiles};
use crate::fault_proxy::{Call, FaultProxy, Traffic, forward};
use crate::loopback;
use crate::relay::archive::{Archive, Asked, Replay};
use crate::relay::template::Stack;

/// For how many days the archive would keep what reaches the bus.
const DAYS: &str = "7";

/// The proxies, and the AWS config that leads through them.
pub struct Archived {
    /// Count, log and faults of the calls.
    pub traffic: Arc<Traffic>,
    /// An AWS config file with the organization's profiles.
    pub aws_config: PathBuf,
    pub archive: Arc<Archive>,
    server: AbortHandle,
    // Held: they end with this.
    _proxies: [FaultProxy; 2],
}

impl Drop for Archived {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Organization {
    /// Makes the archive that the deployed data stack describes and starts the proxies. An event is in the
    /// archive after `delay`. The organization's own profiles still go past them.
    ///
    /// # Errors
    /// When there is no data stack, an emulator refuses or no port is free.
    pub async fn archived(self: &Arc<Self>, delay: Duration) -> Result<Archived> {
        let archive = Arc::new(Archive::new(&self.described_archive().await?, delay)?);
        let events = aws_sdk_eventbridge::Client::new(&self.audit().await?);
        let made = events.create_archive().archive_name(&archive.name);
        let made = made.event_source_arn(&archive.bus).event_pattern(&archive.pattern);
        made.retention_days(i32::try_from(archive.retention_days)?)
            .send()
            .await?;
        self.relay.archive(Arc::clone(&archive));

        let cloud = &self.relay.cloud;
        let upstream = cloud.ministack.trim_start_matches("http://").parse()?;
        let (organization, kept) = (Arc::clone(self), Arc::clone(&archive));
        let (address, server) = loopback::serve(move |request: Request<Incoming>| {
            let (organization, archive) = (Arc::clone(&organization), Arc::clone(&kept));
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await?.to_bytes();
                let call = Call::parse("ministack", &head, &body);
                let _between = match call.operation.as_str() {
                    "DisableRule" => Some(organization.relay.between_events().await),
                    _ => None,
                };
                let (head, answer) = forward(upstream, head, body.clone()).await?;
                let answer = match call.operation.as_str() {
                    "DeleteStack" if head.status.is_success() => {
                        organization.relay.streams_are_deleted();
                        answer
                    }
                    "StartReplay" if head.status.is_success() => {
                        let asked = asked(&body)?;
                        archive.begins(&asked.name);
                        let organization = Arc::clone(&organization);
                        tokio::spawn(async move { organization.relay.replay(&archive, &asked).await });
                        answer
                    }
                    "DescribeReplay" => described(&archive, answer)?,
                    _ => answer,
                };
                let mut response = Response::from_parts(head, Full::new(answer));
                response.headers_mut().remove(hyper::header::CONTENT_LENGTH);
                Ok(response)
            }
        })
        .await?;
        let traffic = Arc::new(Traffic::default());
        let moto = FaultProxy::share(&traffic, "moto", &cloud.moto).await?;
        let ministack = FaultProxy::share(&traffic, "ministack", &format!("http://{address}")).await?;
        let everyone = self.members.iter().chain([&self.unenrolled]);
        let path = self.folder().join("aws-config-archived");
        let endpoints = (moto.endpoint.as_str(), ministack.endpoint.as_str());
        Ok(Archived {
            aws_config: profiles::write(path, endpoints, cloud, everyone).await?,
            traffic,
            archive,
            server,
            _proxies: [moto, ministack],
        })
    }

    /// The archive in the template of the data stack, as it would be with one.
    async fn described_archive(&self) -> Result<Value> {
        let client = aws_sdk_cloudformation::Client::new(&self.audit().await?);
        let stack = "pipetrail-data";
        let template = client.get_template().stack_name(stack);
        let template = template.template_stage(TemplateStage::Original).send().await?;
        let body = template.template_body.context("no template")?;
        let given = client.describe_stacks().stack_name(stack).send().await?;
        let given = given.stacks().first().context("no stack")?.parameters().iter();
        let given = given.filter_map(|it| Some((it.parameter_key()?.to_owned(), it.parameter_value()?.to_owned())));
        let mut given: BTreeMap<String, String> = given.collect();
        given.insert("ArchiveDays".to_owned(), DAYS.to_owned());
        let stack = Stack::new(&self.relay.cloud.audit, HOME, &body, given)?;
        let mut archives = stack.resources("AWS::Events::Archive")?;
        archives.pop().context("the data stack has no archive")
    }
}

fn asked(body: &Bytes) -> Result<Asked> {
    let body: Value = serde_json::from_slice(body)?;
    let time = |key: &str| {
        let seconds = body[key]
            .as_f64()
            .with_context(|| format!("StartReplay without {key}"))?;
        anyhow::Ok(Timestamp::from_second(format!("{seconds:.0}").parse()?)?)
    };
    let rules = body["Destination"]["FilterArns"].as_array();
    let rules = rules.context("a replay to all rules of the bus, those of others included")?;
    let rules = rules.iter().filter_map(|rule| rule.as_str().map(str::to_owned));
    Ok(Asked {
        name: body["ReplayName"]
            .as_str()
            .context("a replay without a name")?
            .to_owned(),
        from: time("EventStartTime")?,
        until: time("EventEndTime")?,
        rules: rules.collect(),
    })
}

/// MiniStack's own replay is done at once, since its archive is empty.
fn described(archive: &Archive, answer: Bytes) -> Result<Bytes> {
    let mut text: Value = serde_json::from_slice(&answer)?;
    let name = text["ReplayName"].as_str().unwrap_or_default();
    match archive.replay(name) {
        None => return Ok(answer),
        Some(Replay::Running) => text["State"] = "RUNNING".into(),
        Some(Replay::Failed(why)) => {
            text["State"] = "FAILED".into();
            text["StateReason"] = why.into();
        }
    }
    Ok(text.to_string().into())
}
