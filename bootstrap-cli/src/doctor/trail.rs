//! The organization's trail. API calls, approvals among them, reach EventBridge only where a trail
//! records management write events; an organization trail does so in every account and region.

use aws_config::SdkConfig;
use aws_sdk_account::types::RegionOptStatus;
use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::types::{AdvancedEventSelector, EventSelector, ReadWriteType};
use pipetrail_names::chain;
use pipetrail_stacksets::{Error, from_sdk};

use super::check::Check;
use super::regions::Regions;
use crate::aws;

/// That there is one for the whole organization.
pub(crate) const EXISTS: &str = "organization-trail";
const LOGGING: &str = "trail-logging";
const EVENTS: &str = "trail-events";
const DELIVERY: &str = "trail-delivery";

/// What CodePipeline's API calls are called in CloudTrail.
const SOURCE: &str = "codepipeline.amazonaws.com";

/// A trail as far as approvals depend on it.
#[derive(Clone, Debug)]
pub(crate) struct Trail {
    /// Its ARN.
    pub arn: String,
    /// Whether it records every region.
    pub multi_region: bool,
    /// Whether it records every account.
    pub organization: bool,
    /// Where it was made.
    pub home_region: Option<String>,
    /// Whether it logs, and its latest trouble in writing to its bucket; only of organization trails.
    pub status: Result<Status, Unread>,
    /// Whether it records management write events; only of organization trails.
    pub events: Result<Recorded, Unread>,
}

/// Why something of a trail is not known.
pub(crate) type Unread = String;

/// What GetTrailStatus says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Status {
    /// Whether it is logging.
    pub logging: bool,
    /// The latest error in writing to the bucket.
    pub delivery_error: Option<String>,
}

/// Whether CodePipeline's write calls are among what a trail records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Recorded {
    /// They are.
    Writes,
    /// They are not, because of this.
    Not(String),
    /// The selectors restrict by something that cannot be judged here.
    Perhaps(String),
}

/// Reads the trails that the caller's region sees, and all of the organization's.
///
/// # Errors
/// DescribeTrails was refused; other refusals are kept with their trail.
pub(crate) async fn read(config: &SdkConfig) -> Result<Vec<Trail>, Error> {
    let client = Client::new(config);
    let answer = client.describe_trails().include_shadow_trails(true).send().await;
    let answer = answer.map_err(from_sdk("list the trails"))?;
    let mut trails = Vec::new();
    for found in answer.trail_list.unwrap_or_default() {
        let mut trail = Trail {
            arn: found.trail_arn.or(found.name).unwrap_or_default(),
            multi_region: found.is_multi_region_trail.unwrap_or_default(),
            organization: found.is_organization_trail.unwrap_or_default(),
            home_region: found.home_region,
            status: Err("it was not read".to_owned()),
            events: Err("it was not read".to_owned()),
        };
        if trail.organization {
            // Details of a trail are asked for where it was made.
            let client = match &trail.home_region {
                Some(region) => Client::new(&aws::at(config, region)),
                None => client.clone(),
            };
            let (status, events) = tokio::join!(status(&client, &trail.arn), events(&client, &trail.arn));
            trail.status = status.map_err(|error| chain(&error));
            trail.events = events.map_err(|error| chain(&error));
        }
        trails.push(trail);
    }
    Ok(trails)
}

async fn status(client: &Client, arn: &str) -> Result<Status, Error> {
    let answer = client.get_trail_status().name(arn).send().await;
    let answer = answer.map_err(from_sdk(format!("ask whether {arn} is logging")))?;
    Ok(Status {
        logging: answer.is_logging.unwrap_or_default(),
        delivery_error: answer.latest_delivery_error.filter(|error| !error.is_empty()),
    })
}

async fn events(client: &Client, arn: &str) -> Result<Recorded, Error> {
    let answer = client.get_event_selectors().trail_name(arn).send().await;
    let answer = answer.map_err(from_sdk(format!("ask what {arn} records")))?;
    Ok(recorded(answer.event_selectors(), answer.advanced_event_selectors()))
}

/// Whether the selectors let CodePipeline's write calls through. A trail without any records all
/// management events.
pub(crate) fn recorded(classic: &[EventSelector], advanced: &[AdvancedEventSelector]) -> Recorded {
    if advanced.is_empty() {
        return if classic.is_empty() || classic.iter().any(selects_writes) {
            Recorded::Writes
        } else {
            Recorded::Not("its event selectors leave out management write events".to_owned())
        };
    }
    let each: Vec<Recorded> = advanced.iter().map(advanced_selects_writes).collect();
    // One selector that lets them through is enough.
    let perhaps = each.iter().find(|found| matches!(found, Recorded::Perhaps(_)));
    let best = each.iter().find(|found| **found == Recorded::Writes).or(perhaps);
    let none = || Recorded::Not("its advanced event selectors leave out management write events".to_owned());
    best.cloned().unwrap_or_else(none)
}

fn selects_writes(selector: &EventSelector) -> bool {
    let excluded = selector.exclude_management_event_sources();
    selector.include_management_events().unwrap_or(true)
        && selector.read_write_type() != Some(&ReadWriteType::ReadOnly)
        && !excluded.iter().any(|source| source == SOURCE)
}

