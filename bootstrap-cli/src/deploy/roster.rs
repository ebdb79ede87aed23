//! The list of members in the lake's bucket, by which λ watch compares and listens: written before an operation, with
//! what counted so far and what it brings, and after it, by what each account and region has.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use jiff::{SignedDuration, Timestamp};
use pipetrail_member::Roster;
use pipetrail_member::roster::{FORMAT, RosterError, Settings, Standing};
use pipetrail_names::audit::{Bucket, PIPELINE_STACK, ROSTER_KEY};
use pipetrail_names::{AccountId, AccountRegion, Region};
use pipetrail_stacksets::plan::ManagementAction;
use pipetrail_stacksets::{Coverage, CoverageState, Desired, Error, ParameterValue, Plan, Scope, from_sdk};

use crate::deploy::step::Step;
use crate::failure::{Problem, Result};
use crate::members::list::{self, Found};
use crate::members::settings::MemberSettings;
use crate::status::verdict;
use crate::terminal::printer;

/// How often a list is written anew that somebody else wrote in between.
const ATTEMPTS: u32 = 6;

/// A silence is not told before that: λ watch listens once an hour.
const SHORTEST: SignedDuration = SignedDuration::from_hours(3);

/// What a list that cannot be written means.
const HINT: &str = "λ watch goes by the list of before until then: allow s3:GetObject and s3:PutObject on members/ in the \
                    lake's bucket (docs/permissions.md), then run `pipetrail apply` again";

/// The list, and what it is made of.
pub(crate) struct RosterObject<'a> {
    s3: &'a aws_sdk_s3::Client,
    bucket: String,
    desired: &'a Desired,
}

impl<'a> RosterObject<'a> {
    pub(crate) fn new(s3: &'a aws_sdk_s3::Client, desired: &'a Desired) -> Self {
        let Scope {
            audit_account, region, ..
        } = &desired.scope;
        RosterObject {
            s3,
            bucket: Bucket::Lake.name(audit_account, region),
            desired,
        }
    }

    /// Writes the list for the time in which the plan is carried out: what it may change counts as before and as after.
    ///
    /// # Errors
    /// It cannot be written; nothing should be carried out then.
    pub(crate) async fn before(&self, plan: &Plan, coverage: &Coverage) -> Result<()> {
        let touches = plan.stack_set.is_some()
            || !(plan.instances.is_empty() && plan.management.is_empty() && plan.joins.is_empty());
        let mut leaving = plan.management.iter().filter_map(|step| match step.action {
            ManagementAction::Delete { .. } => Some((&step.account, &step.region)),
            _ => None,
        });
        let leaves = |place: &AccountRegion| leaving.any(|at| at == (&place.account, &place.region));
        self.write(coverage, plan.stack_set.is_some(), touches, leaves).await
    }

    /// Writes the list by what stands; a step only where that fails.
    pub(crate) async fn after(&self, coverage: &Coverage) -> Option<Step> {
        let written = self.write(coverage, false, false, |_| false).await;
        let failed = written.err()?;
        let step = Step::own("list of members", Err(failed), HINT);
        printer::say(&step.result.to_string());
        Some(step)
    }

    async fn write(
        &self,
        coverage: &Coverage,
        updates: bool,
        touches: bool,
        mut leaves: impl FnMut(&AccountRegion) -> bool,
    ) -> Result<()> {
        let Some(wanted) = self.wanted() else { return Ok(()) };
        let deployed = coverage
            .stack_set
            .as_ref()
            .and_then(|set| MemberSettings::deployed(self.audit(), set).ok());
        let rows: Vec<(AccountRegion, CoverageState)> = coverage
            .instances
            .iter()
            .filter_map(|row| Some((row.at()?, row.state)))
            .collect();
        let leaving: Vec<AccountRegion> = rows
            .iter()
            .map(|(place, _)| place.clone())
            .filter(|place| leaves(place))
            .collect();
        let next = |previous: Option<&Roster>| {
            let given = deployed.as_ref().filter(|_| !updates);
            // Of another version's stack set only the list itself can say what counts.
            let known = previous.filter(|_| !updates && given.is_none());
            let version = known.and_then(|roster| roster.versions.get(&roster.current));
            let version = version.or(given.map(|given| &given.version)).unwrap_or(&wanted.version);
            let is_between = touches || coverage.stack_set.is_some() && given.is_none();
            let places = rows.iter().filter_map(|(place, state)| {
                let was = previous.is_some_and(|roster| roster.members.contains_key(place));
                let standing = match state {
                    _ if leaving.contains(place) => Standing::Leaving,
                    CoverageState::OutOfScope => Standing::Leaving,
                    CoverageState::Current if is_between => Standing::Between,
                    CoverageState::Current => Standing::Current,
                    CoverageState::Pending | CoverageState::Outdated | CoverageState::Inoperable if was => {
                        Standing::Between
                    }
                    // A stack that may never have been: it joins with its first heartbeat.
                    _ => return None,
                };
                Some((place.clone(), standing))
            });
            let places: BTreeMap<AccountRegion, Standing> = places.collect();
            let settings = self.settings(coverage, &wanted, deployed.as_ref(), updates, previous, &places);
            Some(Roster::next(previous, settings, version, places, Timestamp::now()))
        };
        change(self.s3, &self.bucket, &self.desired.scope.audit_account, next).await
    }

