//! The comments that an audit's file begins with: what it is called, answers, takes and returns.
//!
//! `build.rs` reads this file too: a header that is wrong fails the build, with the name of its file.
//! So nothing but the standard library is used here.
//!
//! ```text
//! -- title: Decisions per day
//! -- answers: How many decisions there were on each day.
//! -- published: no, and why it is no saved query of Athena; left out of the others
//! -- takes: from, to, account, pipeline
//! -- parameter stage: text, default 'Prod': only gates of this stage
//! -- column day: text: UTC day
//! -- column approved: integer: approvals on it
//! SELECT …
//! ```
//!
//! Behind a default `, else A or B` says what else the parameter may be; without it, that is anything.
//!
//! A line that begins with `--` and three spaces goes on with the line before it.

/// What every audit can take, under the names of the options.
pub(super) const COMMON: [&str; 4] = ["from", "to", "account", "pipeline"];

/// An audit's file, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header<'a> {
    /// A name for people.
    pub title: String,
    /// What it answers.
    pub answers: String,
    /// Why `apply` does not publish it; `None` of those that it does.
    pub unpublished: Option<&'a str>,
    /// Which of [`COMMON`] it takes.
    pub takes: Vec<&'a str>,
    /// What it takes beside them.
    pub parameters: Vec<Described<'a>>,
    /// The columns of its answer, in their order.
    pub columns: Vec<Described<'a>>,
    /// The SQL below the header, macros not expanded.
    pub body: &'a str,
}

/// A column, or a parameter with its default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Described<'a> {
    /// Its name.
    pub name: &'a str,
    /// `text`, `integer`, `double` or `boolean`.
    pub kind: &'a str,
    /// What it is without being given; parameters only.
    pub default: Option<&'a str>,
    /// What else it may be, as in `Approved or Rejected`; parameters only, `None` for anything.
    pub among: Option<&'a str>,
    /// What it means.
    pub meaning: String,
}

/// Reads an audit's file.
///
/// # Errors
/// What is wrong with its header.
pub(super) fn read(text: &str) -> Result<Header<'_>, String> {
    let end = text
        .lines()
        .take_while(|line| line.starts_with("--"))
        .map(|line| line.len() + 1)
        .sum::<usize>();
    let (head, body) = text.split_at_checked(end).unwrap_or((text, ""));
    let mut header = Header {
        title: String::new(),
        answers: String::new(),
        unpublished: None,
        takes: vec![],
        parameters: vec![],
        columns: vec![],
        body: body.trim(),
    };
    for line in head.lines() {
        let line = line.trim_start_matches("--");
        if let Some(more) = line.strip_prefix("   ") {
            let last = header.columns.last_mut().or(header.parameters.last_mut());
            let target = last.map_or(&mut header.answers, |described| &mut described.meaning);
            target.push(' ');
            target.push_str(more.trim());
            continue;
        }
        let (key, value) = line.trim().split_once(':').ok_or_else(|| wrong(line, "has no colon"))?;
        let value = value.trim();
        match key.split_once(' ').unwrap_or((key, "")) {
            ("title", "") => header.title = value.to_owned(),
            ("answers", "") => header.answers = value.to_owned(),
            ("published", "") => {
                let reason = value.strip_prefix("no, ").filter(|reason| !reason.is_empty());
                header.unpublished = Some(reason.ok_or_else(|| wrong(line, "lacks \"no, reason\""))?);
            }
            ("takes", "") => header.takes = value.split(',').map(str::trim).collect(),
            ("parameter", name) => header.parameters.push(described(name, value, line)?),
            ("column", name) => header.columns.push(described(name, value, line)?),
            _ => return Err(wrong(line, "is of no known kind")),
        }
    }
    check(&header)?;
    Ok(header)
}

/// `kind[, default 'text' or number[, else this or that]]: meaning`
fn described<'a>(name: &'a str, value: &'a str, line: &str) -> Result<Described<'a>, String> {
    let (kind, meaning) = value
        .split_once(": ")
        .ok_or_else(|| wrong(line, "lacks \"kind: meaning\""))?;
    let (kind, among) = match kind.split_once(", else ") {
        Some((kind, among)) => (kind, Some(among)),
        None => (kind, None),
    };
    let (kind, default) = match kind.split_once(", default ") {
        Some((kind, default)) => (kind, Some(default.trim_matches('\''))),
        None => (kind, None),
    };
    let snake = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if name.is_empty() || !name.bytes().all(snake) {
        return Err(wrong(line, "needs a name in snake_case"));
    }
    if !["text", "integer", "double", "boolean"].contains(&kind) {
        return Err(wrong(line, "has another kind than text, integer, double or boolean"));
    }
    Ok(Described {
        name,
        kind,
        default,
        among,
        meaning: meaning.to_owned(),
    })
}

