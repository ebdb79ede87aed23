//! The calls to EventBridge: rules off, archive, replay.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::{ReplayDestination, RuleState};
use pipetrail_names::{AccountId, Region};

use super::record::Record;
use crate::error::{Error, from_sdk, unless_refused};
use crate::flow::Flow;
use crate::journal::Written;
use crate::stack::text_of;
use crate::time;

const MISSING: &str = "ResourceNotFoundException";

/// The flow's rules that are there, each with whether it is on.
pub(super) async fn rules(client: &Client, flow: &Flow) -> Result<Vec<(String, bool)>, Error> {
    let (mut found, mut token) = (Vec::new(), None);
    loop {
        let call = client.list_rules().event_bus_name(&flow.bus).set_next_token(token);
        let listed = call.send().await;
        let listed = listed.map_err(from_sdk(format!("list the rules of bus {}", flow.bus)));
        let Some(listed) = unless_refused(MISSING, listed)? else {
            return Ok(vec![]);
        };
        for rule in listed.rules.unwrap_or_default() {
            let name = rule.name.unwrap_or_default();
            if flow.rules.iter().any(|ours| ours.rule == name) {
                found.push((name, rule.state != Some(RuleState::Disabled)));
            }
        }
        token = listed.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(found);
        }
    }
}

/// Switches a rule off; one that is gone is off.
pub(super) async fn disable(client: &Client, flow: &Flow, rule: &str, written: &Written) -> Result<(), Error> {
    let call = client.disable_rule().event_bus_name(&flow.bus).name(rule);
    let disabled = call.send().await;
    let disabled = disabled.map_err(from_sdk(format!("disable rule {rule} of bus {}", flow.bus)));
    unless_refused(MISSING, written.note(disabled)).map(|_| ())
}

/// Whether the archive is there.
pub(crate) async fn has_archive(client: &Client, flow: &Flow) -> Result<bool, Error> {
    let described = client.describe_archive().archive_name(&flow.archive).send().await;
    let described = described.map_err(from_sdk(format!("describe archive {}", flow.archive)));
    Ok(unless_refused(MISSING, described)?.is_some())
}

/// The state of a record's replay; `None` where there is none of its name.
pub(crate) async fn replay_state(client: &Client, record: &Record) -> Result<Option<String>, Error> {
    let Some(name) = record.replay_name() else {
        return Ok(None);
    };
    let described = client.describe_replay().replay_name(&name).send().await;
    let described = unless_refused(MISSING, described.map_err(from_sdk(format!("describe replay {name}"))))?;
    Ok(described.map(|replay| text_of(replay.state())))
}

/// Starts a record's replay; one of its name that is there already is that one.
pub(super) async fn start_replay(
    client: &Client,
    flow: &Flow,
    (account, region): (&AccountId, &Region),
    record: &Record,
    written: &Written,
) -> Result<(), Error> {
    let (Some(name), Some((from, until))) = (record.replay_name(), record.replayed()) else {
        return Ok(());
    };
    let (archive, bus, rules) = flow.arns(account, region);
    let destination = ReplayDestination::builder().arn(bus).set_filter_arns(Some(rules));
    let destination = destination.build().map_err(|error| Error::Aws {
        action: format!("start replay {name}"),
        fault: crate::error::Fault::Unanswered(error.into()),
    })?;
    let call = client.start_replay().replay_name(&name).event_source_arn(archive);
    let call = call.description("What reached the bus while its rules were replaced.");
    let call = call
        .event_start_time(time::to_aws(from))
        .event_end_time(time::to_aws(until));
    let started = call.destination(destination).send().await;
    let started = written.note(started.map_err(from_sdk(format!("start replay {name}"))));
    unless_refused("ResourceAlreadyExistsException", started).map(|_| ())
}
