//! A run: reads the log, then does one unit after the other, each ended by an entry.
//!
//! A unit writes new files first, under names that nobody else uses, then its entry. What an entry
//! took goes six hours later at the earliest, by the store's clock. So a reader that sees all files sees
//! every row at any time, and a run may end anywhere: without its entry a file is a copy that the next close
//! takes up.

use std::collections::BTreeSet;

use crate::log::Log;
use crate::task::{Done, Ended, RunError, Task};
use crate::time::Time;
use crate::unit::{Run, extend};
use crate::world::World;

/// Runs the task.
pub async fn run<W: World>(world: &W, task: &Task) -> Ended<W::Error> {
    let mut done = Done::default();
    let error = carried_out(world, task, &mut done).await.err();
    Ended { done, error }
}

async fn carried_out<W: World>(world: &W, task: &Task, done: &mut Done) -> Result<(), RunError<W::Error>> {
    let time = Time::until(task.ends);
    let began = world.clock().await.map_err(RunError::World)?;
    // A clock that is ahead would close and expire what is not due.
    let now = task.now.min(began);
    let task = &Task { now, ..task.clone() };
    let log = read(world, task).await?;
    let mut run = Run {
        world,
        task,
        began,
        time,
        log,
        done,
        passed_over: BTreeSet::new(),
    };
    // What fails in one stage keeps no other from being done.
    let mut first = world_error(run.days().await)?;
    if task.tidies {
        first = first.or(world_error(run.expire().await)?);
        first = first.or(world_error(run.delete().await)?);
        first = first.or(world_error(run.strays().await)?);
        first = first.or(world_error(run.register().await)?);
        first = first.or(world_error(run.forget_expired().await)?);
    }
    // Last: it can take all the time that there is, and what is to go must not wait for it.
    if task.closes {
        first = first.or(world_error(run.closes().await)?);
    }
    match first {
        Some(error) => Err(RunError::World(error)),
        None => Ok(()),
    }
}

/// What the world says, apart from what ends a run at once.
fn world_error<E>(ended: Result<(), RunError<E>>) -> Result<Option<E>, RunError<E>> {
    match ended {
        Ok(()) => Ok(None),
        Err(RunError::World(error)) => Ok(Some(error)),
        Err(error) => Err(error),
    }
}

/// Reads the log from its oldest unfinished entry on.
async fn read<W: World>(world: &W, task: &Task) -> Result<Log, RunError<W::Error>> {
    let last = world.last_entry().await.map_err(RunError::World)?;
    if last == 0 {
        return Ok(Log::empty(&task.lake, task.table));
    }
    let stored = world.entry(last).await.map_err(RunError::World)?;
    let stored = stored.ok_or_else(|| Log::from(&task.lake, task.table, last).missing())?;
    let mut alone = Log::from(&task.lake, task.table, last);
    alone.add(&stored)?;
    let first = alone.named_unfinished().unwrap_or(last);
    let mut log = Log::from(&task.lake, task.table, first);
    extend(world, &mut log).await?;
    match log.next() > last {
        true => Ok(log),
        // Whoever goes on behind a gap fills it, and what was there can never come back.
        false => Err(log.missing().into()),
    }
}
