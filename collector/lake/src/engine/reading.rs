//! Whether a text is one statement that only reads. Athena would also run what creates, inserts into
//! and drops tables of the lake; nothing here is to change it. Pure.

use thiserror::Error;

use super::lexer::{Odd, Piece, Token, tokens, word};
use super::walk::{behind_explain, behind_names, skip};

/// Athena's limit of a query's text, in bytes; for every engine, so that one text serves all.
pub const LONGEST: usize = 262_144;

/// A text that is not sent to any engine.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotSent {
    /// Nothing but blanks and comments.
    #[error("there is no statement in it")]
    Empty,
    /// More than one statement.
    #[error("there is more than one statement: {0:?} follows a semicolon")]
    Several(String),
    /// It would not only read.
    #[error("only what reads is sent, and this begins with {0}")]
    Writes(String),
    /// It cannot be cut into pieces.
    #[error(transparent)]
    Odd(#[from] Odd),
    /// Longer than Athena takes.
    #[error("the query has {0} bytes, and {LONGEST} are the most")]
    TooLong(usize),
}

impl NotSent {
    /// The next thing to try.
    pub fn hint(&self) -> &'static str {
        match self {
            NotSent::Empty => "write one, for example SELECT count(*) FROM approval_calls",
            NotSent::Several(_) => "ask one statement at a time; a semicolon at its end is fine",
            NotSent::Writes(_) => "begin with SELECT, WITH, VALUES, SHOW, DESCRIBE or EXPLAIN",
            NotSent::Odd(Odd::Unfinished(_)) => "close it; a quote inside of a string is written twice",
            NotSent::Odd(Odd::Ambiguous(_)) => "write it without; a quote inside of a string is written twice",
            NotSent::TooLong(_) => "ask for less at a time, for example fewer ids in a list",
        }
    }
}

/// Pairs of words that stand in no query, but inside of statements that write.
const PAIRS: [[&str; 2]; 5] = [
    ["insert", "into"],
    ["insert", "overwrite"],
    ["merge", "into"],
    ["delete", "from"],
    ["update", "set"],
];

/// What a statement begins with that does not only read, where a table's name is expected.
const STATEMENTS: [&str; 10] = [
    "analyze", "insert", "update", "delete", "merge", "create", "drop", "alter", "copy", "truncate",
];

/// The statement without its semicolon, if it is one and only reads.
///
/// # Errors
/// It is none, more than one, too long, or would not only read.
pub fn statement(text: &str) -> Result<&str, NotSent> {
    if text.len() > LONGEST {
        return Err(NotSent::TooLong(text.len()));
    }
    let tokens = tokens(text)?;
    let end = tokens.iter().position(|(_, token)| *token == Token::Semicolon);
    let (tokens, behind) = tokens.split_at(end.unwrap_or(tokens.len()));
    if let Some((at, _)) = behind.iter().find(|(_, token)| *token != Token::Semicolon) {
        let start: String = text[*at..].chars().take(20).collect();
        return Err(NotSent::Several(start));
    }
    if tokens.is_empty() {
        return Err(NotSent::Empty);
    }
    reads(text, tokens)?;
    let end = behind.first().map_or(text.len(), |(at, _)| *at);
    Ok(text[..end].trim())
}

/// Whether a text is finished: a semicolon ends it. For a prompt that reads line by line.
pub fn is_finished(text: &str) -> bool {
    match tokens(text) {
        Ok(tokens) => tokens.last().is_some_and(|(_, token)| *token == Token::Semicolon),
        Err(Odd::Unfinished(_)) => false,
        // Said at once, not after more lines.
        Err(Odd::Ambiguous(_)) => true,
    }
}