fn advanced_selects_writes(selector: &AdvancedEventSelector) -> Recorded {
    let mut perhaps = None;
    let mut management = false;
    for field in selector.field_selectors() {
        let value = match field.field() {
            "eventCategory" => "Management",
            "readOnly" => "false",
            "eventSource" => SOURCE,
            other => {
                perhaps = Some(format!("an advanced event selector restricts by {other}"));
                continue;
            }
        };
        let any = |equal: &[String], start: &[String], end: &[String]| {
            equal.iter().any(|wanted| value == wanted)
                || start.iter().any(|wanted| value.starts_with(wanted))
                || end.iter().any(|wanted| value.ends_with(wanted))
        };
        // CloudTrail takes what selects as alternatives, and what deselects all together.
        let (equal, start, end) = (field.equals(), field.starts_with(), field.ends_with());
        let selects_all = equal.is_empty() && start.is_empty() && end.is_empty();
        let selected = selects_all || any(equal, start, end);
        if !selected || any(field.not_equals(), field.not_starts_with(), field.not_ends_with()) {
            let reason = format!("an advanced event selector leaves them out by {}", field.field());
            return Recorded::Not(reason);
        }
        management |= field.field() == "eventCategory";
    }
    if !management {
        return Recorded::Not("an advanced event selector names no event category".to_owned());
    }
    perhaps.map_or(Recorded::Writes, Recorded::Perhaps)
}

/// Judges the best trail there is. `regions` are those of its account, where they are known.
pub(crate) fn judge(trails: &[Trail], regions: Option<&Regions>) -> Vec<Check> {
    let consequence = "pipeline runs arrive, approvals and other API calls do not";
    let make = "make one: `aws cloudtrail create-trail --name organization --s3-bucket-name <bucket> --is-organization-trail \
                --is-multi-region-trail`, then `aws cloudtrail start-logging --name organization`";
    let organization = trails.iter().filter(|trail| trail.organization);
    let Some(trail) = organization.max_by_key(|trail| merit(trail)) else {
        let evidence = match trails.len() {
            0 => format!("there is no trail: {consequence}"),
            count => format!(
                "none of the {count} trails is the organization's: {consequence} from accounts without a trail of their own"
            ),
        };
        let mut checks = vec![Check::failed(EXISTS, evidence, make)];
        checks.extend([LOGGING, EVENTS, DELIVERY].map(|name| Check::skipped(name, "there is no organization trail")));
        return checks;
    };
    let arn = &trail.arn;
    let home = trail.home_region.as_deref().unwrap_or("its region");
    let opt_in = regions.and_then(|regions| regions.get(home)) == Some(&RegionOptStatus::Enabled);
    let exists = if trail.multi_region && opt_in {
        Check::warning(
            EXISTS,
            format!("{arn} stands in {home}, which accounts have to opt into: those that have not send nothing"),
            "enable that region in every account, or make the trail in a region that is enabled by default",
        )
    } else if trail.multi_region {
        Check::ok(EXISTS, format!("{arn} records every account and region"))
    } else {
        Check::failed(
            EXISTS,
            format!("{arn} records {home} only: elsewhere, {consequence}"),
            format!("run `aws cloudtrail update-trail --name {arn} --is-multi-region-trail`"),
        )
    };
    let logging = match &trail.status {
        Ok(status) if status.logging => Check::ok(LOGGING, format!("{arn} is logging")),
        Ok(_) => Check::failed(
            LOGGING,
            format!("{arn} is not logging: {consequence}"),
            format!("run `aws cloudtrail start-logging --name {arn}`"),
        ),
        Err(reason) => Check::unknown(LOGGING, reason, None),
    };
    let delivery = match trail.status.as_ref().map(|status| &status.delivery_error) {
        Ok(None) => Check::ok(DELIVERY, format!("{arn} has no delivery error")),
        Ok(Some(error)) => Check::warning(
            DELIVERY,
            format!("{arn} could not write to its bucket: {error}"),
            "fix the bucket or its policy; EventBridge is served all the same, the records of the trail are not kept",
        ),
        Err(reason) => Check::unknown(DELIVERY, reason, None),
    };
    let select = format!(
        "see `aws cloudtrail get-event-selectors --trail-name {arn}`; write management events of {SOURCE} have to be among them"
    );
    let events = match &trail.events {
        Ok(Recorded::Writes) => Check::ok(EVENTS, format!("{arn} records management write events")),
        Ok(Recorded::Not(why)) => Check::failed(EVENTS, format!("{arn}: {why}: {consequence}"), select),
        Ok(Recorded::Perhaps(why)) => {
            Check::warning(EVENTS, format!("{arn}: {why}, which cannot be judged here"), select)
        }
        Err(reason) => Check::unknown(EVENTS, reason, None),
    };
    vec![exists, logging, events, delivery]
}

/// What makes one organization trail better than another: all regions, logging, the right events.
fn merit(trail: &Trail) -> (bool, bool, bool) {
    let logging = matches!(&trail.status, Ok(status) if status.logging);
    let events = matches!(&trail.events, Ok(Recorded::Writes));
    (logging && trail.multi_region && events, trail.multi_region, logging)
}

#[cfg(test)]
mod tests;
