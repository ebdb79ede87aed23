//! A plan in a file: written by `plan --out`, applied by `apply`, and only while it is still the plan.
//!
//! The file says what was planned, but is never carried out itself: `apply` plans again and compares.
//! So it needs no secret, no template and no zip, and nobody can change what is done by changing it.

use std::fs;
use std::path::{Path, PathBuf};

use pipetrail_names::AccountId;
use pipetrail_stacksets::Plan;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::failure::{Exit, Explain, Result};

/// The only format so far.
const FORMAT: u32 = 1;

/// The running pipetrail.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// At most so many differences are named.
const SHOWN: usize = 10;

/// The file's content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PlanFile {
    /// Version of this structure.
    pub format: u32,
    /// Version of the pipetrail that planned.
    pub pipetrail: String,
    /// The organization, `o-…`.
    pub organization: String,
    /// The audit account.
    pub audit_account: AccountId,
    /// When it was planned, UTC.
    pub created: String,
    /// SHA-256 over everything in the plan, hidden values included.
    pub fingerprint: String,
    /// The plan, as `plan --output json` shows it.
    pub plan: Value,
}

/// A plan file that cannot be written, read or applied.
#[derive(Debug, Error)]
pub(crate) enum PlanFileError {
    /// The file system refused.
    #[error("cannot {verb} the plan file {}", path.display())]
    Io {
        /// `read` or `write`.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not a plan file, or only a part of one.
    #[error("{} is not a plan file", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// It was written by another version.
    #[error("{} has format {found}; this pipetrail reads format {FORMAT}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// It was made for another place.
    #[error("{} is a plan for {what} {found}, but here it is {expected}", path.display())]
    Elsewhere {
        /// The file.
        path: PathBuf,
        /// `organization` or `audit account`.
        what: &'static str,
        /// The file's.
        found: String,
        /// The one at hand.
        expected: String,
    },
    /// Planning again gives another plan.
    #[error("the plan of {created} is not the plan any more:{}", listed(.differences))]
    Moved {
        /// When it was planned.
        created: String,
        /// What differs, by path; never a hidden value.
        differences: Vec<String>,
    },
}

impl Explain for PlanFileError {
    /// A world that has moved is a failure, all else is wrong usage.
    fn exit(&self) -> Exit {
        match self {
            PlanFileError::Moved { .. } => Exit::Failed,
            _ => Exit::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            PlanFileError::Io { verb: "write", .. } => "name a file in a folder that may be written to",
            PlanFileError::Elsewhere { .. } => {
                "use the configuration that it was planned with, or run `pipetrail plan --out <FILE>` again"
            }
            PlanFileError::Moved { .. } => {
                "nothing was changed; run `pipetrail plan --out <FILE>` again and read the new plan"
            }
            _ => "write one with `pipetrail plan --out <FILE>`",
        };
        Some(hint.to_owned())
    }
}

fn listed(differences: &[String]) -> String {
    let shown = differences.iter().take(SHOWN);
    let mut text: String = shown.map(|difference| format!("\n  {difference}")).collect();
    if differences.len() > SHOWN {
        text.push_str(&format!("\n  and {} more", differences.len() - SHOWN));
    }
    text
}

impl PlanFile {
    /// Whether the pipeline stack is replaced because somebody asked for it: `apply` has to be asked the same.
    pub(crate) fn replaces(&self) -> bool {
        let stacks = self.plan["stacks"].as_array();
        let mut reasons = stacks.into_iter().flatten().map(|step| &step["action"]["reason"]);
        reasons.any(|reason| reason == "asked-for")
    }

    /// A plan made now.
    ///
    /// # Errors
    /// The plan cannot be serialised.
    pub(crate) fn new(plan: &Plan) -> serde_json::Result<Self> {
        Ok(PlanFile {
            format: FORMAT,
            pipetrail: VERSION.to_owned(),
            organization: plan.organization.clone(),
            audit_account: plan.audit_account.clone(),
            created: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            fingerprint: plan.fingerprint(),
            plan: serde_json::to_value(plan)?,
        })
    }

