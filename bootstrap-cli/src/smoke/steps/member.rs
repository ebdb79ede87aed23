//! Step 5: the member template as a plain stack in every region, its heartbeats, and what the bus refuses.

use std::collections::BTreeSet;
use std::time::Instant;

use aws_config::SdkConfig;
use aws_sdk_sqs::types::MessageSystemAttributeName;
use pipetrail_collector::Table;
use pipetrail_lake::tiers::Tier;
use pipetrail_names::Region;
use pipetrail_names::member::{FORWARD_DLQ, HEARTBEAT_SOURCE, STACK};
use pipetrail_stacksets::apply::apply;
use pipetrail_stacksets::{Desired, ParameterValue, Plan, StackSpec, StepState, from_sdk};

use super::super::claim::{FORWARDER, HEARTBEAT, MEMBER_STACK, SOURCE, STRANGER, Verdict};
use super::super::findings::Findings;
use super::super::forwarder;
use super::super::ground::{Ground, Member};
use super::super::judge::{self, Judged};
use super::super::lake;
use super::super::wait::wait_for;
use crate::failure::Result;
use crate::terminal::progress::Steps;

/// A source that no forwarder may use, and that no member forwards.
const OTHER_SOURCE: &str = "pipetrail.smoke";

/// The member's own bus.
const OWN_BUS: &str = "default";

pub(super) async fn run(ground: &Ground, member: &Member, desired: &Desired, findings: &mut Findings) -> Result<()> {
    let regions = &ground.scope.regions;
    let mut spec = StackSpec {
        name: STACK.to_owned(),
        ..desired.stack_set.clone()
    };
    spec.parameters
        .insert("AuditBusArn".to_owned(), ParameterValue::Text(ground.bus()));
    let plan = Plan::creating_in(&member.account, regions, &spec, &ground.organization.id, &ground.scope);
    let clients = ground.clients_of(Some(member)).await;
    let mut steps = Steps::new(regions.len());
    let results = apply(&plan, &clients, &mut |progress| steps.show(progress)).await;
    drop(steps);
    let begun = Instant::now();
    let mut created = Vec::new();
    for (region, result) in regions.iter().zip(&results) {
        let judged = match result.state {
            StepState::Done => {
                created.push(region.clone());
                Judged::proven("created")
            }
            _ => ground.place.missed(&result.to_string()),
        };
        findings.note(&MEMBER_STACK, region.as_str(), Ok(judged));
    }
    for region in regions.iter().filter(|region| !created.contains(region)) {
        let judged = Judged::not_possible("the member's stack was not created there");
        findings.note(&HEARTBEAT, region.as_str(), Ok(judged));
    }
    refusals(ground, member, findings).await;
    if !created.is_empty() {
        heartbeats(ground, member, &created, begun, findings).await;
    }
    Ok(())
}

/// Waits for a heartbeat of each region.
async fn heartbeats(ground: &Ground, member: &Member, regions: &[Region], begun: Instant, findings: &mut Findings) {
    let mut missing: BTreeSet<&Region> = regions.iter().collect();
    let mut failed = None;
    let waited = wait_for(ground.limit, async || {
        let heard = heard(ground, member).await?;
        let arrived: Vec<&Region> = missing
            .iter()
            .filter(|region| heard.contains(region.as_str()))
            .copied()
            .collect();
        for region in arrived {
            missing.remove(region);
            let judged = judge::heartbeat(Some(begun.elapsed().as_secs()), 0, &[], &ground.place);
            findings.note(&HEARTBEAT, region.as_str(), Ok(judged));
        }
        Ok(missing.is_empty().then_some(()))
    });
    if let Err(failure) = waited.await {
        failed = Some(failure.to_string());
    }
    for region in missing {
        let judged = match &failed {
            Some(why) => Ok(Judged::not_possible(why.clone())),
            None => dead_letters(&ground.at(member, region).await)
                .await
                .map(|dead| judge::heartbeat(None, begun.elapsed().as_secs(), &dead, &ground.place)),
        };
        findings.note(&HEARTBEAT, region.as_str(), judged);
    }
}

