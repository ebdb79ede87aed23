//! What a command runs in: the options that all commands share, and what they come down to.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use clap::ValueHint;
use pipetrail_names::Region;

use crate::aws::Captures;
use crate::config::{Config, ConfigError};
use crate::terminal::printer::{Output, Volume};

/// What every command takes.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Context {
    /// Configuration file
    #[arg(
        long = "config",
        id = "config",
        global = true,
        value_name = "FILE",
        value_hint = ValueHint::FilePath,
        default_value = "pipetrail.toml",
        env = "PIPETRAIL_CONFIG",
        hide_env_values = true
    )]
    pub file: PathBuf,
    /// Form of the data on standard output
    #[arg(long, global = true, value_name = "FORM", value_enum, default_value_t)]
    pub output: Output,
    /// AWS profile of the management account, instead of organization.profile
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// AWS profile of the audit account, instead of audit.profile
    #[arg(long, global = true, value_name = "NAME")]
    pub audit_profile: Option<String>,
    /// Home region of the audit account, instead of audit.region
    #[arg(long, global = true, value_name = "REGION")]
    pub home_region: Option<Region>,
    /// Endpoint of all AWS services, instead of the profiles' own
    #[arg(long, global = true, value_name = "URL", value_hint = ValueHint::Url, value_parser = endpoint)]
    pub endpoint_url: Option<String>,
    /// Write data and errors only: no plan, no progress
    #[arg(long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Write a line for every call to AWS: what, as whom, where, how long, with which result
    #[arg(long, global = true)]
    verbose: bool,
    /// Whether something is being changed: see [`Context::begin`].
    #[arg(skip)]
    pub begun: Cell<bool>,
    /// Where the raw answers of AWS are kept; nowhere unless a command says so before it connects.
    #[arg(skip)]
    pub captures: OnceLock<Arc<Captures>>,
}

/// Reads `--endpoint-url`.
fn endpoint(text: &str) -> Result<String, &'static str> {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let is_host = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[');
    match rest {
        Some(rest) if is_host(rest) && text.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(text.to_owned()),
        _ => Err("expected a URL, for example http://127.0.0.1:4566"),
    }
}

impl Context {
    /// How much goes to standard error.
    pub(crate) fn volume(&self) -> Volume {
        match (self.quiet, self.verbose) {
            (true, _) => Volume::Quiet,
            (_, true) => Volume::Verbose,
            _ => Volume::Normal,
        }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_url() {
        for wrong in ["nowhere", "http://", "ftp://x", "https:// x", "http:///x"] {
            assert!(endpoint(wrong).is_err(), "{wrong}");
        }
        for right in ["http://127.0.0.1:1", "https://x.example/y", "http://[::1]:80"] {
            assert!(endpoint(right).is_ok(), "{right}");
        }
    }
}
