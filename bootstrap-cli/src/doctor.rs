//! Preconditions: reads what pipetrail depends on and judges it. Every read stands for itself; one that
//! fails is `unknown` and hides no other.
//!
//! Each group is a file: plain facts, a pure judgement, and a thin ring that reads.

pub(crate) mod check;
mod examination;
mod fix;
mod leftovers;
mod members;
mod organization;
mod policies;
mod quotas;
pub(crate) mod regions;
pub(crate) mod trail;

use std::collections::BTreeSet;

use pipetrail_names::audit::{Bucket, STACKS};
use pipetrail_names::member;
use pipetrail_stacksets::{Caller, Organization, Stack, TrustedAccess};

use self::check::Check;
pub(crate) use self::examination::Examination;
pub(crate) use self::fix::{Fix, fixes};
pub(crate) use self::policies::roots;
pub(crate) use self::regions::{LACKING, Regions, enabled, read as read_regions};
use crate::aws::{self, Profiles, Session};
use crate::config::Config;

/// What is not looked at without credentials of the management account.
const UNREACHED: [&str; 5] = [
    organization::ORGANIZATION,
    organization::TRUSTED_ACCESS,
    trail::EXISTS,
    regions::MANAGEMENT,
    policies::NAME,
];

/// Examines everything; the members' accounts through `member_role`, or not at all.
pub(crate) async fn examine(config: &Config, profiles: Profiles, member_role: Option<&str>) -> (Examination, Session) {
    let (caller, audit) = profiles.callers().await;
    let audit_account = &config.audit.account;
    let settings = &config.organization;
    let file = format!(
        "{} OUs, {} regions, audit account {audit_account} in {}",
        settings.organizational_units.len(),
        settings.regions.len(),
        config.audit.region.as_ref()
    );
    let mut examination = Examination::default();
    let checks = &mut examination.checks;
    checks.push(Check::ok("configuration", file));
    checks.push(organization::credentials(
        organization::MANAGEMENT_CREDENTIALS,
        "management",
        None,
        caller.as_ref(),
    ));
    let expected = Some(audit_account);
    checks.push(organization::credentials(
        organization::AUDIT_CREDENTIALS,
        "audit",
        expected,
        audit.as_ref(),
    ));
    let is_audit = audit.is_ok_and(|found| found == *audit_account);
    let calls = caller.is_ok();
    let session = Session::of(profiles, caller.ok());

    let mut known = None;
    if let Ok(caller) = session.caller() {
        let read = organization::read(&session.organizations(), caller, &settings.organizational_units).await;
        checks.extend(organization::judge(config, &read));
        known = read.organization.ok();
    }
    let (management, audit) = tokio::join!(
        async {
            match calls {
                true => of_management(config, &session, known.as_ref()).await,
                false => Examination {
                    checks: UNREACHED
                        .map(|name| Check::skipped(name, "there are no credentials of the management account"))
                        .into(),
                    access: None,
                },
            }
        },
        async {
            match is_audit {
                true => of_audit(config, &session, known.as_ref()).await,
                false => vec![Check::skipped(
                    leftovers::NAME,
                    "the audit account cannot be read with these credentials",
                )],
            }
        },
    );
    let role = member_role.zip(known.as_ref());
    let members = match role {
        Some((role, (organization, caller))) => members::examine(config, &session, organization, *caller, role).await,
        None => vec![Check::skipped(
            leftovers::NAME,
            "members were not looked into: `pipetrail doctor --members` does",
        )],
    };
    examination.access = management.access;
    checks.extend(management.checks.into_iter().chain(audit).chain(members));
    (examination, session)
}

fn strings<T: AsRef<str>>(values: &[T]) -> Vec<String> {
    values.iter().map(|value| value.as_ref().to_owned()).collect()
}

