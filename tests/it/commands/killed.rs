//! `pipetrail apply`, killed at any of its AWS calls, is finished by the next one.
//!
//! The calls are counted at the proxies. At call n the answer is withheld and the process killed:
//! with `Hangs` the emulator has done the work, with `Stalls` it never heard of it. What a stall at a
//! write leaves in AWS is what a hang at the write before it leaves, and what a kill at a read leaves
//! is what one at the write after it leaves. So every write hangs, every fourth one stalls too, and
//! every eighth read is enough. The named queries are made one after another by one loop: of these the
//! first and the last are enough. `PIPETRAIL_KILL_AT_ALL=1` (`.ci/long apply-kills`) kills at all calls,
//! at writes both ways. Every run has an organization of its own in the same emulators.
//!
//! Unproven on AWS: the emulators build a stack at once, AWS takes minutes, so there the second run
//! more often finds something `*_IN_PROGRESS`. The last test plays that at the proxy.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use pipetrail_tests::fault_proxy::Fault;
use pipetrail_tests::organization::Organization;
use pipetrail_tests::printer::progress;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::org;
use crate::state::{self, APPLY};

const AT_ONCE: usize = 3;

#[test]
fn apply_killed_at_any_call_is_finished_by_the_next_apply() {
    org::with(|shared| async move {
        let undisturbed = state::undisturbed(&shared).await?;

        let all = std::env::var_os("PIPETRAIL_KILL_AT_ALL").is_some();
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let mut runs = JoinSet::new();
        let queries = undisturbed
            .calls
            .iter()
            .filter(|call| call.operation == "CreateNamedQuery");
        let queries: Vec<usize> = queries.map(|call| call.number).collect();
        ensure!(queries.len() > 2, "{} named queries are too few", queries.len());
        let between = &queries[1..queries.len() - 1];
        for call in &undisturbed.calls {
            if between.contains(&call.number) && !all {
                continue;
            }
            let is_last = call.number == undisturbed.calls.len();
            let faults: &[Fault] = match (call.is_write(), call.number % 16) {
                (true, number) if all || number % 4 == 0 => &[Fault::Stalls, Fault::Hangs],
                (true, _) => &[Fault::Hangs],
                (false, 0) => &[Fault::Stalls],
                (false, 8) => &[Fault::Hangs],
                (false, _) if all || is_last => &[Fault::Stalls],
                (false, _) => &[],
            };
            for fault in faults.iter().copied() {
                let (shared, undisturbed, places) = (Arc::clone(&shared), undisturbed, Arc::clone(&places));
                let label = format!("{fault:?} at call {} ({})", call.number, call.operation);
                let number = call.number;
                runs.spawn(async move {
                    let _place = places.acquire().await?;
                    let outcome = killed(&shared, number, fault, &undisturbed.state).await;
                    anyhow::Ok((label, outcome))
                });
            }
        }
        let total = runs.len();
        ensure!(total >= 25, "{total} kills are too few");
        let (mut kills, mut failures) = (0, Vec::new());
        while let Some(ran) = runs.join_next().await {
            match ran?? {
                (label, Ok(was_killed)) => {
                    kills += usize::from(was_killed);
                    progress(&format!(
                        "{label}: {}",
                        if was_killed { "finished" } else { "not reached" }
                    ));
                }
                (label, Err(error)) => failures.push(format!("{label}: {error:#}")),
            }
        }
        failures.sort();
        ensure!(
            failures.is_empty(),
            "{} of {total} runs failed\n{}",
            failures.len(),
            failures.join("\n")
        );
        ensure!(kills + 3 >= total, "only {kills} of {total} runs were killed");
        Ok(())
    });
}

/// One run: apply, kill, apply, compare. Gives whether it came to the kill.
async fn killed(shared: &Organization, number: usize, fault: Fault, wanted: &state::State) -> Result<bool> {
    let organization = state::fresh(shared).await?;
    let proxied = organization.proxied().await?;
    proxied.traffic.place(Some((number, fault)));
    let mut child = organization.command(&APPLY, &proxied.aws_config).spawn()?;
    let was_killed = tokio::select! {
        () = proxied.traffic.reached() => {
            child.kill().await.context("cannot kill it")?;
            true
        }
        // Polls vary with the machine's speed: the last numbers may not come.
        ended = child.wait() => {
            ensure!(ended?.success(), "ended by itself, but not well");
            false
        }
    };
    proxied.traffic.place(None);
    let ran = organization.run(&APPLY, &proxied.aws_config).await?;
    ensure!(
        ran.code == Some(0),
        "the second apply exits {:?}\n{}",
        ran.code,
        ran.stderr
    );
    let difference = state::difference(&state::read(&organization).await?, wanted);
    ensure!(difference.is_empty(), "the state differs\n{}", difference.join("\n"));
    Ok(was_killed)
}

#[test]
fn a_stack_that_is_still_created_when_apply_was_killed_is_waited_for() {
    org::with(|shared| async move {
        let undisturbed = state::undisturbed(&shared).await?;
        let organization = state::fresh(&shared).await?;
        let proxied = organization.proxied().await?;
        let traffic = &proxied.traffic;
        // MiniStack is done at once; AWS takes minutes.
        traffic.rewrite(
            |call| call.operation == "DescribeStacks",
            |_, body| {
                if body.contains("<StackName>pipetrail-data<") {
                    body.replacen("CREATE_COMPLETE", "CREATE_IN_PROGRESS", 1)
                } else {
                    body
                }
            },
        );
        let mut child = organization.command(&APPLY, &proxied.aws_config).spawn()?;
        traffic.until("CreateStack", 2).await?;
        let before = traffic.count_of("DescribeStacks");
        traffic.until("DescribeStacks", before + 2).await?;
        child.kill().await?;

        let before = traffic.count();
        let second = organization.command(&APPLY, &proxied.aws_config).spawn()?;
        tokio::time::sleep(Duration::from_secs(3)).await;
        let creations = traffic.calls().split_off(before);
        let creations = creations.iter().filter(|call| call.operation == "CreateStack").count();
        traffic.answer_plainly();
        let ended = second.wait_with_output().await?;
        ensure!(
            ended.status.code() == Some(0),
            "{}",
            String::from_utf8_lossy(&ended.stderr)
        );
        ensure!(creations == 0, "{creations} stacks begun beside the one under way");
        let difference = state::difference(&state::read(&organization).await?, &undisturbed.state);
        ensure!(difference.is_empty(), "the state differs\n{}", difference.join("\n"));
        Ok(())
    });
}
