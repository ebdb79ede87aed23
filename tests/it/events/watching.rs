//! λ watch, deployed: what is told of members, and what is not.
//!
//! An organization of its own: the list of members is turned back in it, so that they are on it for as long as the
//! story wants. Nothing else stands in for time.

use std::sync::Arc;

use anyhow::{Result, ensure};
use jiff::{SignedDuration, Timestamp};
use pipetrail_tests::fault_proxy::Fault;
use pipetrail_tests::organization::{HOME, Organization};
use serde_json::{Value, json};

use crate::operator::{Operator, listed_for, roster};
use crate::org;

const RULE: &str = "pipetrail-forward";

/// How many versions count in each place, each number once.
fn counting(roster: &Value) -> Vec<usize> {
    let members = roster["members"].as_object().into_iter().flatten();
    let mut numbers: Vec<usize> = members
        .filter_map(|(_, member)| member["versions"].as_array().map(Vec::len))
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

#[test]
fn a_member_that_differs_is_told_once_an_outage_once_and_a_roll_out_never() {
    org::with(|shared| async move {
        let organization = Arc::new(org::fresh(&shared, 6).await?);
        organization.apply().await?;
        organization.complete_members().await?;
        let listed = roster(&organization).await?;
        // The six and the management account, in two regions.
        assert_eq!(listed["members"].as_object().map(serde_json::Map::len), Some(14));
        assert_eq!(counting(&listed), [1]);
        listed_for(&organization, SignedDuration::from_mins(90)).await?;
        let mut operator = Operator::subscribe(&organization).await?;
        let told = operator.watch().await?;
        assert!(told.is_empty(), "nothing is wrong: {told:?}");

        let member = organization.members[1].id.clone();
        let events = aws_sdk_eventbridge::Client::new(&organization.relay.cloud.at(&member, HOME).await?);
        let rule = events.describe_rule().name(RULE).send().await?;
        let narrow = json!({"source": ["pipetrail.heartbeat"]}).to_string();
        events.put_rule().name(RULE).event_pattern(&narrow).send().await?;
        let told = operator.watch().await?;
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(
            (&told[0]["account_id"], &told[0]["region"]),
            (&json!(member), &json!(HOME))
        );
        let began = &told[0]["began"];
        assert_eq!(began.as_array().map(Vec::len), Some(1), "{began}");
        assert_eq!(began[0]["condition"], "differs");
        assert_eq!(began[0]["what"], "pattern of rule pipetrail-forward");
        assert_eq!(began[0]["found"], json!({"source": "pipetrail.heartbeat"}).to_string());
        assert_eq!(operator.watch().await?, [] as [Value; 0]);
        let whole = events.put_rule().name(RULE).set_event_pattern(rule.event_pattern);
        whole.send().await?;
        let told = operator.watch().await?;
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!((&told[0]["began"], &told[0]["left"]), (&json!([]), &json!(false)));
        assert_eq!(told[0]["ended"][0]["what"], "pattern of rule pipetrail-forward");

        rolled_out(&organization, &mut operator).await?;
        outage(&organization, &mut operator).await
    });
}

/// A changed template goes to all members; it is killed where old and new both count, and finished.
async fn rolled_out(organization: &Organization, operator: &mut Operator) -> Result<()> {
    let text = std::fs::read_to_string(organization.settings())?;
    let changed = format!("{text}\n[heartbeat]\nschedule = \"rate(30 minutes)\"\n");
    std::fs::write(organization.settings(), changed)?;
    let proxied = organization.proxied().await?;
    let traffic = &proxied.traffic;
    traffic.inject(Fault::Stalls, 1, |call| call.operation == "UpdateStackSet");
    let mut killed = organization.command(&["apply"], &proxied.aws_config).spawn()?;
    tokio::select! {
        () = traffic.reached() => killed.kill().await?,
        ended = killed.wait() => anyhow::bail!("it ended by itself: {ended:?}"),
    }
    assert_eq!(counting(&roster(organization).await?), [2]);
    assert_eq!(operator.watch().await?, [] as [Value; 0], "nothing was reached yet");
    organization.apply().await?;
    organization.complete_members().await?;
    assert_eq!(counting(&roster(organization).await?), [1]);
    assert_eq!(operator.watch().await?, [] as [Value; 0], "everything was reached");
    Ok(())
}

/// Nobody is heard any more, but for one member.
async fn outage(organization: &Arc<Organization>, operator: &mut Operator) -> Result<()> {
    let (account, now) = (organization.members[0].id.clone(), Timestamp::now());
    let time = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let mut given = Vec::new();
    for region in &organization.enrolment.regions {
        let relay = &organization.relay;
        given.extend(relay.scheduled(&account, region, &time).await?.iter().map(org::emit));
        given.extend(relay.canaries(&account, region, &time).await?.iter().map(org::emit));
    }
    ensure!(
        given.len() == 4,
        "a heartbeat and a canary of two regions: {}",
        given.len()
    );
    org::play_all(organization, given).await?;
    listed_for(organization, SignedDuration::from_hours(30)).await?;
    let told = operator.watch().await?;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["event_class"], "members");
    let expected = json!({"places": 12, "conditions": {"silent": 12, "no-canary": 12}});
    assert_eq!(told[0]["began"], expected);
    // It lasts: names, once.
    let told = operator.watch().await?;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["lasting"]["names"].as_array().map(Vec::len), Some(12));
    assert_eq!(operator.watch().await?, [] as [Value; 0]);
    Ok(())
}
