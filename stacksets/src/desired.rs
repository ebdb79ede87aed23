//! The state that the configuration asks for, as plain data.

use std::collections::BTreeMap;
use std::fmt;

use pipetrail_names::{AccountId, OuId, Region};
use serde::{Serialize, Serializer};

use crate::flow::Flow;
use crate::template::{Template, short_digest};

/// Everything that should stand, once the organization's id is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Desired {
    /// Which accounts and regions it is about.
    pub scope: Scope,
    /// The audit account's stacks in the order of deployment; the first holds the zips' bucket.
    pub stacks: Vec<StackSpec>,
    /// The output of the first stack that names the bucket for zips and large templates.
    pub bucket_output: String,
    pub zips: Vec<Zip>,
    /// What runs through one of the stacks, and must not be lost with it.
    pub flow: Option<Flow>,
    /// The stack set; its `name` is [`pipetrail_names::member::STACK`] and it is never protected.
    pub stack_set: StackSpec,
    /// How fast and how tolerant operations are.
    pub rollout: RolloutLimits,
}

/// Which accounts and regions are enrolled, and where the audit account's side stands.
///
/// [`crate::Organization::membership`] decides by it who is enrolled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    pub audit_account: AccountId,
    /// Home region: the audit stacks' and the stack set's own.
    pub region: Region,
    /// Organizational units or roots to enrol.
    pub units: Vec<OuId>,
    /// Single accounts to enrol beside the units.
    pub accounts: Vec<AccountId>,
    /// Accounts that are left out, whatever unit they are in.
    pub excluded: Vec<AccountId>,
    /// Whether the management account gets stacks of its own: the stack set never reaches it.
    pub management: bool,
    pub regions: Vec<Region>,
}

impl Scope {
    /// Whether accounts that join an enrolled unit get the stack by themselves. It is one switch for the whole stack
    /// set, so it stays off where only single accounts are enrolled.
    pub fn auto_deploys(&self) -> bool {
        !self.units.is_empty()
    }
}

#[cfg(test)]
impl Scope {
    /// Nobody is enrolled.
    pub(crate) fn of_test() -> Self {
        use crate::ids::known;
        Scope {
            audit_account: known("999988887777"),
            region: known("eu-central-1"),
            units: vec![],
            accounts: vec![],
            excluded: vec![],
            management: false,
            regions: vec![],
        }
    }
}

/// How fast and how tolerant stack set operations are (`OperationPreferences`, soft tolerance,
/// regions in parallel).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct RolloutLimits {
    /// Accounts per region at a time, in per cent (1–100).
    pub max_concurrent_percentage: u8,
    /// Failed accounts per region before the operation stops there, in per cent (0–100).
    pub failure_tolerance_percentage: u8,
}

impl RolloutLimits {
    /// For an operation on so many accounts of a region. AWS rounds the tolerance down, which of a few accounts is
    /// none: one failure is tolerated at least, unless none was to be.
    pub(crate) fn over(&self, accounts: usize) -> Self {
        let of_one = u8::try_from(100_usize.div_ceil(accounts.max(1))).unwrap_or(100);
        RolloutLimits {
            failure_tolerance_percentage: match self.failure_tolerance_percentage {
                0 => 0,
                percentage => percentage.max(of_one),
            },
            ..*self
        }
    }
}

/// One stack, or the stack set.
#[derive(Clone, Debug, PartialEq)]
pub struct StackSpec {
    pub name: String,
    pub template: Template,
    pub parameters: BTreeMap<String, ParameterValue>,
    /// Its tags. Tags that others put on it stay.
    pub tags: BTreeMap<String, String>,
    pub protect: bool,
    /// Names of the buckets that outlive it. Its template says them literally: from a reference
    /// CloudFormation would not find out that a bucket exists already.
    pub retains: Vec<String>,
}

/// A parameter's value.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum ParameterValue {
    /// Known now.
    Text(String),
    /// Known now, but not to be shown (an e-mail address).
    Private(String),
    /// The output of another stack, known once that stack stands.
    Output { stack: String, output: String },
}

impl ParameterValue {
    pub fn output(stack: &str, output: &str) -> Self {
        ParameterValue::Output {
            stack: stack.to_owned(),
            output: output.to_owned(),
        }
    }
}

/// As it is displayed: a private one is not shown here either.
impl fmt::Debug for ParameterValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ParameterValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParameterValue::Text(text) => write!(f, "{text:?}"),
            ParameterValue::Private(_) => f.write_str("(private)"),
            ParameterValue::Output { stack, output } => write!(f, "{stack}.{output}"),
        }
    }
}

impl Serialize for ParameterValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            ParameterValue::Text(text) => serializer.serialize_str(text),
            ParameterValue::Private(_) | ParameterValue::Output { .. } => {
                serializer.collect_str(&format_args!("<{self}>"))
            }
        }
    }
}

/// A Lambda zip, held in memory: the largest measured is below 4 MB.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Zip {
    /// The function's name without prefix: `transform`.
    pub name: String,
    pub bytes: Vec<u8>,
}

impl Zip {
    /// Its S3 key, `lambda/<name>-<first 16 digits of its SHA-256>.zip`: the same bytes are never
    /// uploaded twice, and a function changes exactly when its code does.
    pub fn key(&self) -> String {
        format!("lambda/{}-{}.zip", self.name, short_digest(&self.bytes))
    }
}

impl fmt::Debug for Zip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zip({}, {} bytes)", self.key(), self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zip_is_keyed_by_its_content() {
        let zip = Zip {
            name: "transform".into(),
            bytes: b"abc".to_vec(),
        };
        assert_eq!(zip.key(), "lambda/transform-ba7816bf8f01cfea.zip");
    }

    #[test]
    fn one_failure_is_tolerated_at_least_unless_none_is() {
        let limits = |percentage| RolloutLimits {
            max_concurrent_percentage: 20,
            failure_tolerance_percentage: percentage,
        };
        for (percentage, accounts, tolerated) in
            [(10, 3, 1), (10, 7, 1), (10, 40, 4), (10, 0, 0), (0, 3, 0), (100, 1, 1)]
        {
            let over = usize::from(limits(percentage).over(accounts).failure_tolerance_percentage);
            assert_eq!(accounts * over / 100, tolerated, "{percentage} % of {accounts}");
        }
    }

    #[test]
    fn a_private_value_is_shown_nowhere() {
        let value = ParameterValue::Private("someone@example.com".into());
        assert_eq!(value.to_string(), "(private)");
        assert_eq!(format!("{value:?}"), "(private)");
        assert_eq!(serde_json::to_string(&value).unwrap(), r#""<(private)>""#);
    }
}