fn check(header: &Header<'_>) -> Result<(), String> {
    if header.title.is_empty() || header.answers.is_empty() {
        return Err("the header needs a title and what it answers".to_owned());
    }
    if header.columns.is_empty() || header.body.is_empty() {
        return Err("the header needs its columns, and SQL below it".to_owned());
    }
    if let Some(name) = header.takes.iter().find(|name| !COMMON.contains(name)) {
        return Err(format!("\"takes\" knows {COMMON:?}, not {name:?}"));
    }
    for window in ["from", "to"] {
        if !header.takes.contains(&window) {
            return Err(format!("\"takes\" lacks {window:?}"));
        }
    }
    for parameter in &header.parameters {
        match (parameter.kind, parameter.default) {
            (_, None) => return Err(format!("parameter {} needs a default", parameter.name)),
            ("text", _) => {}
            ("integer", Some(default)) if default.parse::<i64>().is_ok() => {}
            _ => return Err(format!("parameter {} is neither text nor integer", parameter.name)),
        }
    }
    let names = |described: &[Described<'_>]| described.iter().map(|each| each.name.to_owned()).collect::<Vec<_>>();
    for mut names in [names(&header.parameters), names(&header.columns)] {
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        if names.len() != count {
            return Err("a name stands there twice".to_owned());
        }
    }
    Ok(())
}

fn wrong(line: &str, what: &str) -> String {
    format!("header line {:?} {what}", line.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "-- title: T\n-- answers: How\n--   many.\n-- takes: from, to\n\
                        -- parameter most: integer, default 3: at most\n-- column day: text: UTC: day\n--   of it\nSELECT day\n";

    #[test]
    fn a_header_says_all_that_is_said_of_an_audit() {
        let header = read(GOOD).unwrap();
        assert_eq!((header.title.as_str(), header.answers.as_str()), ("T", "How many."));
        assert_eq!(header.takes, ["from", "to"]);
        assert_eq!(header.unpublished, None);
        let kept = GOOD.replace("-- takes", "-- published: no, it is ours\n-- takes");
        assert_eq!(read(&kept).unwrap().unpublished, Some("it is ours"));
        assert_eq!(header.body, "SELECT day");
        let parameter = &header.parameters[0];
        assert_eq!(
            (parameter.name, parameter.kind, parameter.default),
            ("most", "integer", Some("3"))
        );
        assert_eq!(parameter.among, None);
        assert_eq!(header.columns[0].meaning, "UTC: day of it");
        let few = GOOD.replace("default 3", "default 3, else 5 or 7");
        let few = &read(&few).unwrap().parameters[0];
        assert_eq!((few.default, few.among), (Some("3"), Some("5 or 7")));
    }

    #[test]
    fn a_header_that_is_wrong_is_refused_and_says_where() {
        for (find, replace, told) in [
            ("-- title: T\n", "", "a title"),
            ("-- column day: text: UTC: day\n--   of it\n", "", "columns"),
            ("SELECT day\n", "", "SQL below"),
            ("from, to", "from, until", "until"),
            ("from, to", "from", "\"to\""),
            ("column day", "column Day", "snake_case"),
            ("day: text", "day: date", "another kind"),
            (", default 3", "", "default"),
            ("default 3", "default three", "most"),
            ("-- title: T", "-- titel: T", "titel"),
            ("-- title: T", "-- title", "colon"),
            ("-- takes", "-- published: no\n-- takes", "reason"),
            ("-- takes", "-- published: yes\n-- takes", "reason"),
        ] {
            let error = read(&GOOD.replace(find, replace)).unwrap_err();
            assert!(error.contains(told), "{find:?} gave {error:?}");
        }
        let twice = GOOD.replace("SELECT", "-- column day: text: again\nSELECT");
        assert!(read(&twice).unwrap_err().contains("twice"));
    }
}
