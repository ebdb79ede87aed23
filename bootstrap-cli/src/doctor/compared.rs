//! Whether what stands in members is as the template says.

use std::collections::BTreeMap;

use pipetrail_lake::hostile;
use pipetrail_names::AccountRegion;
use pipetrail_stacksets::{Caller, Coverage, Organization};

use super::check::Check;
use crate::aws::Session;
use crate::config::Config;
use crate::deploy::desired;
use crate::members::{Comparer, Looked, comparable};

/// Its name.
pub(super) const NAME: &str = "member-resources";

/// Compares every account and region that has a stack, the management account's too.
pub(super) async fn examine(config: &Config, session: &Session, organization: &Organization, caller: Caller) -> Check {
    let clients = session.clients(caller);
    let coverage = match Coverage::read(&clients, organization, &desired::scope(config), &[]).await {
        Ok(coverage) => coverage,
        Err(error) => return Check::unread(NAME, &error),
    };
    if comparable(&coverage).next().is_none() {
        return Check::skipped(NAME, "no member has a stack yet");
    }
    match Comparer::new(config, session, coverage.stack_set.as_ref()).await {
        Ok(comparer) => {
            let places = comparer.places(comparable(&coverage));
            if places.is_empty() {
                return Check::skipped(NAME, "of no member is known what should stand there");
            }
            judge(&comparer.look(places).await)
        }
        Err(why) => Check::unknown(NAME, why, None),
    }
}

fn judge(members: &BTreeMap<AccountRegion, Looked>) -> Check {
    let all = members.len();
    let differing = members.iter().filter_map(|(at, looked)| match looked {
        Looked::Compared(differences) if !differences.is_empty() => Some((at, differences)),
        _ => None,
    });
    let differing: Vec<_> = differing.collect();
    if let Some((at, differences)) = differing.first() {
        let what: Vec<String> = differences.iter().map(ToString::to_string).collect();
        let evidence = format!(
            "{} of {all} accounts and regions differ from the template, for example {at}: {}",
            differing.len(),
            hostile::line(&what.join("; "))
        );
        let remedy = "`pipetrail status --verdict differs` names them all; ask whoever changed them";
        return Check::failed(NAME, evidence, remedy);
    }
    let unread = members.values().filter_map(|looked| match looked {
        Looked::Unread(why) => Some(why),
        Looked::Compared(_) => None,
    });
    let unread: Vec<&String> = unread.collect();
    if let Some(why) = unread.first() {
        let evidence = format!(
            "{} of {all} accounts and regions could not be looked into, for example: {why}",
            unread.len()
        );
        let remedy = "check that your profile (audit.reader_profile, else audit.profile) may assume the audit account's role pipetrail-audit-reader-<region>, and that the member's stack has its reader";
        return Check::unknown(NAME, evidence, Some(remedy.to_owned()));
    }
    Check::ok(
        NAME,
        format!("what stands in {all} accounts and regions is as the template says"),
    )
}

#[cfg(test)]
mod tests {
    use pipetrail_member::Difference;

    use super::*;
    use crate::doctor::check::Grade;

    fn members(looked: &[Looked]) -> BTreeMap<AccountRegion, Looked> {
        let at = |number: usize| AccountRegion {
            account: format!("{number:012}").parse().unwrap(),
            region: "eu-central-1".parse().unwrap(),
        };
        looked
            .iter()
            .cloned()
            .enumerate()
            .map(|(number, looked)| (at(number), looked))
            .collect()
    }

    #[test]
    fn a_difference_fails_and_what_nobody_saw_is_unknown() {
        let same = Looked::Compared(vec![]);
        let difference = Difference {
            fact: "state of rule pipetrail-forward".to_owned(),
            found: "\"DISABLED\"".to_owned(),
            expected: "\"ENABLED\"".to_owned(),
        };
        let differs = Looked::Compared(vec![difference]);
        let unread = Looked::Unread("cannot DescribeRule".to_owned());
        let check = judge(&members(&[same.clone(), differs, unread.clone()]));
        assert_eq!(check.verdict, Grade::Failed);
        assert_eq!(
            check.evidence,
            "1 of 3 accounts and regions differ from the template, for example 000000000001/eu-central-1: state of rule pipetrail-forward is \"DISABLED\""
        );
        assert_eq!(judge(&members(&[same.clone(), unread])).verdict, Grade::Unknown);
        assert_eq!(judge(&members(&[same])).verdict, Grade::Ok);
    }
}
