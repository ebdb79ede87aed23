//! Preconditions: reads what pipetrail depends on and judges it. Every read stands for itself; one that
//! fails is `unknown` and hides no other.
//!
//! Each group is a file: plain facts, a pure judgement, and a thin ring that reads.

pub(crate) mod check;
mod compared;
mod fix;
mod lake_formation;
mod leftovers;
mod members;
mod organization;
mod policies;
mod quotas;
pub(crate) mod regions;
pub(crate) mod trail;

use std::collections::BTreeSet;

use pipetrail_names::audit::{Bucket, STACKS};
use pipetrail_names::{OuId, member};
use pipetrail_stacksets::{Caller, Organization, Stack, TrustedAccess};

use self::check::Check;
pub(crate) use self::fix::{Examination, Fix, fixes};
pub(crate) use self::lake_formation::NAME as LAKE_FORMATION;
use self::policies::Kind;
pub(crate) use self::policies::roots;
pub(crate) use self::regions::{LACKING, Regions, enabled, read as read_regions};
use crate::aws::{self, Profiles, Session};
use crate::config::Config;

/// What is not looked at without credentials of the management account.
const UNREACHED: [&str; 6] = [
    organization::ORGANIZATION,
    organization::TRUSTED_ACCESS,
    trail::EXISTS,
    regions::MANAGEMENT,
    Kind::ServiceControl.name(),
    Kind::ResourceControl.name(),
];

/// Examines everything; the members' accounts through `member_role`, or not at all.
pub(crate) async fn examine(config: &Config, profiles: Profiles, member_role: Option<&str>) -> (Examination, Session) {
    let (caller, audit) = profiles.callers().await;
    let settings = &config.organization;
    let file = format!(
        "{} OUs, {} regions, audit account {} in {}",
        settings.organizational_units.len(),
        settings.regions.len(),
        config.audit.account,
        config.audit.region
    );
    let mut checks = vec![
        Check::ok("configuration", file),
        organization::credentials(organization::MANAGEMENT_CREDENTIALS, "management", &caller),
        organization::credentials(organization::AUDIT_CREDENTIALS, "audit", &audit),
    ];
    let session = Session::of(profiles, caller.ok());

    let mut known = None;
    if let Ok(caller) = session.caller() {
        let read = organization::read(&session.organizations(), caller, &settings.organizational_units).await;
        checks.extend(organization::judge(config, &read));
        known = read.organization.ok();
    }
    let audit = async {
        let reason = "the audit account cannot be read with these credentials";
        match audit {
            Ok(_) => of_audit(config, &session, known.as_ref()).await,
            Err(_) => vec![Check::skipped(leftovers::NAME, reason)],
        }
    };
    let (management, audit) = tokio::join!(of_management(config, &session, known.as_ref()), audit);
    let not_asked = "members were not looked into: `pipetrail doctor --members` does";
    let members = match member_role.zip(known.as_ref()) {
        Some((role, (organization, caller))) => members::examine(config, &session, organization, *caller, role).await,
        None => vec![Check::skipped(leftovers::NAME, not_asked)],
    };
    checks.extend(management.checks.into_iter().chain(audit).chain(members));
    let access = management.access;
    (Examination { checks, access }, session)
}

