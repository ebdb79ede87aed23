//! Holds every audit to `docs/sql.md`: no function or keyword but those that all engines read alike.

use std::collections::BTreeSet;

use pipetrail_collector::Table;

use super::{Audit, Parameters, all};
use crate::copies_table;
use crate::engine::lexer::{Piece, Token, tokens};
use crate::tiers::{COPIES, Tier, over_glue};

const DOCUMENT: &str = include_str!("../../../../docs/sql.md");

/// What Trino reserves and the audits do not use.
const RESERVED: &str = "alter constraint create cross cube current_date current_time current_timestamp \
    current_user deallocate delete describe drop escape except execute extract false for full grouping inner \
    insert intersect into json_array json_exists json_object json_query json_table json_value listagg localtime \
    localtimestamp natural normalize outer prepare recursive right rollup skip table trim true uescape unnest using";

fn pieces(sql: &str) -> Vec<Piece<'_>> {
    tokens(sql).unwrap_or_else(|odd| panic!("{odd:?}: {sql}"))
}

/// The words in backquotes that stand first in the lines of a part of the document, or all of them.
fn listed(part: &str, all: bool) -> BTreeSet<String> {
    let begin = format!("<!-- {part} -->\n");
    let (_, text) = DOCUMENT.split_once(&begin).expect("the part is there");
    let (text, _) = text.split_once("<!-- end -->").expect("the part ends");
    let words = |line: &str| -> Vec<String> { line.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    text.lines()
        .flat_map(|line| words(line).into_iter().take(if all { usize::MAX } else { 1 }))
        .collect()
}

/// What an audit uses that is not listed, of a text that reads these tiers.
fn foreign(audit: &Audit, sql: &str, tiers: &[Tier]) -> Vec<String> {
    let (functions, keywords) = (listed("functions", false), listed("keywords", true));
    let tiers: Vec<String> = (tiers.iter())
        .flat_map(|tier| Table::ALL.map(|table| tier.of(table).to_string()))
        .collect();
    let mut names: BTreeSet<&str> = Table::ALL
        .iter()
        .flat_map(|table| {
            table
                .columns()
                .into_iter()
                .map(|column| column.name)
                .chain([table.name()])
        })
        .chain(["account_id", "month", "day", "varchar", "bigint", "double", COPIES])
        .chain(tiers.iter().map(String::as_str))
        .chain(copies_table::COLUMNS.map(|(name, _)| name))
        .collect();
    let pieces = pieces(sql);
    let tokens: Vec<Token<'_>> = pieces.iter().map(|(_, token)| *token).collect();
    // Names that the audit gives: behind AS, in brackets behind such a name, and in front of AS.
    for (i, window) in tokens.windows(3).enumerate() {
        match window {
            [Token::Word("AS"), Token::Word(name), Token::Open] => {
                names.insert(name);
                let inside = tokens[i + 3..].iter().take_while(|token| **token != Token::Close);
                names.extend(inside.filter_map(|token| match token {
                    Token::Word(name) => Some(*name),
                    _ => None,
                }));
            }
            [Token::Word("AS"), Token::Word(name), _] => _ = names.insert(name),
            [Token::Word(name), Token::Word("AS"), Token::Open] => _ = names.insert(name),
            _ => {}
        }
    }
    let mut foreign = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        let next = tokens.get(i + 1);
        let last = i.checked_sub(1).and_then(|i| tokens.get(i));
        let is_right = match token {
            Token::Word(word) if word.chars().all(|c| c.is_ascii_uppercase()) => keywords.contains(*word),
            Token::Word(word) if next == Some(&Token::Open) && last != Some(&Token::Word("AS")) => {
                functions.contains(*word)
            }
            Token::Word(word) => names.contains(word) && !RESERVED.split_whitespace().any(|reserved| reserved == *word),
            // What begins with a digit and goes on after a dot is no whole number.
            Token::Sign('.') => last != Some(&Token::Number),
            Token::Sign(sign) => "=<>*+-/|".contains(*sign),
            // A string; names are never quoted.
            Token::Quoted => pieces.get(i).is_some_and(|(at, _)| sql[*at..].starts_with('\'')),
            Token::Number | Token::Open | Token::Close | Token::Comma => true,
            Token::Semicolon => false,
        };
        if !is_right {
            foreign.push(format!("{}: {token:?}", audit.name));
        }
    }
    foreign
}

