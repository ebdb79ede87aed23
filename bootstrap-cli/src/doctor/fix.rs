//! What `--fix` may do: steps that only switch something on, are safe to repeat, and delete nothing.

use std::fmt;

use pipetrail_stacksets::plan::AccessStep;
use pipetrail_stacksets::{Caller, Error, TrustedAccess};

use super::check::{Check, Grade};
use super::organization;
use crate::aws::Session;

/// What doctor found: all lines, and what the steps need.
#[derive(Debug, Default)]
pub(crate) struct Examination {
    pub checks: Vec<Check>,
    /// Trusted access, where it could be asked for.
    pub access: Option<(TrustedAccess, Caller)>,
}

/// One step: to give StackSets trusted access in the organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fix(AccessStep);

impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let call = match self.0 {
            AccessStep::Activate => "cloudformation:ActivateOrganizationsAccess",
            AccessStep::EnableServiceAccess => {
                "organizations:EnableAWSServiceAccess, since this endpoint has no ActivateOrganizationsAccess"
            }
        };
        write!(f, "give StackSets trusted access ({call})")
    }
}

/// What can be fixed. Only the management account gives trusted access.
pub(crate) fn fixes(examination: &Examination) -> Vec<Fix> {
    let step = match examination.access {
        Some((TrustedAccess::Disabled, Caller::Management)) => Some(AccessStep::Activate),
        Some((TrustedAccess::DisabledWithoutActivation, Caller::Management)) => Some(AccessStep::EnableServiceAccess),
        _ => None,
    };
    step.map(Fix).into_iter().collect()
}

impl Fix {
    /// Does it, and judges again what it was for. Returns what was done.
    ///
    /// # Errors
    /// A refused call.
    pub(crate) async fn take(self, session: &Session, checks: &mut [Check]) -> Result<String, Error> {
        let cloudformation = aws_sdk_cloudformation::Client::new(session.management());
        let organizations = session.organizations();
        let taken = self.0.take(&cloudformation, &organizations).await?;
        let access = TrustedAccess::read(&cloudformation, &organizations, Caller::Management).await;
        let fixed = organization::trusted_access(&access, Caller::Management);
        let open = |check: &&mut Check| check.check == organization::TRUSTED_ACCESS && check.verdict == Grade::Failed;
        if let Some(check) = checks.iter_mut().find(open) {
            *check = fixed;
        }
        let way = match taken {
            AccessStep::Activate => "",
            AccessStep::EnableServiceAccess => {
                " through Organizations, since this endpoint has no ActivateOrganizationsAccess"
            }
        };
        Ok(format!("StackSets was given trusted access{way}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_management_account_gives_trusted_access_and_only_where_it_is_off() {
        let with = |access, caller| {
            fixes(&Examination {
                checks: vec![],
                access: Some((access, caller)),
            })
        };
        let activate = vec![Fix(AccessStep::Activate)];
        assert_eq!(with(TrustedAccess::Disabled, Caller::Management), activate);
        assert!(with(TrustedAccess::Disabled, Caller::DelegatedAdministrator).is_empty());
        assert!(with(TrustedAccess::Enabled, Caller::Management).is_empty());
        assert!(fixes(&Examination::default()).is_empty());
    }
}
