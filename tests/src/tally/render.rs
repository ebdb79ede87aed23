//! The tally for a reader.

use std::fmt;

use super::Tally;

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            accounts,
            events_in,
            rows,
            distinct,
            objects,
            evidence,
            alerts,
            errors_kept,
            refused,
            settled,
            missing,
        } = self;
        for (given, member) in accounts {
            writeln!(f, "account {given} is played by {member}")?;
        }
        writeln!(f, "{:<22}{:<14}{:>8}{:>10}", "table", "account", "rows", "distinct")?;
        for (table, of_accounts) in rows {
            for (account, count) in of_accounts {
                let keys = distinct
                    .get(table)
                    .and_then(|of| of.get(account))
                    .copied()
                    .unwrap_or_default();
                writeln!(f, "{table:<22}{account:<14}{count:>8}{keys:>10}")?;
            }
        }
        let total: u64 = rows.values().flat_map(|of| of.values()).sum();
        writeln!(f, "\nevents in         {events_in}")?;
        writeln!(f, "rows              {total}")?;
        writeln!(f, "objects           {objects}")?;
        writeln!(
            f,
            "  settled         {} rows in {} objects of {} partitions",
            settled.rows, settled.objects, settled.partitions
        )?;
        writeln!(f, "evidence records  {evidence}")?;
        for (subscriber, count) in alerts {
            writeln!(f, "alerts            {count} to {subscriber}")?;
        }
        writeln!(f, "errors kept       {errors_kept}")?;
        writeln!(f, "refused           {refused}")?;
        write!(f, "missing           {}", missing.len())?;
        for id in missing {
            write!(f, "\n  {id}")?;
        }
        Ok(())
    }
}
