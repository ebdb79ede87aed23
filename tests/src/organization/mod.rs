//! An AWS Organization on the emulators, enrolled by the real `pipetrail apply`.

mod accounts;
mod apply;
mod profiles;
mod stranger;
pub mod subscribers;

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

pub use self::accounts::Member;
use crate::emulators::prepare::Built;
use crate::emulators::{self, Emulators};
use crate::printer::Step;
use crate::relay::Relay;
use crate::relay::cloud::Cloud;

/// The home Region, where the audit account's stacks stand.
pub const HOME: &str = "eu-central-1";
/// The other Region that is always enrolled.
pub const SECOND: &str = "eu-west-1";
/// How many members are enrolled at least.
pub const MEMBERS: usize = 6;

/// What is to be enrolled.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Number of enrolled members.
    pub members: usize,
    /// Regions, the home Region first.
    pub regions: Vec<String>,
}

impl Default for Scope {
    fn default() -> Self {
        Self {
            members: MEMBERS,
            regions: vec![HOME.to_owned(), SECOND.to_owned()],
        }
    }
}

/// A running, enrolled organization. Dropping it ends it.
pub struct Organization {
    /// Stands in for EventBridge.
    pub relay: Relay,
    /// Enrolled members.
    pub members: Vec<Member>,
    /// A member of an organizational unit that is not enrolled.
    pub unenrolled: Member,
    /// What was enrolled.
    pub scope: Scope,
    /// The AWS config file with one profile per role.
    pub aws_config: PathBuf,
    built: Built,
    settings: PathBuf,
    // Ended before the folder goes.
    _emulators: Emulators,
    folder: TempDir,
}

impl Organization {
    /// Starts the emulators and makes the accounts; nothing is enrolled yet.
    ///
    /// # Errors
    /// When an emulator does not start or refuses.
    pub async fn start(built: &Built, scope: Scope) -> Result<Self> {
        ensure!(
            scope.regions.first().is_some_and(|region| region == HOME),
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
        let made = accounts::create(&emulators.moto.endpoint, HOME, scope.members).await?;
        let (moto, ministack) = (&emulators.moto.endpoint, &emulators.ministack.endpoint);
        let cloud = Cloud::new(moto, ministack, &made.management, &made.audit, HOME);
        let everyone = made.members.iter().chain([&made.unenrolled]);
        let aws_config = profiles::write(folder.path(), &cloud, everyone).await?;
        let settings = apply::write_settings(folder.path(), &made, &scope.regions)?;
        step.done(&format!(
            "management {}, audit {}, {} members",
            made.management,
            made.audit,
            made.members.len() + 1
        ));

        Ok(Self {
            relay: Relay::new(cloud),
            members: made.members,
            unenrolled: made.unenrolled,
            scope,
            aws_config,
            built: built.clone(),
            settings,
            _emulators: emulators,
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
        apply::run(
            &self.built,
            arguments,
            &self.settings,
            &self.aws_config,
            self.folder.path(),
        )
        .await
    }

    /// Runs `pipetrail` with these arguments, whatever its exit code.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn attempt(&self, arguments: &[&str]) -> Result<std::process::Output> {
        apply::output(
            &self.built,
            arguments,
            &self.settings,
            &self.aws_config,
            self.folder.path(),
        )
        .await
    }

    /// The executable in the zip of a function.
    #[must_use]
    pub fn function(&self, name: &str) -> PathBuf {
        self.built.zips.join(name)
    }

    /// Folder that holds everything of this run: config files and the emulators' logs.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}
