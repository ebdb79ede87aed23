//! What SQL says of a lake's tiers: the tables' names, which copy of an event counts, and how a statement
//! reads where a catalog has only what is settled. Pure.
//!
//! Rows land in files of all accounts together, and are settled into the partitions. The plain name of a
//! table is both, each event once. Not here: who reads the files (`engine::embedded`).

use std::borrow::Cow;
use std::fmt;

use pipetrail_collector::Table;
use pipetrail_collector::columns::ColumnType;

use crate::copies_table;
use crate::engine::lexer::{Piece, Token, tokens};
use crate::engine::walk::{Begin, begin};

/// The table of the copies of events that were dropped when rows were settled.
pub const COPIES: &str = "copies";

/// The partition keys of [`COPIES`].
pub const COPIES_KEYS: &[&str] = &["month"];

/// A part of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// The partitions.
    Settled,
    /// What has landed and is not settled, and for some hours what is settled too.
    Landing,
    /// Both: every copy of every event.
    Every,
}

impl Tier {
    /// All of them.
    pub const ALL: [Tier; 3] = [Tier::Settled, Tier::Landing, Tier::Every];

    /// This part of a table, as SQL names it.
    pub fn of(self, table: Table) -> TierTable {
        TierTable { tier: self, table }
    }
}

/// A part of a table; shown as its name in SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TierTable {
    /// Which part.
    pub tier: Tier,
    /// Of which table.
    pub table: Table,
}

impl fmt::Display for TierTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tier = match self.tier {
            Tier::Settled => "settled",
            Tier::Landing => "landing",
            Tier::Every => "every",
        };
        write!(f, "{tier}_{}", self.table)
    }
}

/// Which copies of an event come first, the lowest: what came through the bus, then what was replayed, then
/// what was read from files.
const BY_SOURCE: &str = "CASE WHEN coalesce(source, 'live') = 'live' THEN 0 WHEN source = 'replay' THEN 2 ELSE 4 END";

/// The same, and of each source a record before CloudTrail's addenda to it. Also of [`COPIES`].
pub const BY_SOURCE_AND_ADDENDUM: &str = "CASE WHEN coalesce(source, 'live') = 'live' THEN 0 WHEN source = 'replay' THEN 2 ELSE 4 END + \
     CASE WHEN addendum_of IS NULL THEN 0 ELSE 1 END";

/// Which copies of a table's events come first.
pub fn precedence(table: Table) -> &'static str {
    match table {
        Table::ApprovalCalls | Table::ApiCalls => BY_SOURCE_AND_ADDENDUM,
        _ => BY_SOURCE,
    }
}

/// What the copies of an event are ordered by: the first counts.
pub fn order(table: Table) -> String {
    format!(
        "{}, event_time, ingested_at, event_id, content_sha256",
        precedence(table)
    )
}

/// The query that is a table's plain name where there are tiers: of every copy in a partition's month or
/// day the one that counts, with the columns of the table in their order. Filters on account and month, or
/// day, pass through to the files. Its shape is the one that the embedded engine answers without a sort.
pub fn once(table: Table) -> String {
    let parts = match table {
        Table::Heartbeats => "account_id, day, event_key",
        _ => "account_id, month, event_key",
    };
    format!(
        "SELECT {} FROM (SELECT *, row_number() OVER (PARTITION BY {parts} ORDER BY {}) AS copy FROM {}) AS numbered \
         WHERE copy = 1",
        columns(table).join(", "),
        order(table),
        Tier::Every.of(table),
    )
}

/// A table's columns, partition keys last, as `SELECT *` gives them.
fn columns(table: Table) -> Vec<&'static str> {
    let columns = table.columns().into_iter().map(|column| column.name);
    columns.chain(table.partition_keys().iter().copied()).collect()
}

/// The statement as it reads where the catalog has only what is settled, under the plain names, and no
/// copies: Glue, and whoever reads the same folders by hand. What it reads of [`Tier::Every`] and of
/// [`COPIES`] becomes a name in its `WITH`. All of that is put into one line, so that the numbers of lines
/// in messages stay.
pub fn over_glue(sql: &str) -> Cow<'_, str> {
    let pieces = tokens(sql).unwrap_or_default();
    let Some(begin) = begin(&pieces) else { return sql.into() };
    let (at, recursive, own) = match begin {
        Begin::Bare(at) => (at, false, Vec::new()),
        Begin::With { at, recursive, names } => (at, recursive, names),
    };
    // What a statement names itself is its own.
    let wants = |name: &str| !own.iter().any(|own| is(sql, *own, name)) && reads(sql, &pieces, name);
    let every = Table::ALL.into_iter().filter_map(|table| {
        let name = Tier::Every.of(table).to_string();
        wants(&name).then(|| {
            named(&name, recursive, &columns(table), |columns| {
                format!("SELECT {columns} FROM {table}")
            })
        })
    });
    let copies = wants(COPIES).then(|| no_copies(recursive));
    let named: Vec<String> = every.chain(copies).collect();
    if named.is_empty() {
        return sql.into();
    }
    let (before, behind) = sql.split_at(at);
    let named = named.join(", ");
    match own.is_empty() {
        true => format!("{before}WITH {named} {behind}").into(),
        false => format!("{before}{named}, {behind}").into(),
    }
}

/// `name AS (query)`. Behind `WITH RECURSIVE` Trino wants the columns of every name.
fn named(name: &str, recursive: bool, columns: &[&str], query: impl Fn(&str) -> String) -> String {
    let columns = columns.join(", ");
    match recursive {
        true => format!("{name} ({columns}) AS ({})", query(&columns)),
        false => format!("{name} AS ({})", query("*")),
    }
}

/// A table of copies without any.
fn no_copies(recursive: bool) -> String {
    let keys = COPIES_KEYS.iter().map(|key| (*key, ColumnType::String));
    let (names, nulls): (Vec<&str>, Vec<String>) = (copies_table::COLUMNS.into_iter().chain(keys))
        .map(|(name, ty)| {
            let ty = match ty {
                ColumnType::String => "varchar",
                ColumnType::Bigint => "bigint",
                ColumnType::Boolean => "boolean",
            };
            (name, format!("CAST(NULL AS {ty}) AS {name}"))
        })
        .unzip();
    let query = |_: &str| format!("SELECT {} WHERE 1 = 0", nulls.join(", "));
    named(COPIES, recursive, &names, query)
}

/// Whether a statement reads a table of that name: where tables are named, and not behind a dot.
fn reads(sql: &str, pieces: &[Piece<'_>], name: &str) -> bool {
    pieces.windows(2).enumerate().any(|(i, pair)| {
        let place = pair[0].1 == Token::Comma || pair[0].1.is_one_of(&["from", "join", "table"]);
        // `, name.column` and `, name(…)` are no tables.
        let behind = pieces.get(i + 2).map(|(_, token)| *token);
        let whole = !matches!(behind, Some(Token::Sign('.') | Token::Open));
        place && whole && is(sql, pair[1], name)
    })
}

/// Whether a piece is that name, in quotes or not.
fn is(sql: &str, (at, token): Piece<'_>, name: &str) -> bool {
    match token {
        Token::Word(word) => word.eq_ignore_ascii_case(name),
        Token::Quoted => {
            let quoted = sql[at..].strip_prefix('"').and_then(|rest| rest.strip_prefix(name));
            quoted.is_some_and(|rest| rest.starts_with('"'))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
