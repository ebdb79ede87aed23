//! Which tables a query reads: where its text names them, and what it has named itself in a `WITH`. Pure.

use std::ops::Range;

use crate::engine::lexer::{Piece, Token};
use crate::engine::walk::{behind_names, skip};

/// Words behind which a list names no tables.
const CLAUSES: [&str; 14] = [
    "select",
    "where",
    "group",
    "having",
    "order",
    "limit",
    "offset",
    "fetch",
    "window",
    "union",
    "intersect",
    "except",
    "values",
    "with",
];

/// A place that names something.
pub(super) struct Mention {
    /// Which piece of the statement it is.
    pub index: usize,
    /// Without quotes, in small letters: Trino tells no case, in quotes or not.
    pub name: String,
    /// Where it stands, with its quotes.
    pub span: Range<usize>,
}

impl Mention {
    /// The name that a piece is, if it is one.
    pub(super) fn of(sql: &str, pieces: &[Piece<'_>], index: usize) -> Option<Self> {
        let &(at, token) = pieces.get(index)?;
        let (name, length) = match token {
            Token::Word(word) => (word, word.len()),
            Token::Quoted => {
                let quoted = &sql[at..];
                let quote = quoted.chars().next().filter(|quote| "\"`".contains(*quote))?;
                let (name, behind) = quoted[1..].split_once(quote)?;
                // A quote inside of a name: none of the tables has one.
                (!behind.starts_with(quote)).then_some((name, name.len() + 2))?
            }
            _ => return None,
        };
        Some(Mention {
            index,
            name: name.to_ascii_lowercase(),
            span: at..at + length,
        })
    }
}

/// Every place where a query reads a table that it has not named itself.
pub(super) fn read(sql: &str, pieces: &[Piece<'_>]) -> Vec<Mention> {
    let own = own(sql, pieces);
    let is_own = |mention: &Mention| {
        (own.iter()).any(|(name, known)| *name == mention.name && known.contains(&mention.span.start))
    };
    let mentions = places(pieces)
        .into_iter()
        .filter_map(|index| Mention::of(sql, pieces, index));
    mentions.filter(|mention| !is_own(mention)).collect()
}

/// The pieces that stand where a table is named, and not before a dot: behind `FROM`, `JOIN` and `TABLE`,
/// behind a comma in such a list, and in brackets there.
fn places(pieces: &[Piece<'_>]) -> Vec<usize> {
    let mut places = Vec::new();
    // Of each bracket that is open, whether a comma in it leads to a table.
    let mut lists = vec![false];
    let mut leads = false;
    for (index, (_, token)) in pieces.iter().enumerate() {
        let is_table = leads;
        leads = match token {
            Token::Open => {
                lists.push(leads);
                leads
            }
            Token::Close => {
                lists.pop();
                false
            }
            Token::Comma => lists.last().is_some_and(|leads| *leads),
            _ => token.is_one_of(&["from", "join", "table"]),
        };
        let in_list = match token.is_one_of(&CLAUSES) {
            true => Some(false),
            false => token.is_one_of(&["from", "join"]).then_some(true),
        };
        if let (Some(list), Some(in_list)) = (lists.last_mut(), in_list) {
            *list = in_list;
        }
        // `, name.column` and `, name(…)` are no tables.
        let behind = pieces.get(index + 1).map(|(_, token)| *token);
        let is_whole = !matches!(behind, Some(Token::Sign('.') | Token::Open));
        let is_name = in_list.is_none() && matches!(token, Token::Word(_) | Token::Quoted);
        if is_table && is_whole && is_name {
            places.push(index);
        }
    }
    places
}

/// What a statement names itself, in every `WITH` of it, and where that is known: from the end of its own
/// query, or of a recursive list from its beginning, to the end of the brackets around the `WITH`.
fn own(sql: &str, pieces: &[Piece<'_>]) -> Vec<(String, Range<usize>)> {
    let mut own = Vec::new();
    for (index, (_, token)) in pieces.iter().enumerate() {
        if !token.is_one_of(&["with"]) {
            continue;
        }
        let behind = &pieces[index + 1..];
        let mut rest = behind.iter().copied().peekable();
        let recursive = skip(&mut rest, |token| token.is_one_of(&["recursive"]));
        // `WITH TIME ZONE` and the like are no lists.
        let Ok(names) = behind_names(&mut rest) else { continue };
        let until = end_of_bracket(behind);
        own.extend(names.into_iter().filter_map(|((at, token), end)| {
            let name = Mention::of(sql, &[(at, token)], 0)?.name;
            let from = if recursive { at } else { end };
            Some((name, from..until))
        }));
    }
    own
}

/// Where the bracket closes that these pieces stand in.
fn end_of_bracket(pieces: &[Piece<'_>]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in pieces {
        match (token, depth) {
            (Token::Open, _) => depth += 1,
            (Token::Close, 0) => return *at,
            (Token::Close, _) => depth -= 1,
            _ => {}
        }
    }
    usize::MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::lexer::tokens;

    fn reads(sql: &str) -> Vec<String> {
        let pieces = tokens(sql).unwrap();
        read(sql, &pieces).into_iter().map(|mention| mention.name).collect()
    }

    #[test]
    fn tables_are_named_behind_from_and_join_and_commas_between_them() {
        for (sql, tables) in [
            (
                "SELECT a, b FROM c AS d, E, \"F\" WHERE g IN (h, i)",
                vec!["c", "e", "f"],
            ),
            (
                "SELECT 1 FROM (a JOIN (b) ON a.x = b.x), c ORDER BY d, e",
                vec!["a", "b", "c"],
            ),
            (
                "SELECT 1 FROM a GROUP BY b, c UNION SELECT d, e FROM f, g",
                vec!["a", "f", "g"],
            ),
            (
                "(TABLE a) UNION (SELECT b, (SELECT c, d FROM e, f) FROM g, h)",
                vec!["a", "e", "f", "g", "h"],
            ),
            ("SELECT extract(year FROM a), b, c FROM d", vec!["a", "d"]),
            (
                "SELECT 1 FROM a, unnest(b, c) AS t (d, e), f LEFT JOIN LATERAL (SELECT g, h) ON 1 = 1",
                vec!["a", "f"],
            ),
            ("SELECT a.b, c(1) FROM d.e, f(1), g.h AS i", vec![]),
            ("SELECT 1 FROM (VALUES (a, b), (c, d)) AS e (f, g)", vec![]),
        ] {
            assert_eq!(reads(sql), tables, "{sql}");
        }
    }

    #[test]
    fn a_name_of_its_own_is_known_behind_its_query_to_the_end_of_the_brackets() {
        for (sql, tables) in [
            (
                "WITH a AS (SELECT 1 FROM b, a), b AS (SELECT 1 FROM a, b) SELECT 1 FROM A, \"B\", c",
                vec!["b", "a", "b", "c"],
            ),
            ("SELECT 1 FROM (WITH a AS (SELECT 1) SELECT 1 FROM a), a", vec!["a"]),
            (
                "WITH RECURSIVE a (n) AS (SELECT 1 UNION ALL SELECT n FROM a) SELECT 1 FROM a",
                vec![],
            ),
            ("SELECT CAST(x AS timestamp with time zone) FROM a", vec!["a"]),
        ] {
            assert_eq!(reads(sql), tables, "{sql}");
        }
    }
}
