//! Where things lie in S3: partition ↔ key prefix ↔ Glue values, keys of landing and of evidence.
//!
//! Names that come from events never become path segments as they are: a pipeline may be called
//! `..`.

use std::fmt;

use crate::event::Event;
use crate::key::sha256_hex;
use crate::tables::Table;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Partition {
    pub table: Table,
    /// Values of the partition keys, in Glue's order.
    pub values: Vec<String>,
}

impl Partition {
    /// The partition an event's row belongs to.
    pub fn of(event: &Event<'_>, table: Table) -> Self {
        let time = event.time().text();
        let values = match table {
            Table::Heartbeats => vec![time[..10].to_owned()],
            _ => vec![event.account().to_owned(), time[..7].to_owned()],
        };
        Self { table, values }
    }

    /// The account whose rows alone it holds; none in `heartbeats`.
    pub fn account(&self) -> Option<&str> {
        let value = self.columns().find(|(key, _)| *key == "account_id");
        value.map(|(_, value)| value)
    }

    /// The partition keys, each with its value.
    pub fn columns(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let keys = self.table.partition_keys().iter().copied();
        keys.zip(self.values.iter().map(String::as_str))
    }

    /// The month of its rows, `yyyy-mm`.
    pub fn month(&self) -> &str {
        let last = self.values.last().map_or("", String::as_str);
        last.get(..7).unwrap_or(last)
    }

    /// The partition that an object belongs to, from its key (not URL-encoded). `None` for keys that
    /// are no data of a table: error objects, or values that no row can have.
    pub fn from_key(key: &str) -> Option<Self> {
        let mut segments = key.split('/');
        let table = Table::from_name(segments.next()?)?;
        let mut values = Vec::with_capacity(2);
        for name in table.partition_keys() {
            let value = segments.next()?.strip_prefix(name)?.strip_prefix('=')?;
            if !valid(name, value) {
                return None;
            }
            values.push(value.to_owned());
        }
        let file = segments.next_back()?;
        (!file.is_empty()).then_some(Self { table, values })
    }

    /// Key prefix of the partition, with a slash at the end: its location below the bucket.
    pub fn prefix(&self) -> String {
        let mut prefix = format!("{}/", self.table);
        for (name, value) in self.columns() {
            prefix.push_str(&format!("{name}={value}/"));
        }
        prefix
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.prefix())
    }
}

/// Where the rows of a table arrive, all accounts together: the key prefix of its files.
pub fn landing(table: Table) -> String {
    format!("landing/{table}/")
}

/// The UTC day on which a file of a table's landing arrived, `yyyy-mm-dd`, from its key
/// `landing/<table>/<day>-….parquet`. `None` for any other key.
pub fn arrival_day(table: Table, key: &str) -> Option<&str> {
    let name = key
        .strip_prefix("landing/")?
        .strip_prefix(table.name())?
        .strip_prefix('/')?;
    let (day, rest) = name.split_at_checked(10)?;
    let is_file = rest.starts_with('-') && rest.ends_with(".parquet") && !rest.contains('/');
    (is_file && valid("day", day)).then_some(day)
}

/// Whether a key is that of a file right in a table's landing, whatever its name.
pub fn is_landed(table: Table, key: &str) -> bool {
    key.strip_prefix(&landing(table))
        .is_some_and(|name| !name.is_empty() && !name.contains('/'))
}

/// The month of a file of copies that were taken out of a table, `yyyy-mm`, from its key
/// `copies/month=<month>/<table>-….parquet`. `None` for any other key.
pub fn copies_month(table: Table, key: &str) -> Option<&str> {
    let (month, name) = key.strip_prefix("copies/month=")?.split_once('/')?;
    let rest = name.strip_prefix(table.name())?;
    let is_file = rest.starts_with('-') && rest.ends_with(".parquet") && !rest.contains('/');
    (is_file && valid("month", month)).then_some(month)
}

/// Whether a file of a table's partitions or copies is of a month before that one.
pub fn is_before(table: Table, key: &str, month: &str) -> bool {
    let partition = Partition::from_key(key).filter(|partition| partition.table == table);
    let of_rows = partition.is_some_and(|partition| partition.month() < month);
    of_rows || copies_month(table, key).is_some_and(|of_copies| of_copies < month)
}

/// Key of what is known of a pipeline's gates, in the lake's bucket: no table, and no row comes from it.
pub fn known_gates(account: &str, region: &str, pipeline: &str) -> String {
    format!(
        "gates/account_id={account}/{}/{}.json",
        segment(region),
        segment(pipeline)
    )
}

fn valid(name: &str, value: &str) -> bool {
    let pattern: &[u8] = match name {
        "account_id" => b"000000000000",
        "month" => b"0000-00",
        _ => b"0000-00-00",
    };
    let real = match name {
        "month" => value.get(5..).is_some_and(|month| ("01"..="12").contains(&month)),
        "day" => value.parse::<jiff::civil::Date>().is_ok(),
        _ => true,
    };
    real && value.len() == pattern.len()
        && value.bytes().zip(pattern).all(|(byte, &shape)| {
            if shape == b'0' {
                byte.is_ascii_digit()
            } else {
                byte == shape
            }
        })
}

