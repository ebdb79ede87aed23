//! An AWS Organization on the emulators, enrolled by the real `pipetrail apply`.

mod accounts;
mod archived;
mod completed;
mod enrolment;
mod profiles;
mod proxied;
mod settings;
mod stranger;
mod streamed;
pub mod subscribers;
mod targets;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use aws_credential_types::Credentials;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::sync::Mutex;

pub use self::accounts::Member;
pub use self::archived::Archived;
pub use self::enrolment::{Enrolment, HOME, MEMBERS, SECOND};
pub use self::proxied::Proxied;
pub use self::streamed::Streamed;
pub use self::targets::Targeted;
use crate::aws;
use crate::emulators::prepare::Built;
use crate::emulators::{self, Emulators};
use crate::environment::{Ran, TestEnvironment};
use crate::names;
use crate::pipetrail;
use crate::printer::Step;
use crate::relay::Relay;
use crate::relay::cloud::{self, Cloud};

/// After which everything that has landed by now is settled: its day is over by two hours.
pub const TWO_DAYS: SignedDuration = SignedDuration::from_hours(48);

/// A running, enrolled organization. Dropping it ends it.
pub struct Organization {
    /// Stands in for EventBridge.
    pub relay: Relay,
    pub members: Vec<Member>,
    /// A member of an organizational unit that is not enrolled.
    pub unenrolled: Member,
    /// Ids of the organizational units that are enrolled.
    pub units: Vec<String>,
    pub enrolment: Enrolment,
    /// The AWS config file with one profile per role.
    pub aws_config: PathBuf,
    built: Built,
    settings: PathBuf,
    /// The members' stacks that were completed, with their parameters, by account and region.
    completed: Mutex<BTreeMap<(String, String), String>>,
    // Ended before the folder goes.
    emulators: Arc<Emulators>,
    folder: TempDir,
}

impl Organization {
    /// Starts the emulators and makes the accounts; nothing is enrolled yet.
    ///
    /// # Errors
    /// When an emulator does not start or refuses.
    pub async fn start(built: &Built, enrolment: Enrolment) -> Result<Self> {
        ensure!(
            enrolment.regions.first().is_some_and(|region| region == HOME),
            "the home Region comes first"
        );
        let folder = TempDir::with_prefix("pipetrail-local-org-").context("cannot make a folder")?;
        let step = Step::begin("starting moto and MiniStack");
        let emulators = emulators::start(&built.target, folder.path(), HOME).await?;
        step.done(&format!(
            "{}, {}",
            emulators.moto.endpoint, emulators.ministack.endpoint
        ));

        let step = Step::begin("creating the organization");
        let keys = aws::keys("management");
        let organization = Self::create(Arc::new(emulators), folder, built, enrolment, keys).await?;
        step.done(&format!(
            "management {}, audit {}, {} members",
            organization.relay.cloud.management,
            organization.relay.cloud.audit,
            organization.members.len() + 1
        ));
        Ok(organization)
    }

    /// Makes another organization in the same emulators, with `management` as its management
    /// account; nothing is enrolled yet. The two share no account.
    ///
    /// # Errors
    /// When an emulator refuses.
    pub async fn beside(&self, management: &str, enrolment: Enrolment) -> Result<Self> {
        let folder = TempDir::with_prefix("pipetrail-local-org-").context("cannot make a folder")?;
        let keys = cloud::assume(&self.emulators.moto.endpoint, &aws::keys("management"), management).await?;
        Self::create(Arc::clone(&self.emulators), folder, &self.built, enrolment, keys).await
    }

