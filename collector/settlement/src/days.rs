//! Arrival days that are over, and files that cannot be read.

use pipetrail_collector::layout::{arrival_day, is_landed};

use crate::choice::{self, Listed};
use crate::task::RunError;
use crate::unit::{Run, Unit};
use crate::world::{Becomes, Inspected, World};

impl<W: World> Run<'_, W> {
    /// Settles arrival days that are over, the oldest first.
    pub(crate) async fn days(&mut self) -> Result<(), RunError<W::Error>> {
        let mut races = 0;
        loop {
            if self.is_late() {
                return Ok(());
            }
            let mut landing = self.world.landing().await.map_err(RunError::World)?;
            self.look(&landing).await?;
            self.done.waits_since = choice::waits_since(self.task.table, &self.log, &landing).map(str::to_owned);
            landing.retain(|file| !self.passed_over.contains(&file.key));
            let unit = choice::day(self.task.table, &self.log, &landing, self.task.now, self.task.bytes);
            if unit.is_empty() {
                return Ok(());
            }
            match self.unit(&unit, Becomes::Runs).await? {
                Unit::Entered => (self.done.days, races) = (self.done.days + 1, 0),
                Unit::PassedOver => {}
                Unit::Raced => races = self.again(races)?,
            }
        }
    }

    /// Looks at new files of landing, those of days that are not over too: one that cannot be read makes every
    /// query of its table fail.
    pub(crate) async fn look(&mut self, landing: &[Listed]) -> Result<(), RunError<W::Error>> {
        let since = self.log.next();
        let is_new = |file: &&Listed| !self.log.holds(&file.key, &file.etag) && !self.passed_over.contains(&file.key);
        let files: Vec<&Listed> = landing.iter().filter(is_new).collect();
        let found = self.world.inspect(&files).await.map_err(RunError::World)?;
        let mut damaged = Vec::new();
        for (file, found) in files.into_iter().zip(found) {
            match found {
                Inspected::Good | Inspected::Changed if arrival_day(self.task.table, &file.key).is_some() => {}
                Inspected::Good | Inspected::Changed => {
                    let why = "its name is not one that Firehose gives: the day of its arrival, a hyphen, and `.parquet` at the end";
                    self.leave(&file.key, why.to_owned());
                }
                Inspected::Newer(column) => {
                    self.leave(
                        &file.key,
                        format!("it has a column {column}, which a newer version settles"),
                    );
                }
                Inspected::Damaged(why) if is_landed(self.task.table, &file.key) => damaged.push((file, why)),
                Inspected::Damaged(why) => self.leave(&file.key, why),
            }
        }
        for (file, why) in damaged {
            self.set_aside(file, &why, since).await?;
        }
        Ok(())
    }
}
