//! What members get by the parameters of a stack set.

use pipetrail_member::{Parameters, Version};
use pipetrail_names::audit::bus_arn;
use pipetrail_names::member::READER_REGION;
use pipetrail_names::{AccountId, Region};
use pipetrail_stacksets::{StackSetParameters, Template};

/// What members get by the parameters of a stack set.
pub(crate) struct MemberSettings {
    pub version: Version,
    /// Of the heartbeat.
    pub schedule: String,
    pub reader_region: Region,
    pub external_id: String,
}

impl MemberSettings {
    /// By parameters, for an audit account with its home region.
    ///
    /// # Errors
    /// Which parameter is missing, in words.
    pub(crate) fn of(
        (account, home): (&AccountId, &Region),
        parameter: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let parameter = |name: &str| parameter(name).ok_or_else(|| format!("the stack set has no parameter {name}"));
        let (schedule, region) = (parameter("HeartbeatSchedule")?, parameter(READER_REGION)?);
        let parameters = Parameters {
            audit_bus_arn: bus_arn(account, home),
            heartbeat_schedule: schedule.clone(),
        };
        Ok(MemberSettings {
            version: Version::current(&parameters),
            schedule,
            reader_region: (region.parse()).map_err(|_| format!("{READER_REGION} of the stack set is no region"))?,
            external_id: parameter("ReaderExternalId")?,
        })
    }

    /// By what the stack set has.
    ///
    /// # Errors
    /// It has the template of another version, or lacks a parameter.
    pub(crate) fn deployed(audit: (&AccountId, &Region), set: &StackSetParameters) -> Result<Self, String> {
        if !Template::new(pipetrail_member::TEMPLATE).is_deployed_as(&set.template) {
            return Err(
                "the stack set has the template of another version, `pipetrail plan` shows how it differs".to_owned(),
            );
        }
        Self::of(audit, |name| set.parameters.get(name).cloned())
    }
}
