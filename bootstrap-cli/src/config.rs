//! `pipetrail.toml`: reading it, with errors that name file and line and what to write instead. [`edit`]
//! changes it in place.

pub(crate) mod edit;
mod values;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use crate::failure::{Exit, Explain};
pub(crate) use pipetrail_names::{AccountId, OuId, Region, RoleArn};
pub(crate) use values::{Architecture, Email, Number, RetentionMode, Schedule};

/// Each takes two of a stack's 500 resources, of which about 40 are taken, and 13 bytes of the 4 KB of a
/// function's environment.
const MAX_ACCOUNT_TOPICS: usize = 150;

/// The whole file. `organization` and `audit` have to be there.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Who is enrolled.
    pub organization: Organization,
    /// Where the collector stands.
    pub audit: Audit,
    /// How long data is kept.
    #[serde(default)]
    pub retention: Retention,
    /// Athena's settings.
    #[serde(default)]
    pub athena: Athena,
    /// Who is told.
    #[serde(default)]
    pub alerts: Alerts,
    /// How events are delivered.
    #[serde(default)]
    pub delivery: Delivery,
    /// How often members report.
    #[serde(default)]
    pub heartbeat: Heartbeat,
    /// How operations on many accounts go.
    #[serde(default)]
    pub rollout: Rollout,
}

/// `[organization]`
#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Organization {
    /// AWS profile of the management account or a delegated administrator of StackSets; the default
    /// credentials when absent.
    pub profile: Option<String>,
    /// Role that the profile assumes, in the management or delegated administrator's account.
    pub role_arn: Option<RoleArn>,
    /// External id for that role.
    pub external_id: Option<String>,
    /// AWS profile of the management account, where `profile` is a delegated administrator's: the
    /// management account's own stacks need it.
    pub management_profile: Option<String>,
    /// Organizational units, or the root for all.
    #[serde(default)]
    pub organizational_units: Vec<OuId>,
    /// Single accounts to enrol beside the units.
    #[serde(default)]
    pub accounts: Vec<AccountId>,
    /// Accounts below the units that are left out. Auto-deployment ignores this.
    #[serde(default)]
    pub excluded_accounts: Vec<AccountId>,
    /// Whether the management account, which service-managed stack sets never reach, gets stacks of
    /// its own.
    #[serde(default = "yes")]
    pub management_account: bool,
    /// Regions to enrol in every account.
    pub regions: Vec<Region>,
    /// The region whose stack makes the role by which an account is looked into from outside, one of `regions`.
    reader_region: Option<Region>,
}

impl Organization {
    /// The region whose stack makes the reader's role: the configured one, else the home region, else the first in
    /// the alphabet, so that another order in the file moves nothing.
    pub(crate) fn reader_region<'a>(&'a self, home: &'a Region) -> &'a Region {
        let configured = self.reader_region.as_ref();
        let enrolled = Some(home).filter(|home| self.regions.contains(home));
        configured.or(enrolled).or(self.regions.iter().min()).unwrap_or(home)
    }

    /// Why nobody could look into members.
    fn unread(&self) -> Option<String> {
        let region = self.reader_region.as_ref()?;
        (!self.regions.contains(region)).then(|| {
            format!("\"{region}\" is not among organization.regions: no stack would make the role that members are looked into with")
        })
    }
}

fn yes() -> bool {
    true
}

/// `[audit]`
#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Audit {
    /// The audit account.
    pub account: AccountId,
    /// Its AWS profile; the default credentials when absent.
    pub profile: Option<String>,
    /// Role that the profile assumes in the audit account.
    pub role_arn: Option<RoleArn>,
    /// External id for that role.
    pub external_id: Option<String>,
    /// AWS profile of the audit account that members are looked into with; the one above when absent. All it needs is
    /// to assume the audit account's reader role.
    pub reader_profile: Option<String>,
    /// Home region of the bus.
    pub region: Region,
    /// What the zips were built for.
    #[serde(default)]
    pub architecture: Architecture,
    /// Roles that may write into the lake, beside pipetrail's own: those that run `ingest` or `settle` on it. A `*`
    /// stands for any characters.
    #[serde(default)]
    pub lake_writers: Vec<RoleArn>,
    /// The role that may change the evidence bucket's policy and settings: whoever runs `apply` and `destroy`. A `*`
    /// stands for any characters. Without it IAM alone decides.
    pub deployer_role: Option<RoleArn>,
}

/// `[retention]`, in days.
#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Retention {
    /// A month goes out of the lake so many days after its end; 0 keeps it for ever.
    pub lake_days: Number<0, 36_500, 0>,
    /// Evidence records are locked for so many days: seven years and two leap days.
    pub evidence_days: Number<1, 36_500, 2557>,
    /// Object Lock's mode.
    pub evidence_mode: RetentionMode,
}

/// `[athena]`
#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Athena {
    /// The most that one query may read, in GB of 10⁹ bytes.
    pub scan_limit_gb: Number<1, 1_000_000, 100>,
}

/// `[alerts]`
#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Alerts {
    /// Address of the operator's alarms.
    pub operator_email: Option<Email>,
    /// Accounts that get an alert topic of their own, which they may subscribe to by themselves.
    pub account_topics: Vec<AccountId>,
}