    /// Writes it.
    ///
    /// # Errors
    /// The file system refuses.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        fs::write(path, text + "\n").map_err(|source| PlanFileError::Io {
            verb: "write",
            path: path.to_owned(),
            source,
        })?;
        Ok(())
    }

    /// Reads one.
    ///
    /// # Errors
    /// It cannot be read, is no plan file, or has another format.
    pub(crate) fn read(path: &Path) -> Result<Self, PlanFileError> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let broken = |source| PlanFileError::Broken {
            path: path.to_owned(),
            source,
        };
        let text = fs::read_to_string(path).map_err(|source| PlanFileError::Io {
            verb: "read",
            path: path.to_owned(),
            source,
        })?;
        // The format first: the rest may look different in another one.
        let Head { format } = serde_json::from_str(&text).map_err(broken)?;
        if format != FORMAT {
            return Err(PlanFileError::Format {
                path: path.to_owned(),
                found: format,
            });
        }
        serde_json::from_str(&text).map_err(broken)
    }

    /// Compares one of the ids that say where it belongs.
    ///
    /// # Errors
    /// It belongs elsewhere.
    pub(crate) fn belongs<I: PartialEq + ToString + ?Sized>(
        &self,
        path: &Path,
        what: &'static str,
        found: &I,
        expected: &I,
    ) -> Result<(), PlanFileError> {
        if found == expected {
            return Ok(());
        }
        Err(PlanFileError::Elsewhere {
            path: path.to_owned(),
            what,
            found: found.to_string(),
            expected: expected.to_string(),
        })
    }

    /// Compares with the plan that was made just now, from `path` in this organization.
    ///
    /// # Errors
    /// It belongs elsewhere, or anything in the plan differs.
    pub(crate) fn compare(&self, path: &Path, plan: &Plan) -> Result<()> {
        self.belongs(path, "organization", &self.organization, &plan.organization)?;
        self.belongs(path, "audit account", &self.audit_account, &plan.audit_account)?;
        if self.fingerprint == plan.fingerprint() {
            return Ok(());
        }
        let mut differences = Vec::new();
        differing("", &self.plan, &serde_json::to_value(plan)?, &mut differences);
        if self.pipetrail != VERSION {
            differences.push(format!("pipetrail was {}, now it is {VERSION}", self.pipetrail));
        }
        if differences.is_empty() {
            differences.push("a value that is not shown: a private parameter, a tag, a template or a zip".to_owned());
        }
        let created = self.created.clone();
        Err(PlanFileError::Moved { created, differences }.into())
    }
}

/// Names what differs, as `path: then -> now`.
fn differing(path: &str, then: &Value, now: &Value, differences: &mut Vec<String>) {
    match (then, now) {
        (Value::Object(then), Value::Object(now)) => {
            let added = now.keys().filter(|key| !then.contains_key(*key));
            for key in then.keys().chain(added) {
                let side = |side: &serde_json::Map<String, Value>| side.get(key).cloned().unwrap_or_default();
                differing(&format!("{path}.{key}"), &side(then), &side(now), differences);
            }
        }
        (Value::Array(then), Value::Array(now)) => {
            for index in 0..then.len().max(now.len()) {
                let side = |side: &[Value]| side.get(index).cloned().unwrap_or_default();
                differing(&format!("{path}[{index}]"), &side(then), &side(now), differences);
            }
        }
        _ if then == now => {}
        _ => {
            let path = path.trim_start_matches('.');
            differences.push(format!("{path}: {} -> {}", short(then), short(now)));
        }
    }
}

/// A value in one line of bearable length.
fn short(value: &Value) -> String {
    const LENGTH: usize = 100;
    let text = match value {
        Value::Null => "nothing".to_owned(),
        Value::Object(fields) => match fields.get("name").or_else(|| fields.get("kind")) {
            Some(name) => format!("{{{name}, …}}"),
            None => "{…}".to_owned(),
        },
        other => other.to_string(),
    };
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests;