/// What the management profile sees.
async fn of_management(config: &Config, session: &Session, known: Option<&(Organization, Caller)>) -> Examination {
    let Ok(account) = session.caller() else {
        let unreached = |name| Check::skipped(name, "there are no credentials of the management account");
        let checks = UNREACHED.map(unreached).into();
        return Examination { checks, access: None };
    };
    let settings = &config.organization;
    let organizations = session.organizations();
    let cloudformation = aws_sdk_cloudformation::Client::new(session.management());
    let (read, trails, regions) = tokio::join!(
        async {
            let (organization, caller) = known?;
            let enrolled = organization::enrolled(config, organization);
            let parents = |id| organization.accounts.get(id).map(|account| &account.parents);
            let above: BTreeSet<OuId> = enrolled.iter().filter_map(parents).flatten().cloned().collect();
            let of_audit: BTreeSet<OuId> = parents(&config.audit.account).cloned().unwrap_or_default();
            let units = &settings.organizational_units;
            let access = TrustedAccess::read(&cloudformation, &organizations, *caller);
            // One after the other: Organizations throttles.
            let policies = async {
                let services = Kind::ServiceControl;
                let services = policies::read(&organizations, services, units, above.clone(), BTreeSet::new()).await;
                let resources = policies::read(&organizations, Kind::ResourceControl, units, above, of_audit).await;
                [(Kind::ServiceControl, services), (Kind::ResourceControl, resources)]
            };
            let (access, policies) = tokio::join!(access, policies);
            Some((organization, *caller, access, policies))
        },
        trail::read(session.management()),
        regions::read(session.management(), None),
    );
    let unread = |name| Check::skipped(name, "the organization could not be read");
    let mut checks = vec![match &read {
        Some((_, caller, access, _)) => organization::trusted_access(access, *caller),
        None => unread(organization::TRUSTED_ACCESS),
    }];
    match &trails {
        Ok(trails) => checks.extend(trail::judge(trails, regions.iter().flatten().next())),
        Err(error) => checks.push(Check::unread(trail::EXISTS, error)),
    }
    checks.push(regions::known(&settings.regions));
    let (whose, regions) = (format!("account {account}"), regions.as_ref().map(Option::as_ref));
    checks.push(regions::judge(regions::MANAGEMENT, &whose, &settings.regions, regions));
    match &read {
        Some((organization, _, _, policies)) => {
            for (kind, policies) in policies {
                checks.extend(match policies {
                    Ok(policies) => policies::judge(config, &organization.id, *kind, policies),
                    Err(error) => vec![Check::unread(kind.name(), error)],
                });
            }
        }
        None => checks.extend([Kind::ServiceControl, Kind::ResourceControl].map(|kind| unread(kind.name()))),
    }
    if let Some((organization, Caller::Management)) = known
        && settings.management_account
    {
        let mut missing = BTreeSet::new();
        for region in &settings.regions {
            let client = aws_sdk_cloudformation::Client::new(&aws::at(session.management(), region.as_str()));
            match Stack::read(&client, member::STACK).await {
                Ok(Some(_)) => {}
                Ok(None) => drop(missing.insert(region.clone())),
                Err(error) => checks.push(Check::unread(leftovers::NAME, &error)),
            }
        }
        let account = &organization.management_account;
        let found = leftovers::member(session.management(), account, &missing).await;
        checks.extend(leftovers::judge(&format!("the management account {account}"), &found));
    }
    let access = read.and_then(|(_, caller, access, _)| Some((access.ok()?, caller)));
    Examination { checks, access }
}

/// Whether one role alone may change what keeps the evidence.
fn deployer(config: &Config) -> Check {
    const NAME: &str = "deployer-role";
    match &config.audit.deployer_role {
        Some(role) => Check::ok(
            NAME,
            format!("once applied, only {role} may change the evidence bucket's policy and settings"),
        ),
        None => {
            let account = &config.audit.account;
            let evidence = format!(
                "whoever has S3 rights in account {account} may change the evidence bucket's policy and settings, bypass its \
                 governance retention, and write the list of members"
            );
            let remedy = "set audit.deployer_role in pipetrail.toml to the role that runs `pipetrail apply`";
            Check::warning(NAME, evidence, remedy)
        }
    }
}

/// What the audit profile sees.
async fn of_audit(config: &Config, session: &Session, known: Option<&(Organization, Caller)>) -> Vec<Check> {
    let (account, home) = (&config.audit.account, &config.audit.region);
    let whose = format!("the audit account {account}");
    let cloudformation = aws_sdk_cloudformation::Client::new(session.audit());
    let (regions, quota, concurrency, defaults) = tokio::join!(
        regions::read(session.audit(), None),
        quotas::read(session.audit()),
        quotas::read_concurrency(session.audit()),
        lake_formation::read(session.audit(), account)
    );
    let (wanted, regions) = (std::slice::from_ref(home), regions.as_ref().map(Option::as_ref));
    let mut checks = vec![
        regions::judge(regions::AUDIT, &whose, wanted, regions),
        regions::home(home, regions),
    ];
    match known {
        Some((organization, _)) => {
            let accounts = organization::enrolled(config, organization).len();
            checks.push(quotas::judge(home, accounts, config.organization.regions.len(), quota));
        }
        None => checks.push(Check::skipped(
            quotas::PUT_EVENTS,
            "the organization's size is not known",
        )),
    }
    checks.push(quotas::judge_concurrency(home, concurrency));
    checks.push(lake_formation::judge(account, home, defaults));
    checks.push(deployer(config));
    let [artifacts, data, pipeline] = STACKS;
    let mut buckets = Vec::new();
    for (stack, kinds) in [
        (artifacts, &[Bucket::Artifacts][..]),
        (data, &[Bucket::Lake, Bucket::Evidence, Bucket::Athena]),
        (pipeline, &[]),
    ] {
        match Stack::read(&cloudformation, stack).await {
            Ok(Some(_)) => {}
            Ok(None) if stack == pipeline => {
                let found = leftovers::pipeline(session.audit(), &session.signed(), account, home).await;
                checks.extend(leftovers::judge(&whose, &found));
            }
            Ok(None) => {
                buckets.extend(kinds.iter().map(|kind| kind.name(account, home)));
                if stack == data {
                    let found = leftovers::data(session.audit(), config).await;
                    checks.extend(leftovers::judge(&whose, &found));
                }
            }
            Err(error) => checks.push(Check::unread(leftovers::NAME, &error)),
        }
    }
    let kept = leftovers::buckets(&session.s3(), account, buckets).await;
    checks.extend(leftovers::judge_buckets(&kept));
    checks
}
