//! A folder of a lake, and which folder of which table it is for Glue.

use pipetrail_collector::layout::Partition;

use crate::store::Location;
use crate::tiers::{COPIES, Tier};

/// A folder of a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Folder {
    /// The values of the table's partition keys.
    pub values: Vec<String>,
    /// Where it is, with a slash at its end.
    pub location: String,
}

impl Folder {
    /// A folder of a lake by its prefix, such as `api_calls/account_id=111122223333/month=2026-11/`, with the name
    /// that Glue has for its table. `None` for what is no partition.
    pub fn of(lake: &Location, prefix: &str) -> Option<(String, Folder)> {
        let location = format!("{lake}/{prefix}");
        let copies = format!("{COPIES}/month=");
        if let Some(month) = prefix.strip_prefix(&*copies).and_then(|rest| rest.strip_suffix('/')) {
            let values = vec![month.to_owned()];
            return Some((COPIES.to_owned(), Folder { values, location }));
        }
        let partition = Partition::from_key(&format!("{prefix}-"))?;
        let table = Tier::Settled.of(partition.table).to_string();
        let values = partition.values;
        Some((table, Folder { values, location }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_folder_of_one_of_glue_s_tables_or_of_none() {
        let lake: Location = "s3://lake/below".parse().unwrap();
        let of = |prefix: &str| Folder::of(&lake, prefix).map(|(table, folder)| (table, folder.values.join("/")));
        for (prefix, table, values) in [
            (
                "api_calls/account_id=111122223333/month=2026-11/",
                "settled_api_calls",
                "111122223333/2026-11",
            ),
            ("heartbeats/day=2026-11-30/", "settled_heartbeats", "2026-11-30"),
            ("copies/month=2026-11/", "copies", "2026-11"),
        ] {
            assert_eq!(of(prefix), Some((table.to_owned(), values.to_owned())));
            let (_, folder) = Folder::of(&lake, prefix).unwrap();
            assert_eq!(folder.location, format!("s3://lake/below/{prefix}"));
        }
        for none in [
            "",
            "landing/api_calls/",
            "errors/api_calls/rejected/",
            "api_calls/",
            "copies/",
        ] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
