//! What a file's columns must be, so that its rows can be rows of a table.

use std::collections::BTreeMap;

use parquet::schema::types::Type;
use pipetrail_collector::Table;
use pipetrail_collector::columns::ColumnType;

use crate::parquet::{described, holds, is_bytes};

/// Where a file lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::settle) enum Tier {
    /// Among all accounts' files: whose its rows are stands in them.
    Landing,
    /// In the folder of a partition, which names it.
    Partition,
}

/// Why a file's rows cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// They never can; a reason, for people.
    Damaged(String),
    /// A newer version can: there is this column.
    Newer(String),
}

/// What keeps a file of that schema from being one of the table's.
pub(super) fn unfit(table: Table, tier: Tier, schema: &Type) -> Option<Unfit> {
    let columns = table.columns();
    let mut known: BTreeMap<&str, ColumnType> = columns.iter().map(|column| (column.name, column.ty)).collect();
    let mut required = vec!["event_key"];
    match tier {
        Tier::Landing => {
            required.push("account_id");
            required.extend(table.partition_keys());
            known.extend(table.partition_keys().iter().map(|key| (*key, ColumnType::String)));
        }
        Tier::Partition if table.partition_keys().contains(&"account_id") => {}
        Tier::Partition => required.push("account_id"),
    }
    let mut there = BTreeMap::new();
    for field in schema.get_fields() {
        if there.insert(field.name(), field).is_some() {
            return Some(Unfit::Damaged(format!("it has two columns {}", field.name())));
        }
    }
    if let Some(missing) = required.iter().find(|name| !there.contains_key(**name)) {
        return Some(Unfit::Damaged(format!(
            "it has no column {missing}, so no rows of {table}"
        )));
    }
    for (name, field) in &there {
        // Text may be bytes that nobody called text.
        let fits = |ty: &ColumnType| holds(field, *ty) || (*ty == ColumnType::String && is_bytes(field));
        if let Some(ty) = known.get(*name).filter(|ty| !fits(ty)) {
            let found = described(field);
            return Some(Unfit::Damaged(format!(
                "its column {name} is {found}, where {table} has {ty}"
            )));
        }
    }
    let unknown = there.keys().find(|name| !known.contains_key(**name));
    unknown.map(|name| Unfit::Newer((*name).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::schema::parser::parse_message_type;

    fn of(table: Table, tier: Tier, columns: &str) -> Option<Unfit> {
        unfit(
            table,
            tier,
            &parse_message_type(&format!("message rows {{ {columns} }}")).unwrap(),
        )
    }

    const LANDED: &str = "optional binary event_key (utf8); optional binary account_id; optional binary month (utf8);";

    #[test]
    fn a_file_of_landing_names_account_and_partition_in_columns_a_partition_s_file_does_not() {
        let table = Table::ApprovalCalls;
        assert_eq!(of(table, Tier::Landing, LANDED), None);
        for missing in ["event_key", "account_id", "month"] {
            let columns: Vec<&str> = LANDED
                .split_inclusive(';')
                .filter(|column| !column.contains(missing))
                .collect();
            let found = of(table, Tier::Landing, &columns.concat());
            assert!(
                matches!(&found, Some(Unfit::Damaged(why)) if why.contains(missing)),
                "{found:?}"
            );
        }
        assert_eq!(of(table, Tier::Partition, "optional binary event_key (utf8);"), None);
        // What the folder says is no column of the file, and would be lost.
        assert_eq!(
            of(table, Tier::Partition, LANDED),
            Some(Unfit::Newer("account_id".to_owned()))
        );
    }

    #[test]
    fn heartbeats_have_the_account_as_a_column_everywhere() {
        let table = Table::Heartbeats;
        let columns = "optional binary event_key (utf8); optional binary account_id (utf8);";
        assert_eq!(of(table, Tier::Partition, columns), None);
        assert!(of(table, Tier::Landing, columns).is_some());
        assert_eq!(
            of(table, Tier::Landing, &format!("{columns} optional binary day (utf8);")),
            None
        );
        assert!(of(table, Tier::Partition, "optional binary event_key (utf8);").is_some());
    }

    #[test]
    fn a_column_of_another_type_is_damage_and_an_unknown_one_is_news() {
        let table = Table::ApiCalls;
        let with = |column: &str| of(table, Tier::Landing, &format!("{LANDED} {column}"));
        for fits in [
            "optional int64 event_ms;",
            "required int64 event_ms (int_64);",
            "optional boolean mfa;",
            "optional binary raw;",
        ] {
            assert_eq!(with(fits), None, "{fits}");
        }
        for wrong in [
            "optional int32 event_ms;",
            "optional int64 event_ms (timestamp_millis);",
            "optional binary mfa (utf8);",
            "repeated binary raw (utf8);",
            "optional group raw { optional binary raw (utf8); }",
            "optional binary raw (decimal(9,2));",
        ] {
            assert!(matches!(with(wrong), Some(Unfit::Damaged(_))), "{wrong}");
        }
        assert_eq!(
            with("optional binary mood (utf8);"),
            Some(Unfit::Newer("mood".to_owned()))
        );
        // Damage comes first: a newer version could not read it either.
        let both = with("optional binary mood (utf8); optional int32 event_ms;");
        assert!(matches!(both, Some(Unfit::Damaged(_))), "{both:?}");
    }
}
