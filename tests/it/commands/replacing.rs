//! The pipeline stack is replaced while events flow, `apply` is killed on the way, and nothing is lost.
//!
//! Everything is waited for sixty times faster than on AWS: a buffer of 60 s is one second, the archive's
//! ten minutes are ten seconds. The relay holds what streams have not written yet and loses it with
//! them, keeps what reaches the bus in its archive after those ten seconds, and carries out the replay.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use aws_sdk_sqs::types::QueueAttributeName;
use jiff::{SignedDuration, Timestamp};
use pipetrail_tests::environment::Ran;
use pipetrail_tests::fault_proxy::{Call, Fault};
use pipetrail_tests::organization::subscribers::EVERYONE;
use pipetrail_tests::organization::{Archived, HOME, Organization, SECOND};
use pipetrail_tests::tally::{query, wait_for_quiet};
use pipetrail_tests::wire::Envelope;

use super::upgrade::client;
use crate::{lake, org};

const PACE: u32 = 60;
const BUFFER: u32 = 60;
const EXECUTION: &str = include_str!("../../fixtures/pipeline/succeeded.json");
const DECISION: &str = include_str!("../../fixtures/cloudtrail/put-approval-approved-sso-console.json");

/// What flows, until it is stopped.
struct Traffic {
    organization: Arc<Organization>,
    is_over: AtomicBool,
    /// Ids of executions.
    executions: Mutex<BTreeSet<String>>,
    /// Ids of CloudTrail's records.
    decisions: Mutex<BTreeSet<String>>,
}

impl Traffic {
    fn new(organization: &Arc<Organization>) -> Self {
        Traffic {
            organization: Arc::clone(organization),
            is_over: AtomicBool::new(false),
            executions: Mutex::default(),
            decisions: Mutex::default(),
        }
    }