    /// Takes a few bytes for the zip of each function from now on, where no function is ever invoked:
    /// the real ones are megabytes to hash and to upload at every apply.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn with_stand_in_functions(mut self) -> Result<Self> {
        let zips = self.folder.path().join("stand-ins");
        std::fs::create_dir_all(&zips)?;
        for name in ["transform", "settle", "approval", "watch"] {
            let mut begin = std::fs::read(self.built.zips.join(format!("{name}.zip")))?;
            // As much as says what it was built for.
            begin.truncate(4096);
            std::fs::write(zips.join(format!("{name}.zip")), begin)?;
        }
        self.built.zips = zips;
        Ok(self)
    }

    async fn create(
        emulators: Arc<Emulators>,
        folder: TempDir,
        built: &Built,
        enrolment: Enrolment,
        keys: Credentials,
    ) -> Result<Self> {
        let made = accounts::create(&emulators.moto.endpoint, HOME, &keys, enrolment.members).await?;
        let (moto, ministack) = (&emulators.moto.endpoint, &emulators.ministack.endpoint);
        let cloud = Cloud::new(moto, ministack, (&made.management, keys), &made.audit, HOME);
        let everyone = made.members.iter().chain([&made.unenrolled]);
        let path = folder.path().join("aws-config");
        let aws_config = profiles::write(path, (moto, ministack), &cloud, everyone).await?;
        let settings = settings::write(folder.path(), &made, &enrolment)?;
        Ok(Self {
            relay: Relay::new(cloud),
            members: made.members,
            unenrolled: made.unenrolled,
            units: made.units,
            enrolment,
            aws_config,
            built: built.clone(),
            settings,
            completed: Mutex::default(),
            emulators,
            folder,
        })
    }

    /// Runs `pipetrail apply`; its standard output comes back.
    ///
    /// # Errors
    /// When it exits with anything but 0.
    pub async fn apply(&self) -> Result<String> {
        let output = self.pipetrail(&["apply"]).await?;
        self.relay.invalidate().await;
        Ok(output)
    }

    /// Runs `pipetrail` with these arguments; its standard output comes back.
    ///
    /// # Errors
    /// When it exits with anything but 0.
    pub async fn pipetrail(&self, arguments: &[&str]) -> Result<String> {
        let ran = self.run(arguments, &self.aws_config).await?;
        ensure!(
            ran.code == Some(0),
            "pipetrail {} failed ({:?})\n{}{}",
            arguments.join(" "),
            ran.code,
            ran.stdout,
            ran.stderr
        );
        Ok(ran.stdout)
    }

    /// Runs `pipetrail` with these arguments and that AWS config, however it ends.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn run(&self, arguments: &[&str], aws_config: &Path) -> Result<Ran> {
        pipetrail::run(self.command(arguments, aws_config)).await
    }

    /// Runs `pipetrail settle` on the audit account's lake as if so much time had passed.
    ///
    /// # Errors
    /// When it exits with anything but 0.
    pub async fn settle(&self, later: SignedDuration) -> Result<()> {
        let lake = format!("s3://{}", names::bucket("lake", &self.relay.cloud.audit, HOME));
        let now = Timestamp::now().checked_add(later)?.to_string();
        let arguments = ["settle", "--lake", &lake, "--now", &now, "--audit-profile", "audit"];
        let ran = self.run(&arguments, &self.aws_config).await?;
        ensure!(
            ran.code == Some(0),
            "settle exits {:?}\n{}{}",
            ran.code,
            ran.stderr,
            ran.stdout
        );
        Ok(())
    }

    /// `pipetrail` with these arguments and that AWS config, not started; its output is piped.
    #[must_use]
    pub fn command(&self, arguments: &[&str], aws_config: &Path) -> tokio::process::Command {
        let environment = self.environment().aws_config(aws_config);
        pipetrail::command(&self.built, &environment, &self.settings, arguments)
    }

    /// A home in the organization's folder, with its profiles.
    #[must_use]
    pub fn environment(&self) -> TestEnvironment {
        TestEnvironment::new(self.folder.path()).aws_config(&self.aws_config)
    }

    #[must_use]
    pub fn binary(&self) -> &std::path::Path {
        &self.built.pipetrail
    }

    /// The `pipetrail.toml` of this organization.
    #[must_use]
    pub fn settings(&self) -> &Path {
        &self.settings
    }

    /// The executable in the zip of a function.
    #[must_use]
    pub fn function(&self, name: &str) -> PathBuf {
        self.built.zips.join(name)
    }

    /// Folder that holds everything of this run: config files and the emulators' logs.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
