//! SQL cut into the pieces that tell where a statement begins and ends: words, brackets, commas,
//! semicolons; strings, quoted names and comments as a whole. Pure.
//!
//! The engines disagree on a few texts: where a comment ends that holds another one, what a backslash
//! before a quote is, which letters may stand before a string. Such a text could hide a statement from
//! whoever reads it the other way, so it is [`Odd::Ambiguous`].

use thiserror::Error;

/// A piece of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    /// A keyword, or a name without quotes.
    Word(&'a str),
    /// A string or a quoted name.
    Quoted,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// A whole number, or what begins with a digit.
    Number,
    /// A character of an operator, or a dot.
    Sign(char),
}

impl Token<'_> {
    /// Whether it is one of these keywords, which are lower case here.
    pub(crate) fn is_one_of(&self, words: &[&str]) -> bool {
        matches!(self, Token::Word(word) if words.iter().any(|one| word.eq_ignore_ascii_case(one)))
    }
}

/// What cannot be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Odd {
    /// It ends inside of this.
    #[error("{0} does not end")]
    Unfinished(&'static str),
    /// The engines read this differently.
    #[error("{0} means different things to different engines")]
    Ambiguous(&'static str),
}

/// A token and where it begins.
pub type Piece<'a> = (usize, Token<'a>);

/// All pieces of a text.
///
/// # Errors
/// A text that ends inside of a string or comment, or that the engines read differently.
pub fn tokens(text: &str) -> Result<Vec<Piece<'_>>, Odd> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let (length, token) = match c {
            _ if rest.starts_with("--") => (line_comment(rest)?, None),
            _ if rest.starts_with("/*") => (block_comment(rest)?, None),
            '\'' => (quoted(rest, '\'', "a string")?, Some(Token::Quoted)),
            '"' | '`' => (quoted(rest, c, "a quoted name")?, Some(Token::Quoted)),
            '$' => return Err(Odd::Ambiguous("a dollar sign outside of a string")),
            '(' => (1, Some(Token::Open)),
            ')' => (1, Some(Token::Close)),
            ',' => (1, Some(Token::Comma)),
            ';' => (1, Some(Token::Semicolon)),
            _ if c.is_whitespace() => (c.len_utf8(), None),
            _ if c.is_alphabetic() || c == '_' => {
                let word = word(rest);
                if is_prefix(word) && rest[word.len()..].starts_with(['\'', '"']) {
                    return Err(Odd::Ambiguous("a string with a letter before its quote"));
                }
                (word.len(), Some(Token::Word(word)))
            }
            _ if c.is_alphanumeric() => (word(rest).len(), Some(Token::Number)),
            _ => (c.len_utf8(), Some(Token::Sign(c))),
        };
        tokens.extend(token.map(|token| (at, token)));
        at += length;
    }
    Ok(tokens)
}

/// The word that a text begins with.
pub(super) fn word(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_'));
    &text[..end.unwrap_or(text.len())]
}

/// Letters that change in some dialect how the string behind them is read. (`X'0A'` and `U&'…'` are
/// standard SQL.)
fn is_prefix(word: &str) -> bool {
    word.len() <= 2 && word.bytes().all(|byte| b"bBeEnNqQrR".contains(&byte))
}

fn line_comment(text: &str) -> Result<usize, Odd> {
    let end = text.find('\n').unwrap_or(text.len());
    let line = text[..end].strip_suffix('\r').unwrap_or(&text[..end]);
    if line.contains('\r') {
        return Err(Odd::Ambiguous("a carriage return inside of a comment"));
    }
    Ok(end)
}

fn block_comment(text: &str) -> Result<usize, Odd> {
    let inside = &text[2..];
    let end = inside.find("*/").ok_or(Odd::Unfinished("a comment"))?;
    if inside[..end].contains("/*") {
        return Err(Odd::Ambiguous("a comment inside of a comment"));
    }
    Ok(2 + end + 2)
}

/// The length of what stands between quotes, doubled ones being part of it.
fn quoted(text: &str, quote: char, what: &'static str) -> Result<usize, Odd> {
    let mut at = 1;
    loop {
        at += text[at..].find(quote).ok_or(Odd::Unfinished(what))?;
        if text[..at].ends_with('\\') {
            return Err(Odd::Ambiguous("a backslash before a quote"));
        }
        at += 1;
        if !text[at..].starts_with(quote) {
            return Ok(at);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Token<'_>> {
        let tokens = tokens(text).unwrap_or_else(|odd| panic!("{text}: {odd:?}"));
        tokens.into_iter().map(|(_, token)| token).collect()
    }

    #[test]
    fn strings_names_and_comments_hide_what_they_hold() {
        use Token::{Close, Comma, Number, Open, Quoted, Semicolon, Sign, Word};
        assert_eq!(
            kinds("SELECT 'it''s; --', \"a;\"\"b\" /* ; ' */ -- ; '\n, x1(2e5);"),
            [
                Word("SELECT"),
                Quoted,
                Comma,
                Quoted,
                Comma,
                Word("x1"),
                Open,
                Number,
                Close,
                Semicolon
            ]
        );
        assert_eq!(
            kinds("X'0A' U&'\u{e9}'"),
            [Word("X"), Quoted, Word("U"), Sign('&'), Quoted]
        );
        assert_eq!(kinds(" \t\r\n-- only this"), []);
        assert_eq!(kinds("größe→"), [Word("größe"), Sign('→')]);
    }

    #[test]
    fn what_does_not_end_is_named() {
        for (text, what) in [
            ("'a", "a string"),
            ("'a''", "a string"),
            ("\"a", "a quoted name"),
            ("`a", "a quoted name"),
            ("/* a", "a comment"),
            ("/*/", "a comment"),
        ] {
            assert_eq!(tokens(text), Err(Odd::Unfinished(what)), "{text}");
        }
    }

    #[test]
    fn what_engines_read_differently_is_not_guessed() {
        for text in [
            "/* /* */ ' */ DROP TABLE x --'",
            "E'\\' '; DROP TABLE x --'",
            "'\\'; DROP TABLE x --'",
            "$$'$$ DROP TABLE x --'",
            "-- x\rDROP TABLE y /*\nSELECT 1 -- */",
            "q'[ ' ]'",
        ] {
            assert!(
                matches!(tokens(text), Err(Odd::Ambiguous(_))),
                "{text}: {:?}",
                tokens(text)
            );
        }
        assert!(tokens("-- a\r\nSELECT 1\r\n").is_ok());
    }
}