    /// Emits events in the first member; every fourth is a decision.
    async fn flow(&self) -> Result<()> {
        for number in 1.. {
            if self.is_over.load(Ordering::Relaxed) {
                break;
            }
            self.emit(number).await?;
            self.organization.relay.write_held().await?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        while self.organization.relay.held_and_lost().0 > 0 {
            self.organization.relay.write_held().await?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    async fn emit(&self, number: usize) -> Result<()> {
        let id = format!("33333333-0000-4000-8000-{number:012}");
        let is_decision = number.is_multiple_of(4);
        let text = if is_decision {
            DECISION
                .replace("1a2b3c39-1039-4039-918f-00a1b2c3d519", &id)
                .replace("0b6c1d2e-3f40-4a5b-8c6d", "0b6c1d2e-3f40-4a5b-8c6e")
        } else {
            EXECUTION.replace("5f1c9a52-7e0b-4c3e-9a61-0d4b6a2f8e11", &id)
        };
        let member = &self.organization.members[0].id;
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let envelope = org::moved(&text, ("111122223333", member), (HOME, HOME));
        let envelope = envelope.with("id", &id)?.with("time", &now)?;
        self.emitted(member, &envelope).await?;
        let kind = if is_decision { &self.decisions } else { &self.executions };
        kind.lock().unwrap().insert(id);
        Ok(())
    }

    /// A stack that goes while it is read makes the relay fail; EventBridge would try again.
    async fn emitted(&self, member: &str, envelope: &Envelope) -> Result<()> {
        let relay = &self.organization.relay;
        let mut last = None;
        for _ in 0..20 {
            relay.forget_rules().await;
            match relay.emit(member, HOME, envelope).await {
                Ok(_) => return Ok(()),
                Err(error) => last = Some(error),
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Err(last.context("not emitted")?)
    }
}

fn command(organization: &Organization, archived: &Archived, arguments: &[&str]) -> tokio::process::Command {
    let mut command = organization.command(arguments, &archived.aws_config);
    command.env("PIPETRAIL_PACE", PACE.to_string());
    command
}

async fn run(organization: &Organization, archived: &Archived, arguments: &[&str]) -> Result<Ran> {
    let output = command(organization, archived, arguments).output().await?;
    Ok(Ran::from(output))
}

/// Runs `apply` and kills it at the first call for which `when` holds, once the emulator has done it.
async fn killed(
    organization: &Organization,
    archived: &Archived,
    arguments: &[&str],
    when: impl Fn(&Call) -> bool + Send + 'static,
) -> Result<()> {
    archived.traffic.place(None);
    archived.traffic.inject(Fault::Hangs, 1, when);
    let mut child = command(organization, archived, arguments).spawn()?;
    tokio::select! {
        () = archived.traffic.reached() => child.kill().await?,
        ended = child.wait() => {
            let output = child.wait_with_output().await?;
            bail!("it ended by itself: {:?}\n{}", ended?, String::from_utf8_lossy(&output.stderr));
        }
    }
    archived.traffic.place(None);
    Ok(())
}

async fn stack_id(organization: &Organization) -> Result<String> {
    let found = client(organization).await?.describe_stacks();
    let found = found.stack_name("pipetrail-pipeline").send().await?;
    let id = found.stacks().first().and_then(|stack| stack.stack_id());
    Ok(id.context("no stack id")?.to_owned())
}

/// A decision whose function goes with the stack comes again after the queue's visibility timeout: six minutes,
/// as deployed.
async fn hide_decisions_briefly(organization: &Organization) -> Result<()> {
    let sqs = aws_sdk_sqs::Client::new(&organization.audit().await?);
    let queue = sqs.get_queue_url().queue_name("pipetrail-decisions").send().await?;
    let change = sqs.set_queue_attributes().set_queue_url(queue.queue_url);
    change
        .attributes(QueueAttributeName::VisibilityTimeout, "20")
        .send()
        .await?;
    Ok(())
}

/// Endpoint and filter of every subscription.
async fn subscriptions(organization: &Organization) -> Result<BTreeMap<String, String>> {
    let sns = aws_sdk_sns::Client::new(&organization.audit().await?);
    let mut found = BTreeMap::new();
    for subscription in sns.list_subscriptions().send().await?.subscriptions() {
        let arn = subscription.subscription_arn().context("a subscription without ARN")?;
        let attributes = sns.get_subscription_attributes().subscription_arn(arn).send().await?;
        let filter = attributes.attributes().and_then(|all| all.get("FilterPolicy"));
        found.insert(arn.to_owned(), format!("{:?} {filter:?}", subscription.endpoint()));
    }
    Ok(found)
}

#[test]
fn the_pipeline_stack_is_replaced_under_load_and_through_four_kills_without_losing_an_event() {
    org::with(|shared| async move {
        let organization = Arc::new(org::fresh(&shared, 1).await?);
        let settings = std::fs::read_to_string(organization.settings())?;
        let buffer = format!("[delivery]\nbuffer_seconds = {BUFFER}\n");
        std::fs::write(organization.settings(), settings.replace("[delivery]\n", &buffer))?;
        organization.apply().await?;
        organization.complete_members().await?;
        organization.subscribe().await?;
        hide_decisions_briefly(&organization).await?;
        let subscribed = subscriptions(&organization).await?;
        assert_eq!(subscribed.len(), 2, "{subscribed:?}");
        let member = organization.members[0].id.as_str();
        let heartbeat = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let mut scheduled = organization.relay.scheduled(member, HOME, &heartbeat).await?;
        scheduled.extend(organization.relay.canaries(member, HOME, &heartbeat).await?);
        // A region of which no heartbeat comes at all.
        let elsewhere = org::moved(EXECUTION, ("111122223333", member), (HOME, SECOND));
        scheduled.push(elsewhere.with("time", &heartbeat)?);
        org::play_all(&organization, scheduled.iter().map(org::emit).collect()).await?;

        let (archived, replaced) = (
            organization.archived(Duration::from_secs(600) / PACE).await?,
            stack_id(&organization).await?,
        );
        organization.relay.buffer(Duration::from_secs(BUFFER.into()) / PACE);
        let traffic = Arc::new(Traffic::new(&organization));
        let flowing = tokio::spawn({
            let traffic = Arc::clone(&traffic);
            async move { traffic.flow().await }
        });
        tokio::time::sleep(Duration::from_secs(2)).await;

        let planned = run(&organization, &archived, &["plan", "--replace-pipeline-stack"]).await?;
        for said in [
            "! rules of bus pipetrail: disable 7 and wait until their streams have drained",
            "! stack pipetrail-pipeline: delete and create, it is CREATE_COMPLETE: that was asked for",
            "~ replay of archive pipetrail: from 45 minutes before",
        ] {
            assert!(planned.stdout.contains(said), "{}{}", planned.stdout, planned.stderr);
        }

        // One rule is off.
        let asked = ["apply", "--replace-pipeline-stack"];
        killed(&organization, &archived, &asked, |call| call.operation == "DisableRule").await?;
        let planned = run(&organization, &archived, &["plan"]).await?;
        assert!(
            planned.stdout.contains("an earlier run has begun to"),
            "{}",
            planned.stdout
        );
        // All are off, the streams have drained, the stack goes.
        killed(&organization, &archived, &["apply"], |call| {
            call.operation == "DeleteStack"
        })
        .await?;
        // The new one is there.
        let creates = |call: &Call| {
            let stack = call.form.get("StackName").map(String::as_str);
            call.operation == "CreateStack" && stack == Some("pipetrail-pipeline")
        };
        killed(&organization, &archived, &["apply"], creates).await?;
        // The replay has begun.
        killed(&organization, &archived, &["apply"], |call| {
            call.operation == "StartReplay"
        })
        .await?;
        let planned = run(&organization, &archived, &["plan", "--check"]).await?;
        assert_eq!(planned.code, Some(3), "{}{}", planned.stdout, planned.stderr);
        assert!(
            planned.stdout.contains("~ replay of archive pipetrail: "),
            "{}",
            planned.stdout
        );
        // Whoever asks again means the same replacement.
        let ran = run(&organization, &archived, &asked).await?;
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert!(ran.stderr.contains("replayed (no rules for "), "{}", ran.stderr);
        let planned = run(&organization, &archived, &["plan", "--check"]).await?;
        assert_eq!(planned.code, Some(0), "{}{}", planned.stdout, planned.stderr);
        assert_ne!(stack_id(&organization).await?, replaced);

        traffic.is_over.store(true, Ordering::Relaxed);
        flowing.await??;
        wait_for_quiet(&organization).await?;
        assert_eq!(
            organization.relay.held_and_lost(),
            (0, 0),
            "records lost with their streams"
        );
        let (executions, decisions) = (
            traffic.executions.lock().unwrap().clone(),
            traffic.decisions.lock().unwrap().clone(),
        );
        nothing_is_lost_or_told_twice(&organization, member, &executions, &decisions).await?;
        assert_eq!(subscriptions(&organization).await?, subscribed);
        the_gap_is_our_own_doing(&organization, member, heartbeat.parse()?).await
    });
}

async fn nothing_is_lost_or_told_twice(
    organization: &Organization,
    member: &str,
    executions: &BTreeSet<String>,
    decisions: &BTreeSet<String>,
) -> Result<()> {
    let config = organization.audit().await?;
    let ids = async |sql: &str| {
        let rows = query(&config, sql).await?;
        anyhow::Ok(
            rows.into_iter()
                .filter_map(|mut row| row.pop()?)
                .collect::<BTreeSet<String>>(),
        )
    };
    let landed = ids("SELECT DISTINCT execution_id FROM landing_pipeline_executions").await?;
    let lost: Vec<&String> = executions.difference(&landed).collect();
    ensure!(
        lost.is_empty(),
        "{} of {} executions lost: {lost:?}",
        lost.len(),
        executions.len()
    );
    let live = ids("SELECT DISTINCT execution_id FROM landing_pipeline_executions WHERE source = 'live'").await?;
    let only_replayed = executions.difference(&live).count();
    ensure!(
        only_replayed > 0,
        "no event came while the bus had no rules: this shows nothing"
    );
    ensure!(!live.is_disjoint(executions), "no event came while it had");
    let calls = ids("SELECT DISTINCT event_id FROM landing_approval_calls").await?;
    let lost: Vec<&String> = decisions.difference(&calls).collect();
    ensure!(
        lost.is_empty(),
        "{} of {} decisions lost: {lost:?}",
        lost.len(),
        decisions.len()
    );
    for subscriber in [member, EVERYONE] {
        let alerts = lake::alerts(organization, subscriber, member).await?;
        assert_eq!(alerts.len(), decisions.len(), "alerts of {subscriber}");
    }
    let evidence = lake::evidence(organization, member).await?;
    assert_eq!(evidence.len(), decisions.len(), "{evidence:?}");
    Ok(())
}

/// An account whose silence is explained by the gap is pending, and silent a little later.
async fn the_gap_is_our_own_doing(organization: &Organization, member: &str, heartbeat: Timestamp) -> Result<()> {
    let status = async |silent_after: SignedDuration, now: Timestamp| {
        let (silent_after, now) = (format!("{}s", silent_after.as_secs()), now.to_string());
        let arguments = [
            "status",
            "--account",
            member,
            "--region",
            HOME,
            "--silent-after",
            &silent_after,
            "--now",
            &now,
            "--output",
            "json",
        ];
        let ran = organization.run(&arguments, &organization.aws_config).await?;
        ensure!(ran.code == Some(0), "{}", ran.stderr);
        ran.json()
    };
    let now = Timestamp::now();
    let report = status(SignedDuration::from_hours(1), now).await?;
    assert_eq!(report["coverage"]["instances"][0]["verdict"], "covered", "{report}");
    let gap = &report["gap"];
    assert_eq!(gap["done"], true, "{report}");
    let time = |key: &str| anyhow::Ok(gap[key].as_str().context("no time")?.parse::<Timestamp>()?);
    let (from, until) = (time("rules_off")?, time("until")?);
    let silent_after = now.duration_since(heartbeat) - until.duration_since(from) + SignedDuration::from_secs(1);
    let report = status(silent_after, now).await?;
    let row = &report["coverage"]["instances"][0];
    assert_eq!(row["verdict"], "pending", "{report}");
    let words = row["explanation"].as_str().unwrap_or_default();
    assert!(
        words.contains("`apply` replaced the pipeline stack: no rules from"),
        "{words}"
    );
    let report = status(silent_after, now + SignedDuration::from_secs(10)).await?;
    assert_eq!(report["coverage"]["instances"][0]["verdict"], "silent", "{report}");

    // Without a heartbeat each hour of the gap is one of our own; with one in it, it is not.
    let (window, hour) = (from - SignedDuration::from_hours(2), |time: Timestamp| {
        time.as_second() / 3600
    });
    let gap = (hour(from)..=hour(until)).collect::<BTreeSet<i64>>();
    let window = window.to_string();
    let arguments = [
        "audit",
        "coverage",
        "--account",
        member,
        "--from",
        &window,
        "--output",
        "json",
    ];
    let ran = organization.run(&arguments, &organization.aws_config).await?;
    ensure!(ran.code == Some(0), "{}", ran.stderr);
    let rows = ran.json()?;
    let unseen = |seen: Option<i64>| gap.iter().filter(|hour| Some(**hour) != seen).count();
    for (region, expected) in [(HOME, unseen(Some(hour(heartbeat)))), (SECOND, unseen(None))] {
        let row = rows
            .as_array()
            .and_then(|rows| rows.iter().find(|row| row["region"] == region));
        assert_eq!(
            row.context("no row")?["hours_without_rules"],
            expected,
            "{region}: {rows}"
        );
    }
    Ok(())
}
