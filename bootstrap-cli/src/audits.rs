//! Audits by name: SQL files with a header, bound to a window of time, accounts and pipelines.
//!
//! One file of `audits/` is one audit; `build.rs` embeds whatever lies there. Not here: who answers
//! the SQL ([`crate::engine`]).

#[cfg(test)]
mod dialect;
#[cfg(test)]
mod document;
mod error;
mod expand;
#[cfg(test)]
mod fixture;
mod header;
mod parameters;

use std::sync::LazyLock;

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

pub use error::AuditError;
pub use parameters::{Parameters, Select};

include!(concat!(env!("OUT_DIR"), "/audits.rs"));

/// An audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Its name: the file's, without `.sql`.
    pub name: &'static str,
    /// A name for people.
    pub title: String,
    /// What it answers.
    pub answers: String,
    /// What it takes: the options that it shares with others first, then its own.
    pub parameters: Vec<Parameter>,
    /// The columns of its answer, in their order.
    pub columns: Vec<Column>,
    /// Why it is no saved query of Athena; `None` of those that `apply` publishes.
    pub unpublished: Option<&'static str>,
    /// Its SQL with macros.
    body: &'static str,
}

/// Something that an audit takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// `text` or `integer`.
    pub kind: &'static str,
    /// What it is without being given.
    pub default: &'static str,
    /// What it means.
    pub meaning: String,
    /// Whether it is the audit's own, given with `--set NAME=VALUE`.
    #[serde(skip)]
    pub own: bool,
}

/// A column of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// `text`, `integer`, `double` or `boolean`.
    pub kind: &'static str,
    /// What it means.
    pub meaning: String,
}

/// The options that audits share.
const SHARED_PARAMETERS: [(&str, &str, &str); 4] = [
    (
        "from",
        "90 days before `to`",
        "Beginning of the window: an instant, or a day in UTC.",
    ),
    (
        "to",
        "now",
        "End of the window, itself not in it: an instant, or a day in UTC.",
    ),
    (
        "account",
        "every account",
        "Only this account; can be given more than once.",
    ),
    (
        "pipeline",
        "every pipeline",
        "Only pipelines of this name; can be given more than once.",
    ),
];

static AUDITS: LazyLock<Vec<Audit>> = LazyLock::new(|| {
    // None is left out: the build has read them all.
    let read = |(name, text): &(&'static str, &'static str)| Some(Audit::new(name, header::read(text).ok()?));
    FILES.iter().filter_map(read).collect()
});

/// Every audit, by name.
pub fn all() -> &'static [Audit] {
    &AUDITS
}

/// The audit of that name.
///
/// # Errors
/// There is none; the error names those that are spelt nearly so.
pub fn find(name: &str) -> Result<&'static Audit, AuditError> {
    let found = all().iter().find(|audit| audit.name == name);
    found.ok_or_else(|| AuditError::unknown(name, all().iter().map(|audit| audit.name)))
}

impl Audit {
    fn new(name: &'static str, header: header::Header<'static>) -> Self {
        let common = SHARED_PARAMETERS
            .iter()
            .filter(|(name, ..)| header.takes.contains(name))
            .map(|&(name, default, meaning)| Parameter {
                name,
                kind: "text",
                default,
                meaning: meaning.to_owned(),
                own: false,
            });
        let own = header.parameters.into_iter().map(|given| Parameter {
            name: given.name,
            kind: given.kind,
            default: given.default.unwrap_or_default(),
            meaning: given.meaning,
            own: true,
        });
        let columns = header.columns.into_iter().map(|given| Column {
            name: given.name,
            kind: given.kind,
            meaning: given.meaning,
        });
        Audit {
            name,
            title: header.title,
            answers: header.answers,
            unpublished: header.unpublished,
            parameters: common.chain(own).collect(),
            columns: columns.collect(),
            body: header.body,
        }
    }

    /// Its SQL, with everything bound.
    ///
    /// # Errors
    /// A value that is none, or one that this audit does not take.
    pub fn sql(&self, parameters: &Parameters) -> Result<String, AuditError> {
        parameters.check()?;
        for (given, name) in [
            (parameters.accounts.is_empty(), "account"),
            (parameters.pipelines.is_empty(), "pipeline"),
        ] {
            if !given && !self.takes(name) {
                return Err(AuditError::not_taken(self, name));
            }
        }
        let own = |name: &str| self.parameters.iter().find(|own| own.own && own.name == name);
        if let Some(name) = parameters.values.keys().find(|name| own(name).is_none()) {
            return Err(AuditError::not_taken(self, name));
        }
        expand::Expansion::new(parameters, &self.parameters).expand(self.name, self.body)
    }

    fn takes(&self, name: &str) -> bool {
        self.parameters.iter().any(|parameter| parameter.name == name)
    }
}

impl Serialize for Audit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Audit {
            name,
            title,
            answers,
            parameters,
            columns,
            unpublished: _,
            body: _,
        } = self;
        let mut audit = serializer.serialize_struct("Audit", 5)?;
        audit.serialize_field("name", name)?;
        audit.serialize_field("title", title)?;
        audit.serialize_field("answers", answers)?;
        audit.serialize_field("parameters", parameters)?;
        audit.serialize_field("columns", columns)?;
        audit.end()
    }
}

#[cfg(test)]
mod tests;
