//! `cargo local-org --bare`: accounts, organizational units and a working Scheduler, but nothing is
//! enrolled: the place to try the command line by hand.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;

use crate::emulators::prepare::Built;
use crate::organization::{Enrolment, Organization};
use crate::printer;

/// Deployed schedules fire this often: an hour is long for somebody who waits.
const EVERY: Duration = Duration::from_secs(10);

/// Runs until Ctrl-C.
///
/// # Errors
/// When an emulator does not start.
pub(crate) async fn run(built: &Built) -> Result<()> {
    let organization = Arc::new(Organization::start(built, Enrolment::default()).await?);
    let cloud = &organization.relay.cloud;
    // As AWS takes deployment targets, not as moto does.
    let targeted = organization.targeted().await?;
    // As Firehose takes records, not as MiniStack does.
    let streamed = organization.streamed(&targeted.endpoint).await?;
    let members = organization.members.iter().map(|member| member.id.as_str());
    printer::data(&format!(
        "AWS_CONFIG_FILE={}\nPIPETRAIL={}\nMANAGEMENT={}\nAUDIT={}\nUNITS={}\nMEMBERS={}\nOUTSIDE={}",
        streamed.aws_config.display(),
        organization.binary().display(),
        cloud.management,
        cloud.audit,
        organization.units.join(","),
        members.collect::<Vec<_>>().join(","),
        organization.unenrolled.id,
    ));
    printer::progress("nothing is enrolled; profiles are management, audit and the members' names; until Ctrl-C");
    loop {
        tokio::select! {
            ended = tokio::signal::ctrl_c() => return Ok(ended?),
            () = tokio::time::sleep(EVERY) => {}
        }
        // What is deployed may be taken away at this very moment.
        let stands = async {
            organization.complete_members().await?;
            heartbeats(&organization).await
        };
        if let Err(error) = stands.await {
            printer::progress(&format!("no heartbeats this time: {error:#}"));
        }
    }
}

/// Fires every schedule that is deployed now.
///
/// # Errors
/// When an emulator refuses, or something deployed cannot be evaluated: it may be taken away meanwhile.
pub async fn heartbeats(organization: &Organization) -> Result<()> {
    let relay = &organization.relay;
    relay.invalidate().await;
    let time = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let members = organization.members.iter().chain([&organization.unenrolled]);
    for account in members.map(|member| &member.id).chain([&relay.cloud.management]) {
        for region in &organization.enrolment.regions {
            let canaries = relay.canaries(account, region, &time).await?;
            for envelope in relay.scheduled(account, region, &time).await?.iter().chain(&canaries) {
                relay.emit(account, region, envelope).await?;
            }
        }
    }
    Ok(())
}
