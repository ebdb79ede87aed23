//! One audit: what it answers, what it takes, and its SQL once everything is bound.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::error::AuditError;
use super::expand::Expansion;
use super::header::Header;
use super::parameters::Parameters;
use super::signature::{AuditColumn, AuditParameter};

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
    pub parameters: Vec<AuditParameter>,
    /// The columns of its answer, in their order.
    pub columns: Vec<AuditColumn>,
    /// Why it is no saved query of Athena; `None` of those that `apply` publishes.
    pub unpublished: Option<&'static str>,
    /// Its SQL with macros.
    body: &'static str,
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

impl Audit {
    pub(super) fn new(name: &'static str, header: Header<'static>) -> Self {
        let common = SHARED_PARAMETERS
            .iter()
            .filter(|(name, ..)| header.takes.contains(name))
            .map(|&(name, default, meaning)| AuditParameter {
                name,
                kind: "text",
                default,
                among: None,
                meaning: meaning.to_owned(),
                own: false,
            });
        let own = header.parameters.into_iter().map(|given| AuditParameter {
            name: given.name,
            kind: given.kind,
            default: given.default.unwrap_or_default(),
            among: given.among,
            meaning: given.meaning,
            own: true,
        });
        let columns = header.columns.into_iter().map(|given| AuditColumn {
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
                return Err(self.not_taken(name));
            }
        }
        let own = |name: &str| self.parameters.iter().find(|own| own.own && own.name == name);
        if let Some(name) = parameters.values.keys().find(|name| own(name).is_none()) {
            return Err(self.not_taken(name));
        }
        Expansion::new(parameters, &self.parameters).expand(self.name, self.body)
    }

    /// Whether its answer depends on [`Parameters::without_rules`].
    #[must_use]
    pub fn heeds_replacements(&self) -> bool {
        self.body.contains("{:hours_without_rules}")
    }

    fn not_taken(&self, parameter: &str) -> AuditError {
        AuditError::NotTaken {
            audit: self.name,
            parameter: parameter.to_owned(),
            takes: self.parameters.iter().map(|parameter| parameter.name).collect(),
        }
    }

    /// Whether it has such a parameter.
    #[must_use]
    pub fn takes(&self, name: &str) -> bool {
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