/// What the management profile sees.
async fn of_management(config: &Config, session: &Session, known: Option<&(Organization, Caller)>) -> Examination {
    let wanted = strings(&config.organization.regions);
    let units = strings(&config.organization.organizational_units);
    let organizations = session.organizations();
    let cloudformation = aws_sdk_cloudformation::Client::new(session.management());
    let (access, trails, regions, policies) = tokio::join!(
        async {
            match known {
                Some((_, caller)) => Some((
                    TrustedAccess::read(&cloudformation, &organizations, *caller).await,
                    *caller,
                )),
                None => None,
            }
        },
        trail::read(session.management()),
        regions::read(session.management(), None),
        async {
            match known {
                Some((organization, _)) => {
                    let enrolled = organization::enrolled(config, organization);
                    let above = enrolled
                        .iter()
                        .filter_map(|id| organization.accounts.get(id))
                        .flat_map(|account| &account.parents);
                    Some((
                        organization,
                        policies::read(&organizations, &units, above.map(ToString::to_string).collect()).await,
                    ))
                }
                None => None,
            }
        },
    );
    let mut checks = Vec::new();
    match &access {
        Some((access, caller)) => checks.push(organization::trusted_access(access, *caller)),
        None => checks.push(Check::skipped(
            organization::TRUSTED_ACCESS,
            "the organization could not be read",
        )),
    }
    match &trails {
        Ok(trails) => checks.extend(trail::judge(trails, regions.iter().flatten().next())),
        Err(error) => checks.push(Check::unread(trail::EXISTS, error)),
    }
    checks.push(regions::known(&wanted));
    let whose = session.caller().map_or_else(
        |_| "the caller's account".to_owned(),
        |caller| format!("account {caller}"),
    );
    checks.push(regions::judge(
        regions::MANAGEMENT,
        &whose,
        &wanted,
        regions.as_ref().map(Option::as_ref),
    ));
    match &policies {
        Some((organization, Ok(policies))) => {
            let place = policies::Place {
                organization: &organization.id,
                audit: config.audit.account.as_ref(),
                home: config.audit.region.as_ref(),
                regions: &wanted,
            };
            checks.extend(policies::judge(&place, policies));
        }
        Some((_, Err(error))) => checks.push(Check::unread(policies::NAME, error)),
        None => checks.push(Check::skipped(policies::NAME, "the organization could not be read")),
    }
    if let Some((organization, Caller::Management)) = known
        && config.organization.management_account
    {
        let mut missing = BTreeSet::new();
        for region in &config.organization.regions {
            let client = aws_sdk_cloudformation::Client::new(&aws::at(session.management(), region.as_str()));
            match Stack::read(&client, member::STACK).await {
                Ok(Some(_)) => {}
                Ok(None) => drop(missing.insert(region.clone())),
                Err(error) => checks.push(Check::unread(leftovers::NAME, &error)),
            }
        }
        let found = leftovers::member(session.management(), &organization.management_account, &missing).await;
        let whose = format!("the management account {}", organization.management_account);
        checks.extend(leftovers::judge(&whose, &found));
    }
    Examination {
        checks,
        access: access.and_then(|(access, caller)| Some((access.ok()?, caller))),
    }
}

/// What the audit profile sees.
async fn of_audit(config: &Config, session: &Session, known: Option<&(Organization, Caller)>) -> Vec<Check> {
    let (account, home) = (config.audit.account.as_ref(), config.audit.region.as_ref());
    let wanted = [home.to_owned()];
    let cloudformation = aws_sdk_cloudformation::Client::new(session.audit());
    let (regions, quotas) = tokio::join!(regions::read(session.audit(), None), quotas::read(session.audit()));
    let mut checks = vec![regions::judge(
        regions::AUDIT,
        &format!("the audit account {account}"),
        &wanted,
        regions.as_ref().map(Option::as_ref),
    )];
    match known {
        Some((organization, _)) => {
            let accounts = organization::enrolled(config, organization).len();
            checks.extend(quotas::judge(home, accounts, config.organization.regions.len(), quotas));
        }
        None => checks.push(Check::skipped(
            quotas::PUT_EVENTS,
            "the organization's size is not known",
        )),
    }
    let [artifacts, data, pipeline] = STACKS;
    let bucket = |kind: &Bucket| kind.name(&config.audit.account, &config.audit.region);
    let mut buckets = Vec::new();
    for (stack, kinds) in [
        (artifacts, &[Bucket::Artifacts][..]),
        (data, &[Bucket::Lake, Bucket::Evidence, Bucket::Athena]),
        (pipeline, &[]),
    ] {
        match Stack::read(&cloudformation, stack).await {
            Ok(Some(_)) => {}
            Ok(None) if stack == pipeline => {
                let found = leftovers::pipeline(session.audit(), account, home).await;
                checks.extend(leftovers::judge(&format!("the audit account {account}"), &found));
            }
            Ok(None) => buckets.extend(kinds.iter().map(bucket)),
            Err(error) => checks.push(Check::unread(leftovers::NAME, &error)),
        }
    }
    checks.extend(leftovers::judge_buckets(
        &leftovers::buckets(&session.s3(), account, &buckets).await,
    ));
    checks
}
