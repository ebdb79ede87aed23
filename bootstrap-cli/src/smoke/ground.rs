//! What all steps share: who is tried, with which settings, by which clients, and what is put in.

use std::time::Duration;

use aws_config::SdkConfig;
use jiff::Timestamp;
use pipetrail_lake::engine::{Athena, Engine};
use pipetrail_names::audit::{Bucket, bus_arn};
use pipetrail_names::{AccountId, Region, partition};
use pipetrail_stacksets::destroy::Names;
use pipetrail_stacksets::{Clients, Desired, ManagementAccount, Organization, ParameterValue, Scope, Zip};

use super::judge::Place;
use super::sample::{SMOKE, Sample};
use crate::aws::{self, Session};
use crate::config::{Config, Number, RetentionMode};
use crate::deploy::{deployer, desired};
use crate::failure::Result;
use crate::lake::STOPPED_ONLY;

/// The member that step 5 deploys into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub account: AccountId,
    /// The role that is assumed there.
    pub role: String,
}

/// What all steps share.
pub(crate) struct Ground {
    /// The configuration, with the settings of a run.
    pub config: Config,
    pub session: Session,
    pub organization: Organization,
    pub clients: Clients,
    pub scope: Scope,
    pub member: Option<Member>,
    /// The caller in the audit account, as policies name it.
    writer: String,
    /// How long is waited for what must arrive.
    pub limit: Duration,
    pub(super) place: Place,
    pub(super) sample: Sample,
}

impl Ground {
    /// Connects, and reads the organization. `limit` is how long is waited for what must arrive.
    ///
    /// # Errors
    /// No way into an account, or the organization cannot be read.
    pub(crate) async fn of(
        mut config: Config,
        session: Session,
        member: Option<Member>,
        limit: Duration,
    ) -> Result<Self> {
        // The configured OUs are not enrolled here, and need not exist.
        let (organization, caller) = Organization::read(&session.organizations(), session.caller()?, &[]).await?;
        let writer = deployer::principal(session.audit(), &config.audit.account).await?;
        settings(&mut config);
        let sample = Sample::new(Timestamp::now(), &config.audit.region)?;
        let place = Place::of(session.audit().endpoint_url());
        Ok(Ground {
            scope: desired::scope(&config),
            clients: session.clients(caller),
            config,
            session,
            organization,
            member,
            writer,
            limit,
            place,
            sample,
        })
    }

    /// For clients of the audit account, in the home region.
    pub(super) fn audit(&self) -> &SdkConfig {
        self.session.audit()
    }

    pub(super) fn account(&self) -> &AccountId {
        &self.config.audit.account
    }

    pub(super) fn home(&self) -> &Region {
        &self.config.audit.region
    }

    pub(super) fn bucket(&self, bucket: Bucket) -> String {
        bucket.name(self.account(), self.home())
    }

    /// The run's own bucket.
    pub(crate) fn scratch_bucket(&self) -> String {
        format!("{SMOKE}-{}-{}", self.account(), self.home())
    }

    /// An ARN of the audit account in the home region.
    pub(super) fn arn(&self, service: &str, resource: &str) -> String {
        let (account, home) = (self.account(), self.home());
        format!("arn:{}:{service}:{home}:{account}:{resource}", partition(home))
    }

    pub(super) fn bus(&self) -> String {
        bus_arn(self.account(), self.home())
    }

    /// What is deployed: as `apply` would, but that whoever calls may write into the lake too.
    pub(crate) fn desired(&self, zips: Vec<Zip>) -> Desired {
        let mut desired = desired::desired(&self.config, &self.organization.id, zips);
        for spec in &mut desired.stacks {
            if let Some(ParameterValue::Text(writers)) = spec.parameters.get_mut("LakeWriters") {
                *writers = match writers.as_str() {
                    "none" => self.writer.clone(),
                    others => format!("{others},{}", self.writer),
                };
            }
        }
        desired
    }

    pub(super) fn athena(&self) -> Engine {
        Engine::Athena(Athena::of(self.audit(), STOPPED_ONLY))
    }

    /// What is taken away.
    pub(crate) fn names(&self) -> Names {
        Names::new(self.account().clone(), self.home().clone(), 100)
    }

    /// For clients of the member in a region.
    pub(super) async fn at(&self, member: &Member, region: &Region) -> SdkConfig {
        match self.session.caller() {
            Ok(caller) if *caller == member.account => aws::at(self.session.management(), region.as_str()),
            _ => self.session.member(&member.account, &member.role, region).await,
        }
    }

    /// Clients for which the member is what the management account is to others: an account that gets the member
    /// template as plain stacks.
    pub(crate) async fn clients_of(&self, member: Option<&Member>) -> Clients {
        let management_account = match member {
            None => None,
            Some(member) => Some(ManagementAccount {
                account: member.account.clone(),
                client: aws_sdk_cloudformation::Client::new(&self.at(member, self.home()).await),
            }),
        };
        Clients {
            management_account,
            ..self.clients.clone()
        }
    }

    /// The approval token of the run.
    pub(crate) fn token(&self) -> &str {
        &self.sample.token
    }

    /// The reason why step 5 is not possible, where it is not.
    pub(super) fn member(&self) -> Result<&Member, &'static str> {
        self.member.as_ref().ok_or("no member is named: --member names one")
    }
}

/// The settings of a run: as little to wait for and as little to keep as AWS allows.
fn settings(config: &mut Config) {
    config.delivery.buffer_seconds = Number(60);
    config.retention.evidence_days = Number(1);
    config.retention.evidence_mode = RetentionMode::Governance;
    config.retention.lake_days = Number(0);
    config.alerts.account_topics.clear();
    config.alerts.operator_email = None;
    if let Ok(schedule) = "rate(1 minute)".parse() {
        config.heartbeat.schedule = schedule;
    }
}
