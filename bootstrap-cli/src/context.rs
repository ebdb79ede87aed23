//! What a command runs in: what the options that all commands share come down to. Built once, by the
//! command line.

use std::cell::Cell;
use std::path::PathBuf;

use pipetrail_names::Region;

use crate::config::{Config, ConfigError};
use crate::terminal::printer::Output;

/// What a command runs in.
#[derive(Debug)]
pub(crate) struct Context {
    /// The configuration file, whether or not it is there.
    pub file: PathBuf,
    /// Form of the data on standard output.
    pub output: Output,
    /// Profile of the management account that wins over the file's.
    pub profile: Option<String>,
    /// Profile of the audit account that wins over the file's.
    pub audit_profile: Option<String>,
    /// Home region that wins over the file's.
    pub home_region: Option<Region>,
    /// Endpoint of all AWS services that wins over the profiles' own.
    pub endpoint_url: Option<String>,
    /// Whether something is being changed: see [`Context::begin`].
    pub begun: Cell<bool>,
}

impl Context {
    /// The configuration file, with what the command line says instead.
    ///
    /// # Errors
    /// The file cannot be read or is wrong.
    pub(crate) fn configuration(&self) -> Result<Config, ConfigError> {
        Config::load(&self.file).map(|config| self.over(config))
    }

    /// A configuration with what the command line says instead.
    pub(crate) fn over(&self, mut config: Config) -> Config {
        if let Some(region) = &self.home_region {
            config.audit.region = region.clone();
        }
        config
    }

    /// Something is changed from here on: a command that ends early has done a part.
    pub(crate) fn begin(&self) {
        self.begun.set(true);
    }
}
