//! What a run refuses: an audit account that somebody uses. What stands is read once; the judgement is pure.

use std::collections::BTreeSet;

use pipetrail_names::audit::Bucket;
use pipetrail_stacksets::{Actual, Stack};
use thiserror::Error;

use super::ground::{Ground, Member};
use super::sample::ACCOUNT;
use super::{lake, records, scratch};
use crate::failure::{Explain, Result};

/// What stands in the audit account and in its organization.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Standing {
    /// Accounts that the stack set has instances in, or the management account where it has stacks of its own.
    enrolled: BTreeSet<String>,
    /// Whether a run has begun and not ended.
    begun: bool,
    /// Stacks of an installation.
    stacks: Vec<String>,
    /// Accounts that the lake has rows of.
    rows: BTreeSet<String>,
    /// Whether the lake's bucket holds anything.
    holds: bool,
    /// Accounts that there is evidence of.
    evidence: BTreeSet<String>,
    /// The member of the run that has begun.
    member: Option<String>,
}

/// The audit account is in use.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum Refused {
    #[error("{} accounts are enrolled (the first one: {first}); smoke only tries an audit account without members", .count)]
    Enrolled { count: usize, first: String },
    #[error("the audit account has an installation that no run of smoke made: stacks {}", .0.join(", "))]
    Installed(Vec<String>),
    #[error("{} holds what no run of smoke put there{}", place, of(accounts))]
    Foreign { place: String, accounts: Vec<String> },
}

fn of(accounts: &[String]) -> String {
    match accounts {
        [] => String::new(),
        accounts => format!(", of accounts {}", accounts.join(", ")),
    }
}

impl Explain for Refused {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Refused::Enrolled { .. } | Refused::Installed(_) => {
                "name another audit account and its profile in a configuration of its own (--config), and run smoke there"
            }
            Refused::Foreign { .. } => {
                "keep it, and name another audit account (--config); `pipetrail status` and `pipetrail audit --list` say what is there"
            }
        }
        .to_owned())
    }
}

/// What of an earlier run is there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Earlier {
    /// Its stack, and with that its member.
    pub stack: Option<Stack>,
    /// Whether anything of it is left to take away.
    pub leaves: bool,
}

impl Earlier {
    /// The member of that run.
    pub(crate) fn member(&self) -> Option<Member> {
        self.stack.as_ref().and_then(scratch::member_of)
    }
}

/// Reads what stands, and refuses what is in use.
///
/// # Errors
/// Somebody uses the account, or a refused call.
pub(crate) async fn check(ground: &Ground) -> Result<Earlier> {
    let actual = Actual::read(&ground.clients, ground.organization.clone(), &ground.desired(vec![])).await?;
    let stack = scratch::find(ground).await?;
    let earlier = Earlier { stack, leaves: false };
    let member = earlier.member();
    let of_run = |account: &str| member.as_ref().is_some_and(|member| member.account.as_str() == account);
    let instances = actual.stack_set.iter().flat_map(|set| &set.instances);
    let instances = instances.map(|instance| instance.account.to_string());
    let management = ground.organization.management_account.to_string();
    let own = actual.management.iter().flat_map(|read| read.stacks.keys());
    // A member that is the management account has these stacks of the run's.
    let own = own.filter(|_| !of_run(&management)).map(|_| management.clone());
    let (bucket, evidence) = (ground.bucket(Bucket::Lake), ground.bucket(Bucket::Evidence));
    let holds = lake::holds(ground, &bucket).await?;
    let begun = earlier.stack.is_some();
    let kept = records::accounts(ground, &evidence).await?;
    let standing = Standing {
        enrolled: instances.chain(own).collect(),
        begun,
        stacks: actual.stacks.keys().cloned().collect(),
        // Where no run has begun, nothing there is a run's.
        rows: if begun && holds {
            lake::accounts(ground).await?
        } else {
            BTreeSet::new()
        },
        holds,
        evidence: kept.clone(),
        member: member.map(|member| member.account.to_string()),
    };
    judge(&standing, &bucket, &evidence)?;
    let leaves = begun || !kept.is_empty();
    Ok(Earlier { leaves, ..earlier })
}

fn judge(standing: &Standing, lake: &str, evidence: &str) -> std::result::Result<(), Refused> {
    let Standing {
        enrolled,
        begun,
        stacks,
        rows,
        holds,
        evidence: kept,
        member,
    } = standing;
    if let Some(first) = enrolled.first() {
        let (count, first) = (enrolled.len(), first.clone());
        return Err(Refused::Enrolled { count, first });
    }
    if !begun && !stacks.is_empty() {
        return Err(Refused::Installed(stacks.clone()));
    }
    let foreign = |found: &BTreeSet<String>| -> Vec<String> {
        let strange = found
            .iter()
            .filter(|account| *account != ACCOUNT && Some(*account) != member.as_ref());
        strange.cloned().collect()
    };
    let (of_rows, of_evidence) = (foreign(rows), foreign(kept));
    if !of_rows.is_empty() || (*holds && !begun) {
        let (place, accounts) = (format!("bucket {lake}"), of_rows);
        return Err(Refused::Foreign { place, accounts });
    }
    if !of_evidence.is_empty() {
        let (place, accounts) = (format!("bucket {evidence}"), of_evidence);
        return Err(Refused::Foreign { place, accounts });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(change: impl FnOnce(&mut Standing)) -> std::result::Result<(), Refused> {
        let mut standing = Standing::default();
        change(&mut standing);
        judge(&standing, "lake", "evidence")
    }

    fn set(accounts: &[&str]) -> BTreeSet<String> {
        accounts.iter().map(|account| (*account).to_owned()).collect()
    }

    #[test]
    fn an_account_that_nobody_uses_is_tried_and_what_a_run_left_is_its_own() {
        assert_eq!(of(|_| {}), Ok(()));
        assert_eq!(of(|standing| standing.evidence = set(&[ACCOUNT])), Ok(()));
        let begun = of(|standing| {
            standing.begun = true;
            standing.stacks = vec!["pipetrail-data".into()];
            standing.holds = true;
            standing.rows = set(&[ACCOUNT, "111122223333"]);
            standing.evidence = set(&[ACCOUNT, "111122223333"]);
            standing.member = Some("111122223333".into());
        });
        assert_eq!(begun, Ok(()));
    }

    #[test]
    fn members_installations_and_rows_of_others_are_refused() {
        let enrolled = of(|standing| {
            standing.begun = true;
            standing.enrolled = set(&["111122223333"]);
        });
        assert!(
            matches!(enrolled, Err(Refused::Enrolled { count: 1, .. })),
            "{enrolled:?}"
        );
        let installed = of(|standing| standing.stacks = vec!["pipetrail-data".into()]);
        assert!(matches!(installed, Err(Refused::Installed(_))), "{installed:?}");
        // Retained buckets of an installation that is gone.
        let holds = of(|standing| standing.holds = true);
        assert_eq!(
            holds.unwrap_err().to_string(),
            "bucket lake holds what no run of smoke put there"
        );
        let rows = of(|standing| {
            standing.begun = true;
            standing.rows = set(&[ACCOUNT, "111122223333"]);
        });
        let said = "bucket lake holds what no run of smoke put there, of accounts 111122223333";
        assert_eq!(rows.unwrap_err().to_string(), said);
        let evidence = of(|standing| standing.evidence = set(&["111122223333"]));
        assert!(matches!(evidence, Err(Refused::Foreign { .. })), "{evidence:?}");
    }
}