/// A name as one path segment of an S3 key: letters, digits, `-`, `_`, `@` and `.` stay, any other
/// byte becomes `!` and two hex digits, as does a dot at the beginning. No two names of up to
/// [`SEGMENT_LIMIT`] bytes give one segment; a longer one is cut and closed with `!!` and a hash.
pub fn segment(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for (i, byte) in name.bytes().enumerate() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'@' => out.push(byte as char),
            b'.' if i > 0 => out.push('.'),
            _ => out.push_str(&format!("!{byte:02X}")),
        }
    }
    if out.is_empty() {
        return "!none".to_owned();
    }
    if name.len() > SEGMENT_LIMIT {
        out.truncate(SEGMENT_LIMIT);
        out.push_str("!!");
        out.push_str(&sha256_hex(name)[..16]);
    }
    out
}

/// Longest name that is kept whole; AWS allows 100 characters.
pub const SEGMENT_LIMIT: usize = 100;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn partition() -> impl Strategy<Value = Partition> {
        (
            0..Table::ALL.len(),
            "[0-9]{12}",
            "[0-9]{4}-(0[1-9]|1[0-2])",
            "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])",
        )
            .prop_map(|(i, account, month, day)| {
                let table = Table::ALL[i];
                let values = if table == Table::Heartbeats {
                    vec![day]
                } else {
                    vec![account, month]
                };
                Partition { table, values }
            })
    }

    proptest! {
        #[test]
        fn a_partition_is_read_back_from_every_key_below_it(partition in partition(), hour in any::<bool>(), file in "[a-zA-Z0-9_.-]{1,40}") {
            let below = if hour { "2026/11/20/09/" } else { "" };
            prop_assert_eq!(Partition::from_key(&format!("{}{below}{file}", partition.prefix())), Some(partition));
        }

        #[test]
        fn two_names_never_share_a_segment(a in "[ -~é]{0,60}", b in "[ -~é]{0,60}") {
            prop_assert_eq!(a == b, segment(&a) == segment(&b));
        }

        #[test]
        fn a_segment_is_safe_whatever_the_name(name in any::<String>()) {
            let segment = segment(&name);
            prop_assert!(!segment.is_empty() && !segment.starts_with('.') && segment.len() <= 3 * SEGMENT_LIMIT);
            prop_assert!(segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_@.!".contains(&b)));
        }
    }

    #[test]
    fn keys_that_are_no_data_have_no_partition() {
        for key in [
            "errors/approval_calls/processing-failed/x",
            "approval_calls/account_id=123/month=2026-11/f",
            "approval_calls/account_id=111122223333/month=2026-11",
            "approval_calls/account_id=111122223333/month=2026-11/",
            "approval_calls/month=2026-11/account_id=111122223333/f",
            "approval_calls/account_id=111122223333/month=../f",
            "unknown/account_id=111122223333/month=2026-11/f",
            "heartbeats/account_id=111122223333/month=2026-11/f",
            "",
        ] {
            assert_eq!(Partition::from_key(key), None, "{key}");
        }
    }

    #[test]
    fn a_file_of_landing_says_on_which_day_it_arrived() {
        let table = Table::ApprovalCalls;
        let key = format!("{}2026-11-29-pipetrail-approval-calls-1-a.parquet", landing(table));
        assert_eq!(arrival_day(table, &key), Some("2026-11-29"));
        assert_eq!(arrival_day(Table::ApiCalls, &key), None);
        for wrong in [
            "landing/approval_calls/2026-11-29.parquet",
            "landing/approval_calls/2026-11-29-a",
            "landing/approval_calls/2026-02-30-a.parquet",
            "landing/approval_calls/2026-11-29-a/b.parquet",
            "landing/approval_calls/2026-11-2é-a.parquet",
            "approval_calls/2026-11-29-a.parquet",
            "",
        ] {
            assert_eq!(arrival_day(table, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_file_of_copies_says_of_which_table_and_month_it_is() {
        let table = Table::ApiCalls;
        assert_eq!(
            copies_month(table, "copies/month=2026-11/api_calls-a.parquet"),
            Some("2026-11")
        );
        for wrong in [
            "copies/month=2026-11/approval_calls-a.parquet",
            "copies/month=2026-13/api_calls-a.parquet",
            "copies/month=2026-11/api_calls-a/b.parquet",
            "copies/month=2026-11/api_calls",
            "api_calls/account_id=111122223333/month=2026-11/a.parquet",
            "",
        ] {
            assert_eq!(copies_month(table, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn hostile_names_become_harmless_segments() {
        assert_eq!(segment(".."), "!2E.");
        assert_eq!(segment("a/b\n\"c"), "a!2Fb!0A!22c");
        assert_eq!(segment(""), "!none");
        assert_eq!(segment(&"x".repeat(300)).len(), SEGMENT_LIMIT + 18);
    }
}
