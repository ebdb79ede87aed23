//! What AWS does now and then, once each during `pipetrail apply`: throttles, pages without items,
//! conflicts with other operations, broken connections. It goes on, or says what is left; the next
//! apply completes.
//!
//! Unproven on AWS: the errors' shapes are those of the API's model. moto forgets the ids that
//! operations on instances are given, and takes the same one twice, so what it should have refused
//! is refused by the proxy.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use pipetrail_tests::fault_proxy::{Call, Fault, Traffic};
use pipetrail_tests::organization::{Organization, Proxied};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::org;
use crate::state::{self, APPLY};

/// What happens, and how many calls it has to hit at least.
struct Case {
    name: &'static str,
    place: fn(&Traffic),
    hits: usize,
}

const CASES: [Case; 8] = [
    Case {
        name: "Organizations throttles",
        place: |traffic| {
            traffic.inject_each(Fault::Error("TooManyRequestsException"), |call| {
                call.service == "organizations"
            });
        },
        hits: 5,
    },
    Case {
        name: "CloudFormation throttles",
        place: |traffic| traffic.inject_each(Fault::Error("Throttling"), |call| call.service == "cloudformation"),
        hits: 8,
    },
    Case {
        name: "lists begin with a page without items",
        place: |traffic| traffic.inject_each(Fault::EmptyPage, |call| call.operation.starts_with("List")),
        hits: 7,
    },
    Case {
        name: "the answer to a read is lost",
        place: |traffic| traffic.inject_each(Fault::AnswerLost, |call| !call.is_write()),
        hits: 8,
    },
    Case {
        name: "the answer to a write is lost",
        place: |traffic| {
            traffic.inject_each(Fault::AnswerLost, Call::is_write);
            // moto would make a second one of the same name.
            traffic.inject(Fault::Error("NameAlreadyExistsException"), 1, |call| {
                call.operation == "CreateStackSet"
            });
        },
        hits: 7,
    },
    Case {
        name: "the request for a write is lost",
        place: |traffic| traffic.inject_each(Fault::Refused, Call::is_write),
        hits: 7,
    },
    Case {
        name: "the stack set has changed since it was read",
        place: |traffic| {
            traffic.inject(Fault::Error("StaleRequestException"), 2, |call| {
                call.operation == "CreateStackInstances"
            });
        },
        hits: 2,
    },
    Case {
        name: "another operation is at work",
        place: |traffic| {
            traffic.inject(Fault::Error("OperationInProgressException"), 2, |call| {
                call.operation == "CreateStackInstances"
            });
        },
        hits: 2,
    },
];

#[test]
fn apply_goes_on_after_a_fault_that_passes() {
    org::with(|shared| async move {
        let undisturbed = state::undisturbed(&shared).await?;
        let places = Arc::new(Semaphore::new(3));
        let mut runs = JoinSet::new();
        for case in CASES {
            let (shared, places) = (Arc::clone(&shared), Arc::clone(&places));
            runs.spawn(async move {
                let _place = places.acquire().await?;
                let outcome = disturbed(&shared, &case, &undisturbed.state).await;
                outcome.with_context(|| case.name)
            });
        }
        let mut failures = Vec::new();
        while let Some(ran) = runs.join_next().await {
            failures.extend(ran?.err().map(|error| format!("{error:#}")));
        }
        ensure!(failures.is_empty(), "{}", failures.join("\n\n"));
        Ok(())
    });
}

async fn disturbed(shared: &Organization, case: &Case, wanted: &state::State) -> Result<()> {
    let organization = state::fresh(shared).await?;
    let proxied = organization.proxied().await?;
    (case.place)(&proxied.traffic);
    let ran = organization.run(&APPLY, &proxied.aws_config).await?;
    let broken = proxied.traffic.broken();
    ensure!(ran.code == Some(0), "apply exits {:?}\n{}", ran.code, ran.stderr);
    let hit: Vec<String> = broken
        .iter()
        .map(|(call, fault)| format!("{call}: {fault:?}"))
        .collect();
    ensure!(hit.len() >= case.hits, "too few calls were hit\n{}", hit.join("\n"));
    one_id_for_each_operation(&proxied.traffic)?;
    let difference = state::difference(&state::read(&organization).await?, wanted);
    ensure!(difference.is_empty(), "the state differs\n{}", difference.join("\n"));
    Ok(())
}

/// Whatever was submitted more than once had the same operation id every time, so that StackSets
/// made one operation of it.
fn one_id_for_each_operation(traffic: &Traffic) -> Result<()> {
    let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for mut call in traffic.calls().into_iter().filter(Call::is_write) {
        if let Some(id) = call.form.remove("OperationId") {
            ids.entry(format!("{:?}", call.form)).or_default().insert(id);
        }
    }
    ensure!(
        ids.values().all(|ids| ids.len() == 1),
        "several ids for one operation: {ids:?}"
    );
    Ok(())
}