    fn settings(
        &self,
        coverage: &Coverage,
        wanted: &MemberSettings,
        deployed: Option<&MemberSettings>,
        updates: bool,
        previous: Option<&Roster>,
        places: &BTreeMap<AccountRegion, Standing>,
    ) -> Settings {
        let given = deployed.filter(|_| !updates).unwrap_or(wanted);
        let mut regions = vec![given.reader_region.clone()];
        // Until every stack is as the newest version says, the role may be where it was.
        if places.values().any(|standing| *standing == Standing::Between) {
            let others = previous
                .map(|roster| roster.settings.reader_regions.clone())
                .unwrap_or_default();
            regions.extend(
                others
                    .into_iter()
                    .chain(deployed.map(|given| given.reader_region.clone())),
            );
        }
        let mut seen = BTreeSet::new();
        regions.retain(|region| seen.insert(region.clone()));
        let pipeline = self.desired.stacks.iter().find(|spec| spec.name == PIPELINE_STACK);
        let buffer = pipeline.and_then(|spec| text(spec.parameters.get("BufferSeconds")?)?.parse().ok());
        let silent = |given: &MemberSettings| verdict::silent_after(&given.schedule, buffer.unwrap_or(0));
        let silent = deployed.map_or(SHORTEST, silent).max(silent(wanted)).max(SHORTEST);
        Settings {
            organization: coverage.organization.clone(),
            audit_account: self.desired.scope.audit_account.clone(),
            home: self.desired.scope.region.clone(),
            reader_regions: regions,
            external_id: given.external_id.clone(),
            silent_after_seconds: u32::try_from(silent.as_secs()).unwrap_or(u32::MAX),
        }
    }

    /// By what the configuration asks for.
    fn wanted(&self) -> Option<MemberSettings> {
        let parameters = &self.desired.stack_set.parameters;
        MemberSettings::of(self.audit(), |name| text(parameters.get(name)?).map(str::to_owned)).ok()
    }

    fn audit(&self) -> (&AccountId, &Region) {
        let Scope {
            audit_account, region, ..
        } = &self.desired.scope;
        (audit_account, region)
    }
}

/// Takes everybody off the list: first nothing is expected of them any more, and once they are `gone` they are not
/// on it. A list that is not there stays so.
///
/// # Errors
/// It cannot be written.
pub(crate) async fn leave(s3: &aws_sdk_s3::Client, bucket: &str, owner: &AccountId, gone: bool) -> Result<()> {
    change(s3, bucket, owner, |previous| {
        let mut roster = previous?.clone();
        roster.members.retain(|_, _| !gone);
        roster.members.values_mut().for_each(|member| member.versions.clear());
        let current = roster.current.clone();
        roster.versions.retain(|id, _| *id == current);
        roster.written_at = Timestamp::now();
        Some(roster)
    })
    .await
}

fn text(value: &ParameterValue) -> Option<&str> {
    match value {
        ParameterValue::Text(text) => Some(text),
        _ => None,
    }
}

/// Writes the list that comes after the one that is there, if that says something else; again where another run wrote
/// in between. Where there is no lake there is no list.
async fn change(
    s3: &aws_sdk_s3::Client,
    bucket: &str,
    owner: &AccountId,
    next: impl Fn(Option<&Roster>) -> Option<Roster>,
) -> Result<()> {
    for attempt in 1.. {
        let (previous, etag) = match list::fetch(s3, bucket, owner).await? {
            Found::There(bytes, etag) => (parse(bucket, &bytes)?, etag),
            Found::NoList => (None, None),
            Found::NoLake => return Ok(()),
        };
        let Some(roster) = next(previous.as_ref()) else {
            return Ok(());
        };
        if previous.is_some_and(|previous| roster.says_the_same(&previous)) {
            return Ok(());
        }
        let put = s3.put_object().bucket(bucket).key(ROSTER_KEY);
        let put = put
            .expected_bucket_owner(owner.as_str())
            .content_type("application/json");
        let put = match etag {
            Some(etag) => put.if_match(etag),
            None => put.if_none_match("*"),
        };
        let put = put.body(ByteStream::from(serde_json::to_vec(&roster)?)).send().await;
        let put = put.map_err(from_sdk(format!("write s3://{bucket}/{ROSTER_KEY}")));
        match put {
            Ok(_) => return Ok(()),
            // 409 where another write is under way.
            Err(error) if is_overtaken(&error) && attempt < ATTEMPTS => {
                tokio::time::sleep(Duration::from_millis(200) * attempt).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// # Errors
/// A list of a newer version. One that is damaged is written anew.
fn parse(bucket: &str, bytes: &[u8]) -> Result<Option<Roster>> {
    match Roster::parse(bytes) {
        Ok(roster) => Ok(Some(roster)),
        Err(error @ RosterError::Format(format)) if format > FORMAT => Err(Problem {
            message: format!("cannot use s3://{bucket}/{ROSTER_KEY}: {error}"),
            hint: Some("take a newer pipetrail, as whoever wrote it has".to_owned()),
        }
        .into()),
        Err(error) => {
            printer::say(&format!(
                "s3://{bucket}/{ROSTER_KEY} is written anew: {}",
                pipetrail_names::chain(&error)
            ));
            Ok(None)
        }
    }
}

fn is_overtaken(error: &Error) -> bool {
    matches!(error.code(), Some("PreconditionFailed" | "ConditionalRequestConflict"))
}

#[cfg(test)]
mod tests;