fn reads(text: &str, tokens: &[Piece<'_>]) -> Result<(), NotSent> {
    for pair in tokens.windows(2) {
        let is_pair = |words: &[&str; 2]| {
            pair.iter()
                .zip(words)
                .all(|((_, token), word)| token.is_one_of(&[*word]))
        };
        if PAIRS.iter().any(is_pair) {
            return Err(writes(text, pair[0].0));
        }
    }
    let mut rest = tokens.iter().copied().peekable();
    while let Some((at, token)) = rest.next() {
        match token {
            Token::Open => {}
            _ if token.is_one_of(&["select", "values", "show"]) => return Ok(()),
            _ if token.is_one_of(&["with"]) => {
                skip(&mut rest, |token| token.is_one_of(&["recursive"]));
                behind_names(&mut rest).map_err(|at| writes(text, at.unwrap_or(text.len())))?;
            }
            // What follows may be a whole statement, which `ANALYZE` runs.
            _ if token.is_one_of(&["explain"]) => behind_explain(&mut rest),
            // A table's name and no statement.
            _ if token.is_one_of(&["describe", "desc"]) => {
                let statement = rest.find(|(_, token)| token.is_one_of(&STATEMENTS));
                return statement.map_or(Ok(()), |(at, _)| Err(writes(text, at)));
            }
            _ => return Err(writes(text, at)),
        }
    }
    Err(NotSent::Empty)
}

fn writes(text: &str, at: usize) -> NotSent {
    NotSent::Writes(match word(&text[at..]) {
        "" => format!("{:?}", text[at..].chars().next().unwrap_or_default()),
        word => word.chars().take(20).collect::<String>().to_ascii_uppercase(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reads_is_sent_without_its_semicolon() {
        for text in [
            "SELECT 1",
            "select replace('DROP TABLE x; --', 'insert into', \"delete from\") from approval_calls",
            "((SELECT 1) UNION (SELECT 2))",
            "WITH a AS (SELECT 1), b (x, y) AS NOT MATERIALIZED (SELECT ((2)), 3) SELECT * FROM a, b",
            "WITH RECURSIVE t (n) AS (VALUES 1) (SELECT n FROM t)",
            "-- the first line\n/* DROP TABLE x */ VALUES (1)",
            "SHOW CREATE TABLE approval_calls",
            "DESCRIBE FORMATTED pipetrail.approval_calls",
            "EXPLAIN ANALYZE VERBOSE SELECT 1",
            "EXPLAIN (TYPE IO, FORMAT JSON) SELECT 1",
            "EXPLAIN (SELECT 1)",
            "EXPLAIN FORMAT TREE WITH a AS (SELECT 1) SELECT * FROM a",
            "SELECT \"update\" FROM t",
        ] {
            assert_eq!(statement(text), Ok(text.trim()), "{text}");
            let ended = format!("  {text} ;\n-- end\n;");
            assert_eq!(statement(&ended), Ok(text), "{ended}");
        }
    }

    #[test]
    fn what_writes_is_not_sent_however_it_is_dressed() {
        for (text, word) in [
            ("DROP TABLE approval_calls", "DROP"),
            ("/* SELECT */ -- SELECT\n drop table approval_calls", "DROP"),
            ("(INSERT INTO approval_calls SELECT 1)", "INSERT"),
            ("CREATE TABLE x AS SELECT 1", "CREATE"),
            ("UNLOAD (SELECT 1) TO 's3://x/'", "UNLOAD"),
            ("EXECUTE x", "EXECUTE"),
            ("MSCK REPAIR TABLE approval_calls", "MSCK"),
            ("WITH a AS (SELECT 1) INSERT INTO approval_calls SELECT 1", "INSERT"),
            ("WITH a AS (SELECT 1) DELETE FROM approval_calls", "DELETE"),
            ("WITH a AS (SELECT 1) UPDATE approval_calls SET region = 'x'", "UPDATE"),
            ("WITH a AS (DELETE FROM approval_calls RETURNING 1) SELECT 1", "DELETE"),
            ("EXPLAIN ANALYZE INSERT INTO approval_calls SELECT 1", "INSERT"),
            ("EXPLAIN (FORMAT JSON) DROP TABLE approval_calls", "DROP"),
            ("DESCRIBE ANALYZE TABLE x", "ANALYZE"),
            ("COPY approval_calls TO 'x'", "COPY"),
            ("SET x = 1", "SET"),
            ("WITH x", "X"),
            ("'SELECT' 1", "'\\''"),
        ] {
            assert_eq!(statement(text), Err(NotSent::Writes(word.to_owned())), "{text}");
        }
    }

    #[test]
    fn one_statement_and_no_more() {
        let second = NotSent::Several("DROP TABLE x".to_owned());
        assert_eq!(statement("SELECT 1; DROP TABLE x"), Err(second));
        for empty in ["", " \n", ";", "-- SELECT 1", "((", "EXPLAIN ANALYZE"] {
            assert_eq!(statement(empty), Err(NotSent::Empty), "{empty}");
        }
    }

    #[test]
    fn a_text_over_athenas_limit_is_refused_on_a_laptop_too() {
        let text = format!("SELECT '{}'", "x".repeat(LONGEST - 9));
        assert_eq!(text.len(), LONGEST);
        assert!(statement(&text).is_ok());
        assert_eq!(statement(&format!("{text} ")), Err(NotSent::TooLong(LONGEST + 1)));
    }

    #[test]
    fn a_prompt_waits_for_the_semicolon_that_is_none_of_a_string() {
        for open in [
            "SELECT 1",
            "SELECT ';",
            "SELECT ';'",
            "SELECT 1 -- ;",
            "SELECT /* ;",
            "",
        ] {
            assert!(!is_finished(open), "{open}");
        }
        for done in ["SELECT 1;", "SELECT ';'\n; -- end", ";", "SELECT '\\';"] {
            assert!(is_finished(done), "{done}");
        }
    }
}
