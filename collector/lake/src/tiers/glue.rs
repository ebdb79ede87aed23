//! A statement as Athena is asked it. Glue has `settled_<table>`, `landing_<table>` and `copies`; the other
//! names become common table expressions in front of the statement. Pure.

use std::borrow::Cow;

use pipetrail_collector::Table;

use super::scope::{self, Mention};
use super::{Tier, columns, once_of};
use crate::engine::lexer::{Piece, Token, tokens};
use crate::engine::walk::{Begin, begin};

/// Words that may follow a table and are no other name of it.
const NO_ALIAS: [&str; 22] = [
    "cross",
    "except",
    "fetch",
    "for",
    "full",
    "group",
    "having",
    "inner",
    "intersect",
    "join",
    "left",
    "limit",
    "match_recognize",
    "natural",
    "offset",
    "on",
    "order",
    "right",
    "tablesample",
    "union",
    "using",
    "where",
];

/// The statement as it reads over Glue, and for whoever reads the same tables by hand. What it reads of
/// plain names and of [`Tier::Every`] becomes a name in its `WITH`; `DESCRIBE` and `SHOW` get the settled
/// table of it, which has the same columns. A name behind a dot stays as it is. All of that is put into
/// one line, so that the numbers of lines in messages stay.
pub fn over_glue(sql: &str) -> Cow<'_, str> {
    let pieces = tokens(sql).unwrap_or_default();
    match begin(&pieces) {
        Some(Begin::Bare(at)) => query(sql, &pieces, at, None),
        Some(Begin::With { at, recursive, names }) => query(sql, &pieces, at, Some((recursive, names))),
        None => listing(sql, &pieces),
    }
}

/// A query that begins at `at`, with the names of its own `WITH` there and whether they are recursive.
fn query<'a>(sql: &'a str, pieces: &[Piece<'a>], at: usize, with: Option<(bool, Vec<Piece<'a>>)>) -> Cow<'a, str> {
    let is_with = with.is_some();
    let (recursive, own) = with.unwrap_or_default();
    let own = own.into_iter().filter_map(|piece| Mention::of(sql, &[piece], 0));
    let own: Vec<String> = own.map(|mention| mention.name).collect();
    let read = scope::read(sql, pieces);
    let is_read = |name: &str| read.iter().any(|mention| mention.name == name);
    let mut front = Vec::new();
    let mut renamed = Vec::new();
    for table in Table::ALL {
        let (plain, every) = (table.name(), Tier::Every.of(table).to_string());
        let (free_plain, free_every) = (free(plain, &own), free(&every, &own));
        let once = is_read(plain);
        let columns = columns(table).join(", ");
        if once || is_read(&every) {
            front.push(named(&free_every, recursive, &columns, &both(table, &columns)));
        }
        if once {
            front.push(named(&free_plain, recursive, &columns, &once_of(table, &free_every)));
        }
        for (name, free) in [(plain, free_plain), (every.as_str(), free_every)] {
            if name != free {
                renamed.extend(read.iter().filter(|of| of.name == name).map(|of| (of, free.clone())));
            }
        }
    }
    if front.is_empty() {
        return sql.into();
    }
    renamed.sort_by_key(|(mention, _)| mention.span.start);
    let mut text = format!(
        "{}{}{}",
        &sql[..at],
        if is_with { "" } else { "WITH " },
        front.join(", ")
    );
    text.push_str(if is_with { ", " } else { " " });
    let mut done = at;
    for (mention, free) in renamed {
        text.push_str(&sql[done..mention.span.start]);
        text.push_str(&free);
        // Columns may be asked for by the table's name.
        if !has_alias(pieces, mention.index) {
            text.push_str(" AS ");
            text.push_str(&mention.name);
        }
        done = mention.span.end;
    }
    text.push_str(&sql[done..]);
    text.into()
}

/// A name that the statement has not given to something else. `WITH heartbeats AS (SELECT … FROM heartbeats
/// …)` reads our table in its own, and no list has a name twice.
fn free(name: &str, own: &[String]) -> String {
    let mut free = name.to_owned();
    while own.contains(&free) {
        free.insert_str(0, "lake_");
    }
    free
}

/// `name AS (query)`. Behind `WITH RECURSIVE` Trino wants the columns of every name.
fn named(name: &str, recursive: bool, columns: &str, query: &str) -> String {
    match recursive {
        true => format!("{name} ({columns}) AS ({query})"),
        false => format!("{name} AS ({query})"),
    }
}

/// Every copy of both tiers. `UNION ALL` goes by position, so the columns are named. What is not delivered has no
/// table of landing in Glue.
fn both(table: Table, columns: &str) -> String {
    let [settled, landing] = [Tier::Settled, Tier::Landing].map(|tier| tier.of(table));
    if !table.is_delivered() {
        return format!("SELECT {columns} FROM {settled}");
    }
    format!("SELECT {columns} FROM {settled} UNION ALL SELECT {columns} FROM {landing}")
}

/// Whether a table that is named there has another name behind it.
fn has_alias(pieces: &[Piece<'_>], index: usize) -> bool {
    pieces.get(index + 1).is_some_and(|(_, behind)| match behind {
        Token::Word(_) => !behind.is_one_of(&NO_ALIAS),
        other => *other == Token::Quoted,
    })
}

/// What lists columns or partitions of a table.
fn listing<'a>(sql: &'a str, pieces: &[Piece<'a>]) -> Cow<'a, str> {
    let is = |index: usize, words: &[&str]| (pieces.get(index)).is_some_and(|(_, token)| token.is_one_of(words));
    let place = if is(0, &["describe", "desc"]) {
        1 + usize::from(is(1, &["extended", "formatted"]))
    } else if is(0, &["show"]) && is(1, &["partitions"]) {
        2
    } else if is(0, &["show"])
        && (is(1, &["columns"]) && is(2, &["from", "in"]) || is(1, &["create"]) && is(2, &["table"]))
    {
        3
    } else {
        return sql.into();
    };
    let is_qualified = matches!(pieces.get(place + 1), Some((_, Token::Sign('.'))));
    let Some(mention) = Mention::of(sql, pieces, place).filter(|_| !is_qualified) else {
        return sql.into();
    };
    let is_of = |table: &Table| mention.name == table.name() || mention.name == Tier::Every.of(*table).to_string();
    match Table::ALL.into_iter().find(is_of) {
        Some(table) => {
            let (before, behind) = (&sql[..mention.span.start], &sql[mention.span.end..]);
            format!("{before}{}{behind}", Tier::Settled.of(table)).into()
        }
        None => sql.into(),
    }
}
