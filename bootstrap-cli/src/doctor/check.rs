//! A check's outcome: a verdict, what it rests on, and what to do.

use std::fmt;

use pipetrail_names::chain;
use pipetrail_stacksets::Error;
use serde::Serialize;

use crate::failure::Explain;

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Grade {
    /// As it should be.
    Ok,
    /// Works, but somebody should look at it.
    Warning,
    /// Does not work.
    Failed,
    /// Could not be found out.
    Unknown,
    /// Not looked at, because something that it needs is missing or it was not asked for.
    Skipped,
}

impl Grade {
    /// All of them, in the order of a summary.
    pub(crate) const ALL: [Grade; 5] = [Grade::Ok, Grade::Warning, Grade::Failed, Grade::Unknown, Grade::Skipped];

    fn word(self) -> &'static str {
        match self {
            Grade::Ok => "ok",
            Grade::Warning => "warning",
            Grade::Failed => "failed",
            Grade::Unknown => "unknown",
            Grade::Skipped => "skipped",
        }
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// One precondition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    /// Its name, stable; several lines may share one.
    pub check: &'static str,
    /// What was found.
    pub verdict: Grade,
    /// What the verdict rests on.
    pub evidence: String,
    /// What to do, where something is to be done.
    pub remedy: Option<String>,
}

impl Check {
    /// All is well.
    pub(crate) fn ok(check: &'static str, evidence: impl Into<String>) -> Self {
        Self::new(check, Grade::Ok, evidence, None)
    }

    /// Works, but see to it.
    pub(crate) fn warning(check: &'static str, evidence: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(check, Grade::Warning, evidence, Some(remedy.into()))
    }

    /// Does not work.
    pub(crate) fn failed(check: &'static str, evidence: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(check, Grade::Failed, evidence, Some(remedy.into()))
    }

    /// Could not be found out.
    pub(crate) fn unknown(check: &'static str, evidence: impl Into<String>, remedy: Option<String>) -> Self {
        Self::new(check, Grade::Unknown, evidence, remedy)
    }

    /// Not looked at.
    pub(crate) fn skipped(check: &'static str, evidence: impl Into<String>) -> Self {
        Self::new(check, Grade::Skipped, evidence, None)
    }

    /// A read that AWS refused says nothing about what it would have read.
    pub(crate) fn unread(check: &'static str, error: &Error) -> Self {
        Self::unknown(check, chain(error), error.hint())
    }

    fn new(check: &'static str, verdict: Grade, evidence: impl Into<String>, remedy: Option<String>) -> Self {
        Check {
            check,
            verdict,
            evidence: evidence.into(),
            remedy,
        }
    }
}

/// Lines for people: verdict, check, evidence; the remedy below.
pub(crate) fn lines(checks: &[Check]) -> String {
    let names = checks.iter().map(|line| line.check.len());
    let words = checks.iter().map(|line| line.verdict.word().len());
    let check = names.fold("CHECK".len(), usize::max);
    let verdict = words.fold("VERDICT".len(), usize::max);
    let mut text = format!("{:verdict$}  {:check$}  EVIDENCE\n", "VERDICT", "CHECK");
    for line in checks {
        text += &format!("{:verdict$}  {:check$}  {}\n", line.verdict, line.check, line.evidence);
        if let Some(remedy) = &line.remedy {
            text += &format!("{:verdict$}  {:check$}  -> {remedy}\n", "", "");
        }
    }
    let counts = Grade::ALL.map(|verdict| (verdict, checks.iter().filter(|check| check.verdict == verdict).count()));
    let counts = counts.iter().filter(|(_, count)| *count > 0);
    let counts: Vec<String> = counts.map(|(verdict, count)| format!("{count} {verdict}")).collect();
    text + "\n" + &counts.join(", ") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_a_report_have_the_remedy_below_the_evidence() {
        let checks = [
            Check::ok("organization", "o-abcdefghij has all features"),
            Check::failed("trusted-access", "it is off", "run `pipetrail doctor --fix`"),
        ];
        assert_eq!(
            lines(&checks),
            "\
VERDICT  CHECK           EVIDENCE
ok       organization    o-abcdefghij has all features
failed   trusted-access  it is off
                         -> run `pipetrail doctor --fix`

1 ok, 1 failed
"
        );
    }
}