/// `[delivery]`
#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Delivery {
    /// How long Firehose collects before it writes, in seconds.
    pub buffer_seconds: Number<60, 900, 300>,
    /// For how many days the bus keeps events for a replay; 0 for none.
    pub archive_days: Number<0, 36_500, 7>,
}

/// `[heartbeat]`
#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Heartbeat {
    /// EventBridge Scheduler's expression.
    pub schedule: Schedule,
}

/// `[rollout]`, in per cent of the accounts of a region.
#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Rollout {
    /// At a time. What is under way goes on when the tolerance is exceeded, so a bad template reaches
    /// about this many accounts at least.
    pub max_concurrent_percentage: Number<1, 100, 20>,
    /// Failures before an operation stops in a region. Of a few accounts one may fail, unless this is 0.
    pub failure_tolerance_percentage: Number<0, 100, 10>,
}

/// What is wrong with the file.
#[derive(Debug, Error)]
pub(crate) enum ConfigError {
    /// It cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line of it is wrong.
    #[error("{}:{line}: {message}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong, and what to write instead.
        message: String,
    },
}

impl Explain for ConfigError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            ConfigError::Unreadable { .. } => "`pipetrail init` writes one; or name another with --config".to_owned(),
            ConfigError::Wrong { path, .. } => format!("correct {} and run the command again", path.display()),
        })
    }
}

impl Config {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// It cannot be read, is not TOML, or has a key or value that it must not have.
    pub(crate) fn load(path: &Path) -> Result<Self, ConfigError> {
        Self::load_with_text(path).map(|(config, _)| config)
    }

    /// Reads the file at `path`, and gives its text too.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub(crate) fn load_with_text(path: &Path) -> Result<(Self, String), ConfigError> {
        let text = fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Ok((Self::parse(path, &text)?, text))
    }

    /// Reads `text` as the file at `path`.
    ///
    /// # Errors
    /// It is not TOML, or has a key or value that it must not have.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let wrong = |start: Option<usize>, message: String| {
            let before = text.get(..start.unwrap_or_default()).unwrap_or_default();
            ConfigError::Wrong {
                path: path.to_owned(),
                line: before.matches('\n').count() + 1,
                message,
            }
        };
        let config: Config = toml::from_str(text).map_err(|error| {
            let start = error.span().map(|span| span.start);
            wrong(start, error.message().replace('\n', ", "))
        })?;
        match config.complaint() {
            // Emptiness and repetition have no span of their own: the key's is close enough.
            Some((list, message)) => Err(wrong(text.find(list), message)),
            None => Ok(config),
        }
    }

    /// The first list that is empty, too long or repeats itself, and what is wrong with it.
    fn complaint(&self) -> Option<(&'static str, String)> {
        let organization = &self.organization;
        let (units, topics) = (&organization.organizational_units, &self.alerts.account_topics);
        let unit = "an organizational unit or root, for example \"r-ab12\"";
        let region = "a region, for example \"eu-central-1\"";
        let of_units = complaint(units, unit).filter(|_| organization.accounts.is_empty());
        let complaints = [
            ("organizational_units", of_units),
            ("account_topics", excess(topics.len())),
            ("accounts", repetition(&organization.accounts)),
            ("excluded_accounts", repetition(&organization.excluded_accounts)),
            ("account_topics", repetition(topics)),
            ("organizational_units", repetition(units)),
            ("regions", complaint(&organization.regions, region)),
            ("reader_region", organization.unread()),
            ("lake_writers", repetition(&self.audit.lake_writers)),
            ("lake_writers", unfit(&self.audit.lake_writers)),
            ("deployer_role", unfit(self.audit.deployer_role.as_slice())),
        ];
        complaints
            .into_iter()
            .find_map(|(list, message)| Some((list, message?)))
    }
}

fn complaint<T: PartialEq + AsRef<str>>(values: &[T], example: &str) -> Option<String> {
    if values.is_empty() {
        return Some(format!("the list is empty, name {example}"));
    }
    repetition(values)
}

/// The first that a bucket's policy cannot or must not take: they stand in a list with commas between them, and
/// one that is every role would keep nobody out.
fn unfit(roles: &[RoleArn]) -> Option<String> {
    roles.iter().find_map(|role| {
        let name = role.as_str().rsplit('/').next().unwrap_or_default();
        if role.as_str().contains(',') {
            return Some(format!(
                "\"{role}\" has a comma, write ? in its place, which stands for any one character"
            ));
        }
        let is_any = name.bytes().all(|byte| matches!(byte, b'*' | b'?'));
        is_any.then(|| format!("\"{role}\" is any role, name the beginning of its name at least"))
    })
}

fn excess(topics: usize) -> Option<String> {
    (topics > MAX_ACCOUNT_TOPICS).then(|| {
        format!(
            "{topics} accounts with a topic of their own, and {MAX_ACCOUNT_TOPICS} fit into the stack; \
             subscribe the others to the topic of all with `pipetrail subscribe --account`"
        )
    })
}

fn repetition<T: PartialEq + AsRef<str>>(values: &[T]) -> Option<String> {
    let twice = values
        .iter()
        .enumerate()
        .find(|(index, value)| values[..*index].contains(value));
    twice.map(|(_, value)| format!("\"{}\" is named twice, name it once", value.as_ref()))
}

#[cfg(test)]
mod tests;
