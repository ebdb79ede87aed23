//! What `--fix` may do: steps that only switch something on, are safe to repeat, and delete nothing.

use std::fmt;

use pipetrail_stacksets::plan::AccessStep;
use pipetrail_stacksets::{Caller, Error, TrustedAccess};

use super::check::{Check, Verdict};
use super::examination::Examination;
use super::organization;
use crate::aws::Session;

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fix {
    /// Give StackSets trusted access in the organization.
    TrustedAccess(AccessStep),
}

impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fix::TrustedAccess(AccessStep::Activate) => {
                f.write_str("give StackSets trusted access (cloudformation:ActivateOrganizationsAccess)")
            }
            Fix::TrustedAccess(AccessStep::EnableServiceAccess) => f.write_str(
                "give StackSets trusted access (organizations:EnableAWSServiceAccess, since this endpoint has no ActivateOrganizationsAccess)",
            ),
        }
    }
}

/// What can be mended. Only the management account gives trusted access.
pub(crate) fn fixes(examination: &Examination) -> Vec<Fix> {
    let step = match examination.access {
        Some((TrustedAccess::Disabled, Caller::Management)) => Some(AccessStep::Activate),
        Some((TrustedAccess::DisabledWithoutActivation, Caller::Management)) => Some(AccessStep::EnableServiceAccess),
        _ => None,
    };
    step.map(Fix::TrustedAccess).into_iter().collect()
}

impl Fix {
    /// Does it, and judges again what it was for. Returns what was done.
    ///
    /// # Errors
    /// A refused call.
    pub(crate) async fn take(self, session: &Session, checks: &mut [Check]) -> Result<String, Error> {
        let Fix::TrustedAccess(step) = self;
        let cloudformation = aws_sdk_cloudformation::Client::new(session.management());
        let organizations = session.organizations();
        let taken = step.take(&cloudformation, &organizations).await?;
        let access = TrustedAccess::read(&cloudformation, &organizations, Caller::Management).await;
        let mended = organization::trusted_access(&access, Caller::Management);
        let open = |check: &&mut Check| check.check == organization::TRUSTED_ACCESS && check.verdict == Verdict::Failed;
        if let Some(check) = checks.iter_mut().find(open) {
            *check = mended;
        }
        Ok(match taken {
            AccessStep::Activate => "StackSets was given trusted access".to_owned(),
            AccessStep::EnableServiceAccess => {
                "StackSets was given trusted access through Organizations, since this endpoint has no ActivateOrganizationsAccess"
                    .to_owned()
            }
        })
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
        let activate = vec![Fix::TrustedAccess(AccessStep::Activate)];
        assert_eq!(with(TrustedAccess::Disabled, Caller::Management), activate);
        assert!(with(TrustedAccess::Disabled, Caller::DelegatedAdministrator).is_empty());
        assert!(with(TrustedAccess::Enabled, Caller::Management).is_empty());
        assert!(fixes(&Examination::default()).is_empty());
    }
}