#[test]
fn what_is_refused_for_good_is_named_with_the_next_command_and_done_by_it() {
    org::with(|shared| async move {
        let undisturbed = state::undisturbed(&shared).await?;
        let organization = state::fresh(&shared).await?;
        let proxied = organization.proxied().await?;
        let refused = Fault::Error("AccessDenied");
        proxied
            .traffic
            .inject(refused, usize::MAX, |call| call.operation == "CreateStackInstances");
        let ran = organization.run(&APPLY, &proxied.aws_config).await?;
        ensure!(ran.code == Some(4), "{ran:?}");
        ensure!(
            ran.stderr.contains("cannot create stack instances: AccessDenied"),
            "{}",
            ran.stderr
        );
        ensure!(ran.stderr.contains("hint: check the permissions"), "{}", ran.stderr);

        proxied.traffic.place(None);
        let ran = organization.run(&APPLY, &proxied.aws_config).await?;
        ensure!(ran.code == Some(0), "{ran:?}");
        let difference = state::difference(&state::read(&organization).await?, &undisturbed.state);
        ensure!(difference.is_empty(), "the state differs\n{}", difference.join("\n"));
        Ok(())
    });
}

/// An organization that is applied, and whose stack set then has to be updated.
async fn about_to_be_updated(shared: &Organization) -> Result<(Organization, Proxied)> {
    let organization = state::fresh(shared).await?;
    let proxied = organization.proxied().await?;
    let ran = organization.run(&APPLY, &organization.aws_config).await?;
    ensure!(ran.code == Some(0), "{ran:?}");
    let mut settings = std::fs::read_to_string(organization.settings())?;
    settings.push_str("\n[heartbeat]\nschedule = \"rate(2 hours)\"\n");
    std::fs::write(organization.settings(), settings)?;
    Ok((organization, proxied))
}

fn is_update(call: &Call) -> bool {
    call.operation == "UpdateStackSet"
}

#[test]
fn an_operation_whose_answer_was_lost_is_joined_when_its_id_exists() {
    org::with(|shared| async move {
        let (organization, proxied) = about_to_be_updated(&shared).await?;
        let traffic = &proxied.traffic;
        traffic.inject(Fault::Error("OperationInProgressException"), 1, is_update);
        traffic.inject(Fault::AnswerLost, 1, is_update);
        traffic.inject(Fault::Error("OperationIdAlreadyExistsException"), 1, is_update);
        let ran = organization.run(&APPLY, &proxied.aws_config).await?;
        ensure!(ran.code == Some(0), "{ran:?}");
        let calls = traffic.calls();
        let updates: Vec<&Call> = calls.iter().filter(|call| is_update(call)).collect();
        ensure!(updates.len() == 3, "{updates:?}");
        let described = calls.iter().any(|call| {
            call.operation == "DescribeStackSetOperation" && call.form["OperationId"] == updates[0].form["OperationId"]
        });
        ensure!(described, "the operation was not waited for");
        one_id_for_each_operation(traffic)?;

        let again = organization.run(&APPLY, &proxied.aws_config).await?.json()?;
        ensure!(again["result"] == "unchanged", "{again}");
        Ok(())
    });
}

#[test]
fn an_operation_that_still_runs_when_apply_was_killed_is_joined_and_not_submitted_again() {
    org::with(|shared| async move {
        let (organization, proxied) = about_to_be_updated(&shared).await?;
        let traffic = &proxied.traffic;
        // moto's operations are over at once; AWS's take their time.
        let of_operations = |call: &Call| {
            matches!(
                call.operation.as_str(),
                "DescribeStackSetOperation" | "ListStackSetOperations"
            )
        };
        traffic.rewrite(of_operations, |_, body| {
            body.replacen("<Status>SUCCEEDED", "<Status>RUNNING", 99)
        });
        let mut child = organization.command(&APPLY, &proxied.aws_config).spawn()?;
        traffic.until("DescribeStackSetOperation", 2).await?;
        child.kill().await?;

        let before = traffic.count_of("DescribeStackSetOperation");
        let second = organization.command(&APPLY, &proxied.aws_config).spawn()?;
        traffic.until("DescribeStackSetOperation", before + 2).await?;
        traffic.answer_plainly();
        let ended = second.wait_with_output().await?;
        ensure!(
            ended.status.code() == Some(0),
            "{}",
            String::from_utf8_lossy(&ended.stderr)
        );
        let updates = traffic.calls().into_iter().filter(is_update).count();
        ensure!(updates == 1, "submitted {updates} times");
        one_id_for_each_operation(traffic)?;
        Ok(())
    });
}