/// The regions that heartbeats of the member's schedules came from: those whose Scheduler put a time in, which makes
/// the hour that they cover.
async fn heard(ground: &Ground, member: &Member) -> Result<BTreeSet<String>> {
    let heartbeats = Tier::Landing.of(Table::Heartbeats);
    let account = &member.account;
    let sql =
        format!("SELECT DISTINCT region FROM {heartbeats} WHERE account_id = '{account}' AND covered_hour IS NOT NULL");
    Ok(lake::texts(&ground.athena(), &sql).await?.into_iter().collect())
}

/// Why the rule could not deliver: what EventBridge writes beside each event in the dead-letter queue.
async fn dead_letters(config: &SdkConfig) -> Result<Vec<String>> {
    let sqs = aws_sdk_sqs::Client::new(config);
    let found = sqs.get_queue_url().queue_name(FORWARD_DLQ).send().await;
    let found = found.map_err(from_sdk(format!("look for queue {FORWARD_DLQ}")))?;
    let received = sqs
        .receive_message()
        .set_queue_url(found.queue_url)
        .max_number_of_messages(10);
    let received = received.message_attribute_names("All");
    let received = received.message_system_attribute_names(MessageSystemAttributeName::SentTimestamp);
    let received = received
        .send()
        .await
        .map_err(from_sdk(format!("receive from queue {FORWARD_DLQ}")))?;
    let mut whys = BTreeSet::new();
    for message in received.messages.unwrap_or_default() {
        let attributes = message.message_attributes.unwrap_or_default();
        let text = |name: &str| {
            attributes
                .get(name)
                .and_then(|value| value.string_value())
                .unwrap_or("none")
        };
        whys.insert(format!("{} ({})", text("ERROR_CODE"), text("ERROR_MESSAGE")));
    }
    Ok(whys.into_iter().collect())
}

/// What the bus says to principals of the member.
async fn refusals(ground: &Ground, member: &Member, findings: &mut Findings) {
    let (home, bus) = (ground.home(), ground.bus());
    let config = ground.at(member, home).await;
    let stranger = async || {
        let control = forwarder::put(&config, OWN_BUS, &[OTHER_SOURCE]).await?;
        let code = forwarder::put(&config, &bus, &[HEARTBEAT_SOURCE]).await?;
        Ok(judge::stranger(control.as_deref(), code.as_deref()))
    };
    findings.note(&STRANGER, "", stranger().await);
    match forwarder::create(&config, &member.account, home, &bus).await {
        Ok(role) => {
            // A new role's policy takes a while to be known.
            let admitted = wait_for(ground.limit, async || {
                let code = forwarder::put(&role, &bus, &[HEARTBEAT_SOURCE]).await?;
                let judged = judge::put_events(code.as_deref(), true);
                Ok((judged.verdict != Verdict::Refuted).then_some(judged))
            });
            let refused = Judged::refuted("PutEvents refuses it, also after IAM has had its time");
            let admitted = admitted.await.map(|admitted| admitted.unwrap_or(refused));
            findings.note(&FORWARDER, "", admitted);
            let other = async || {
                let alone = forwarder::put(&role, &bus, &[OTHER_SOURCE]).await?;
                let mixed = forwarder::put(&role, &bus, &[HEARTBEAT_SOURCE, OTHER_SOURCE]).await?;
                Ok(judge::sources(alone.as_deref(), mixed.as_deref()))
            };
            let judged = match findings.proves(&FORWARDER) {
                true => other().await,
                false => Ok(Judged::not_possible("the bus was not seen to admit the role at all")),
            };
            findings.note(&SOURCE, "", judged);
        }
        Err(failure) => {
            let why = failure.to_string();
            findings.note(&FORWARDER, "", Err(failure));
            findings.note(&SOURCE, "", Ok(Judged::not_possible(why)));
        }
    }
}
