//! Walks over the pieces of a statement: behind brackets, behind `WITH …` and behind `EXPLAIN …`. Pure.

use std::iter::{Copied, Peekable};
use std::slice::Iter;

use super::lexer::{Piece, Token};

/// The pieces that are still ahead.
pub(crate) type Rest<'p, 'a> = Peekable<Copied<Iter<'p, Piece<'a>>>>;

/// Goes behind a piece, if it comes next.
pub(crate) fn skip(rest: &mut Rest<'_, '_>, is: impl Fn(&Token<'_>) -> bool) -> bool {
    rest.next_if(|(_, token)| is(token)).is_some()
}

/// Goes behind brackets, if they come next.
fn skip_brackets(rest: &mut Rest<'_, '_>) -> bool {
    let opens = skip(rest, |token| *token == Token::Open);
    let mut depth = usize::from(opens);
    while depth > 0 {
        match rest.next() {
            Some((_, Token::Open)) => depth += 1,
            Some((_, Token::Close)) => depth -= 1,
            Some(_) => {}
            None => break,
        }
    }
    opens
}

/// A name in the list of a `WITH`, and where what follows its query begins.
pub(crate) type Named<'a> = (Piece<'a>, usize);

/// Goes to what follows `name (columns) AS (…), …`, and gives the names.
///
/// # Errors
/// It is no such list: where it is none.
pub(crate) fn behind_names<'a>(rest: &mut Rest<'_, 'a>) -> Result<Vec<Named<'a>>, Option<usize>> {
    let mut names = Vec::new();
    loop {
        let name = rest.next();
        skip_brackets(rest);
        let follows = rest.next().is_some_and(|(_, token)| token.is_one_of(&["as"]));
        skip(rest, |token| token.is_one_of(&["not"]));
        skip(rest, |token| token.is_one_of(&["materialized"]));
        if !follows || !skip_brackets(rest) {
            return Err(name.map(|(at, _)| at));
        }
        let end = rest.peek().map_or(usize::MAX, |(at, _)| *at);
        names.extend(name.map(|name| (name, end)));
        if !skip(rest, |token| *token == Token::Comma) {
            return Ok(names);
        }
    }
}

/// Goes to the statement that is to be explained.
pub(super) fn behind_explain(rest: &mut Rest<'_, '_>) {
    while skip(rest, |token| token.is_one_of(&["analyze", "verbose"])) {}
    if skip(rest, |token| token.is_one_of(&["format"])) {
        rest.next();
    }
    // Trino's options; any other bracket is the query's own.
    let mut inside = rest.clone();
    inside.next();
    if inside
        .peek()
        .is_some_and(|(_, token)| token.is_one_of(&["format", "type"]))
    {
        skip_brackets(rest);
    }
}

/// How a query begins, behind what only explains it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Begin<'a> {
    /// With names of its own.
    With {
        /// Where the first one stands.
        at: usize,
        /// Whether they may be of themselves.
        recursive: bool,
        names: Vec<Piece<'a>>,
    },
    /// With what it selects, or with a bracket around it.
    Bare(usize),
}

/// How a statement's query begins; `None` where it has none, as `SHOW …`.
pub(crate) fn begin<'a>(pieces: &[Piece<'a>]) -> Option<Begin<'a>> {
    let mut rest = pieces.iter().copied().peekable();
    if skip(&mut rest, |token| token.is_one_of(&["explain"])) {
        behind_explain(&mut rest);
    }
    let &(at, first) = rest.peek()?;
    if first == Token::Open || first.is_one_of(&["select", "values"]) {
        return Some(Begin::Bare(at));
    }
    skip(&mut rest, |token| token.is_one_of(&["with"])).then_some(())?;
    let recursive = skip(&mut rest, |token| token.is_one_of(&["recursive"]));
    let &(at, _) = rest.peek()?;
    let names = behind_names(&mut rest)
        .ok()?
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    Some(Begin::With { at, recursive, names })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::lexer::tokens;

    /// Where a query begins, and its own names.
    fn begins(text: &str) -> Option<(&str, bool, Vec<&str>)> {
        let pieces = tokens(text).unwrap();
        Some(match begin(&pieces)? {
            Begin::Bare(at) => (&text[at..], false, vec![]),
            Begin::With { at, recursive, names } => {
                let names = names
                    .iter()
                    .map(|(at, _)| text[*at..].split([' ', '(']).next().unwrap());
                (&text[at..], recursive, names.collect())
            }
        })
    }

    #[test]
    fn a_query_begins_behind_comments_and_what_explains_it() {
        for text in [
            "SELECT 1",
            "VALUES (1)",
            "((SELECT 1) UNION (SELECT 2))",
            "(WITH a AS (SELECT 1) SELECT * FROM a)",
        ] {
            assert_eq!(begins(text), Some((text, false, vec![])));
            for before in [
                "EXPLAIN ",
                "explain analyze verbose ",
                "EXPLAIN (TYPE IO, FORMAT JSON) ",
                "EXPLAIN FORMAT TREE ",
                "-- SELECT\n",
            ] {
                assert_eq!(
                    begins(&format!("{before}{text}")),
                    Some((text, false, vec![])),
                    "{before}"
                );
            }
        }
    }

    #[test]
    fn names_of_its_own_are_found_and_those_inside_of_them_are_not() {
        let text =
            "WITH a AS (WITH c AS (SELECT 1) SELECT * FROM c), b(x, y) AS NOT MATERIALIZED (VALUES (1, 2)) SELECT 1";
        let from = text.strip_prefix("WITH ").unwrap();
        assert_eq!(begins(text), Some((from, false, vec!["a", "b"])));
        let text = "EXPLAIN WITH RECURSIVE t (n) AS (VALUES (1)) SELECT n FROM t";
        let from = text.strip_prefix("EXPLAIN WITH RECURSIVE ").unwrap();
        assert_eq!(begins(text), Some((from, true, vec!["t"])));
    }

    #[test]
    fn what_is_no_query_has_no_beginning() {
        for text in [
            "",
            "SHOW TABLES",
            "DESCRIBE approval_calls",
            "WITH",
            "WITH a SELECT 1",
            "EXPLAIN",
        ] {
            assert_eq!(begins(text), None, "{text}");
        }
    }
}