fn bound() -> Parameters {
    let time = |text: &str| text.parse().unwrap();
    Parameters {
        accounts: vec!["000011112222".parse().unwrap()],
        pipelines: vec!["it's {one}".to_owned()],
        ..Parameters::window(time("2026-11-01T00:00:00Z"), time("2026-12-01T00:00:00Z"))
    }
}

#[test]
fn no_audit_uses_anything_that_is_not_listed() {
    let mut foreign_words = Vec::new();
    for audit in all() {
        let mut bound = bound();
        if !audit.takes("pipeline") {
            bound.pipelines.clear();
        }
        let sql = audit.sql(&bound).unwrap();
        foreign_words.extend(foreign(audit, &sql, &[Tier::Every]));
        // As Athena gets it.
        foreign_words.extend(foreign(audit, &over_glue(&sql), &Tier::ALL));
    }
    // And the plain names that somebody's query reads.
    for table in Table::ALL {
        let sql = format!("SELECT count(*) AS many FROM {table}");
        foreign_words.extend(foreign(&all()[0], &over_glue(&sql), &Tier::ALL));
    }
    assert!(foreign_words.is_empty(), "{foreign_words:#?}");
}

#[test]
fn every_listed_word_is_used() {
    let mut used = BTreeSet::new();
    for audit in all() {
        let mut bound = bound();
        bound.pipelines.clear();
        let sql = audit.sql(&bound).unwrap();
        used.extend(pieces(&sql).into_iter().filter_map(|(_, token)| match token {
            Token::Word(word) => Some(word.to_owned()),
            _ => None,
        }));
    }
    let listed = listed("functions", false).into_iter().chain(listed("keywords", true));
    let unused: Vec<String> = listed
        .filter(|word| !used.contains(word) && !used.contains(&word.to_uppercase()))
        .collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn what_engines_read_differently_is_refused() {
    for wrong in [
        "SELECT date_format(event_time, '%Y') FROM approval_calls",
        "SELECT greatest(event_ms, 1) FROM approval_calls",
        "SELECT event_ms * 1.5 FROM approval_calls",
        "SELECT event_ms % 2 FROM approval_calls",
        "SELECT \"event_ms\" FROM approval_calls",
        "SELECT event_ms::double FROM approval_calls",
        "SELECT event_ms AS skip FROM approval_calls",
        "SELECT current_date FROM approval_calls",
        "SELECT event_ms FROM approval_calls FETCH FIRST 1 ROWS ONLY",
        "SELECT event_ms FROM somewhere",
        "SELECT event_ms FROM landing_approval_calls",
        "SELECT event_ms FROM approval_calls LIMIT 1",
    ] {
        assert!(!foreign(&all()[0], wrong, &[Tier::Every]).is_empty(), "{wrong}");
    }
    let right = "SELECT count(*) AS many FROM every_approval_calls WHERE mfa";
    assert!(foreign(&all()[0], right, &[Tier::Every]).is_empty());
}

#[test]
fn every_answer_is_in_an_order() {
    for audit in all() {
        let sql = audit
            .sql(&Parameters {
                pipelines: vec![],
                ..bound()
            })
            .unwrap();
        let last = sql.lines().last().unwrap();
        assert!(last.starts_with("ORDER BY "), "{}: {last}", audit.name);
        let words: Vec<Token<'_>> = pieces(&sql).into_iter().map(|(_, token)| token).collect();
        for pair in words.windows(2) {
            assert!(
                pair[0] != Token::Word("DESC") || pair[1] == Token::Word("NULLS"),
                "{}",
                audit.name
            );
        }
    }
}
