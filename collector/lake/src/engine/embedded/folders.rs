//! What lies in folders that are named by partition keys: the settled tables, and the dropped copies.

use pipetrail_collector::Table;
use pipetrail_collector::layout::Partition;

use crate::tiers::{COPIES, COPIES_KEYS};

/// What the folders hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Folders {
    /// What is settled of a table.
    Table(Table),
    /// The copies of events that were dropped when rows were settled, of all tables.
    Copies,
}

impl Folders {
    /// The first folder of the keys.
    pub(super) fn name(self) -> &'static str {
        match self {
            Folders::Table(table) => table.name(),
            Folders::Copies => COPIES,
        }
    }

    /// The keys that the folders below are named by, in their order.
    pub(super) fn keys(self) -> &'static [&'static str] {
        match self {
            Folders::Table(table) => table.partition_keys(),
            Folders::Copies => COPIES_KEYS,
        }
    }

    /// The values of the partition keys of a file, from its key in the lake; `None` where it is not in a folder
    /// that rows can be in.
    pub(super) fn values(self, key: &str) -> Option<Vec<String>> {
        match self {
            Folders::Table(table) => Partition::from_key(key)
                .filter(|partition| partition.table == table)
                .map(|partition| partition.values),
            Folders::Copies => {
                let below = key.strip_prefix("copies/month=")?;
                let (month, _) = below.split_once('/')?;
                is_month(month).then(|| vec![month.to_owned()])
            }
        }
    }
}

fn is_month(text: &str) -> bool {
    let has_shape = |(i, byte): (usize, u8)| match i {
        4 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    let shaped = text.len() == 7 && text.bytes().enumerate().all(has_shape);
    shaped && format!("{text}-01").parse::<jiff::civil::Date>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_copies_is_in_a_month_and_one_of_a_table_in_its_own_folder() {
        let copies = |key| Folders::Copies.values(key);
        assert_eq!(
            copies("copies/month=2026-11/a.parquet"),
            Some(vec!["2026-11".to_owned()])
        );
        assert_eq!(
            copies("copies/month=2026-11/deeper/a.parquet"),
            Some(vec!["2026-11".to_owned()])
        );
        for wrong in [
            "copies/month=2026-11",
            "copies/month=2026-13/a.parquet",
            "copies/month=26-11/a.parquet",
            "copies/month=2026+11/a.parquet",
            "copies/a.parquet",
            "approval_calls/account_id=000011112222/month=2026-11/a.parquet",
        ] {
            assert_eq!(copies(wrong), None, "{wrong}");
        }
        let key = "approval_calls/account_id=000011112222/month=2026-11/a.parquet";
        let values = Some(vec!["000011112222".to_owned(), "2026-11".to_owned()]);
        assert_eq!(Folders::Table(Table::ApprovalCalls).values(key), values);
        assert_eq!(Folders::Table(Table::ApiCalls).values(key), None);
    }
}
