//! Step 2: the stacks of the audit account by `apply`, without a member; the streams, and what the rules claim.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_firehose::error::SdkError;
use pipetrail_collector::Table;
use pipetrail_names::audit::{BUS, DATA_STACK, DECISIONS_RULE, RULE_PREFIX, STACKS};
use pipetrail_stacksets::{Actual, Desired, StepId, StepState, TrustedAccess, from_sdk, plan};

use super::super::claim::{PATTERNS, STACK, STREAMS};
use super::super::findings::Findings;
use super::super::ground::Ground;
use super::super::judge::{self, Judged};
use super::super::wait::wait_for;
use crate::deploy::carry_out::carry_out;
use crate::deploy::deployer;
use crate::failure::Result;

/// Why nothing after this step was tried.
pub(super) const NO_STACKS: &str = "the stacks of the audit account were not created";

/// How long a stream may be CREATING.
const CREATION: std::time::Duration = std::time::Duration::from_secs(180);

pub(super) async fn run(ground: &Ground, desired: &Desired, findings: &mut Findings) -> Result<()> {
    let mut actual = Actual::read(&ground.clients, ground.organization.clone(), desired).await?;
    // Nobody is enrolled, so StackSets needs none.
    actual.access = TrustedAccess::Enabled;
    let plan = plan::plan(desired, &actual)?.without_enrolment();
    let deployed = actual
        .stacks
        .get(DATA_STACK)
        .and_then(|stack| stack.parameters.get(deployer::PARAMETER));
    let configured = ground.config.audit.deployer_role.as_ref().map(AsRef::as_ref);
    deployer::check(
        ground.audit(),
        ground.account(),
        deployed.map(String::as_str),
        configured,
    )
    .await?;
    let steps = carry_out(&plan, &ground.clients).await;
    for name in STACKS {
        let id = StepId::Stack(name.to_owned());
        let result = steps.iter().map(|step| &step.result).find(|result| result.step == id);
        let judged = match result.map(|result| (result.state, result)) {
            Some((StepState::Done, _)) => Judged::proven("created"),
            Some((_, result)) => ground.place.missed(&result.to_string()),
            None => Judged::not_possible("the plan has no step for it"),
        };
        findings.note(&STACK, name, Ok(judged));
    }
    if !findings.proves(&STACK) {
        findings.close(2, NO_STACKS);
        return Ok(());
    }
    findings.note(&STREAMS, "", streams(ground).await);
    let rules = rules(ground).await?;
    for record in &ground.sample.events {
        let judged = claimed(ground, &rules, record.table, &record.body).await;
        findings.note(&PATTERNS, record.table.name(), judged);
    }
    Ok(())
}

async fn streams(ground: &Ground) -> Result<Judged> {
    let mut states = Vec::new();
    for table in Table::DELIVERED {
        let name = table.stream_name();
        let mut last = String::new();
        wait_for(CREATION, async || {
            last = state(ground, &name).await?;
            Ok((last != "CREATING").then_some(()))
        })
        .await?;
        states.push((name, last));
    }
    Ok(judge::streams(&states))
}

/// The status of a stream.
///
/// # Errors
/// A refused call.
pub(super) async fn state(ground: &Ground, name: &str) -> Result<String> {
    let client = aws_sdk_firehose::Client::new(ground.audit());
    match client
        .describe_delivery_stream()
        .delivery_stream_name(name)
        .send()
        .await
    {
        Ok(answer) => {
            let about = answer.delivery_stream_description;
            Ok(about.map_or_else(String::new, |about| about.delivery_stream_status.as_str().to_owned()))
        }
        // An emulator writes numbers as text, which the client does not read; the status is in it all the same.
        Err(SdkError::ResponseError(error)) => {
            let body = String::from_utf8_lossy(error.raw().body().bytes().unwrap_or_default()).into_owned();
            let read: serde_json::Value = serde_json::from_str(&body)?;
            let status = &read["DeliveryStreamDescription"]["DeliveryStreamStatus"];
            Ok(status.as_str().unwrap_or_default().to_owned())
        }
        Err(error) => Err(from_sdk(format!("describe stream {name}"))(error).into()),
    }
}

/// The patterns of the rules on the bus, by name.
async fn rules(ground: &Ground) -> Result<BTreeMap<String, String>> {
    let client = aws_sdk_eventbridge::Client::new(ground.audit());
    let (mut rules, mut token) = (BTreeMap::new(), None);
    loop {
        let page = client
            .list_rules()
            .event_bus_name(BUS)
            .set_next_token(token)
            .send()
            .await;
        let page = page.map_err(from_sdk(format!("list the rules on bus {BUS}")))?;
        for rule in page.rules() {
            // An archive brings a rule of its own.
            if let (Some(name), Some(pattern)) = (rule.name(), rule.event_pattern())
                && rule.managed_by().is_none()
            {
                rules.insert(name.to_owned(), pattern.to_owned());
            }
        }
        token = page.next_token;
        if token.is_none() {
            return Ok(rules);
        }
    }
}

/// Which rules claim an event, by EventBridge's own judgement.
async fn claimed(ground: &Ground, rules: &BTreeMap<String, String>, table: Table, event: &str) -> Result<Judged> {
    let client = aws_sdk_eventbridge::Client::new(ground.audit());
    let mut by = BTreeSet::new();
    for (name, pattern) in rules {
        let tested = client
            .test_event_pattern()
            .event_pattern(pattern)
            .event(event)
            .send()
            .await;
        if tested
            .map_err(from_sdk(format!("test the pattern of rule {name}")))?
            .result
        {
            by.insert(name.clone());
        }
    }
    let mut wanted = BTreeSet::from([format!("{RULE_PREFIX}{table}")]);
    if table == Table::ApprovalCalls {
        wanted.insert(DECISIONS_RULE.to_owned());
    }
    Ok(judge::claimed(&by, &wanted))
}
