//! What a run found: a verdict for each claim, told as it becomes known.

use std::collections::BTreeMap;

use serde::Serialize;

use super::claim::{self, Claim, Verdict};
use super::judge::Judged;
use crate::failure::Result;
use crate::terminal::{listing, printer};

/// What became of a claim, about one thing where it is about several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    pub step: u8,
    pub claim: &'static str,
    /// A table, template, region or account; empty where the claim is about one thing.
    pub about: String,
    pub says: &'static str,
    pub verdict: Verdict,
    /// What the verdict rests on.
    pub observed: String,
    /// What of docs/templates.md it settles.
    pub settles: &'static str,
}

#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    /// Takes down what was observed. What could not be asked proves nothing.
    pub(crate) fn note(&mut self, claim: &Claim, about: &str, observed: Result<Judged>) {
        let Judged { verdict, observed } = observed.unwrap_or_else(|failure| Judged::not_possible(failure.to_string()));
        let of = if about.is_empty() {
            String::new()
        } else {
            format!(" {about}")
        };
        printer::say(&format!("{verdict}: {}{of}: {observed}", claim.id));
        self.0.push(Finding {
            step: claim.step,
            claim: claim.id,
            about: about.to_owned(),
            says: claim.says,
            verdict,
            observed,
            settles: claim.settles,
        });
    }

    /// Whether there is a finding of the claim, and each is proven.
    pub(crate) fn proves(&self, claim: &Claim) -> bool {
        self.verdict(claim) == Some(Verdict::Proven)
    }

    /// What all findings of the claim come to; `None` where there is none. One that is refuted refutes it.
    pub(crate) fn verdict(&self, claim: &Claim) -> Option<Verdict> {
        let of = self.0.iter().filter(|finding| finding.claim == claim.id);
        of.map(|finding| finding.verdict)
            .reduce(|one, other| match (one, other) {
                (Verdict::Refuted, _) | (_, Verdict::Refuted) => Verdict::Refuted,
                (Verdict::Proven, Verdict::Proven) => Verdict::Proven,
                _ => Verdict::NotPossible,
            })
    }

    /// Says of every claim of a step that has no finding why it has none.
    pub(crate) fn close(&mut self, step: u8, why: &str) {
        for claim in claim::ALL.iter().filter(|claim| claim.step == step) {
            if !self.0.iter().any(|finding| finding.claim == claim.id) {
                self.note(claim, "", Ok(Judged::not_possible(why)));
            }
        }
    }

    /// Whether anything was refuted.
    pub(crate) fn refutes(&self) -> bool {
        self.0.iter().any(|finding| finding.verdict == Verdict::Refuted)
    }

    /// In the order of the claims.
    pub(crate) fn sorted(mut self) -> Vec<Finding> {
        let place = |finding: &Finding| claim::ALL.iter().position(|claim| claim.id == finding.claim);
        self.0.sort_by_key(place);
        self.0
    }
}

/// A line for each finding, and a summary.
pub(crate) fn lines(findings: &[Finding]) -> String {
    let mut table = listing::table(&["VERDICT", "CLAIM", "ABOUT", "OBSERVED"]);
    let mut counts: BTreeMap<Verdict, usize> = BTreeMap::new();
    for finding in findings {
        *counts.entry(finding.verdict).or_default() += 1;
        let verdict = finding.verdict.to_string();
        let about = if finding.about.is_empty() { "-" } else { &finding.about };
        table.add_row([verdict.as_str(), finding.claim, about, &finding.observed]);
    }
    let counts = Verdict::ALL.map(|verdict| {
        let count = counts.get(&verdict).copied().unwrap_or_default();
        format!("{count} {verdict}")
    });
    format!("{}\n{}\n", listing::lines(&table), counts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_proven_by_all_of_its_findings_and_refuted_by_one() {
        let of = |judged: &[Judged]| {
            let mut findings = Findings::default();
            for judged in judged {
                findings.note(&claim::ROW, "", Ok(judged.clone()));
            }
            findings.verdict(&claim::ROW)
        };
        let (proven, refuted) = (Judged::proven("x"), Judged::refuted("x"));
        let not_possible = Judged::not_possible("x");
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[proven.clone(), proven.clone()]), Some(Verdict::Proven));
        assert_eq!(of(&[proven.clone(), not_possible.clone()]), Some(Verdict::NotPossible));
        assert_eq!(of(&[proven, refuted, not_possible]), Some(Verdict::Refuted));
    }

    #[test]
    fn what_was_not_reached_is_said_with_the_reason_and_refutes_nothing() {
        let mut findings = Findings::default();
        findings.note(&claim::STREAMS, "", Ok(Judged::proven("7 ACTIVE")));
        findings.close(2, "the stacks do not exist");
        assert!(findings.proves(&claim::STREAMS) && !findings.proves(&claim::STACK));
        assert!(!findings.refutes());
        let sorted = findings.sorted();
        let names: Vec<&str> = sorted.iter().map(|finding| finding.claim).collect();
        assert_eq!(names, ["stack", "streams-active", "patterns"]);
        assert_eq!(
            lines(&sorted),
            "\
VERDICT            CLAIM           ABOUT  OBSERVED
not possible here  stack           -      the stacks do not exist
proven             streams-active  -      7 ACTIVE
not possible here  patterns        -      the stacks do not exist

1 proven, 0 refuted, 2 not possible here
"
        );
    }
}
