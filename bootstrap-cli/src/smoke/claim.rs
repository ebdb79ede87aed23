//! What a run of `smoke` claims: a list, in the order in which it is decided.

use std::fmt;

use serde::Serialize;

/// Something that holds on AWS, or does not.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// Its name, stable.
    pub id: &'static str,
    /// The step that decides it, from 1.
    pub step: u8,
    /// What holds when it is proven.
    pub says: &'static str,
    /// What of docs/templates.md it settles: items of *Not verified on AWS* by number, or another section.
    pub settles: &'static str,
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    /// It was seen to hold.
    Proven,
    /// It was seen not to hold.
    Refuted,
    /// Neither can be seen here.
    NotPossible,
}

impl Verdict {
    /// All of them, in the order of a summary.
    pub(crate) const ALL: [Verdict; 3] = [Verdict::Proven, Verdict::Refuted, Verdict::NotPossible];
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::Proven => "proven",
            Verdict::Refuted => "refuted",
            Verdict::NotPossible => "not possible here",
        })
    }
}

macro_rules! claims {
    ($($name:ident = $step:literal $id:literal, $says:literal, $settles:literal;)*) => {
        $(pub(crate) const $name: Claim = Claim { id: $id, step: $step, says: $says, settles: $settles };)*
        /// All of them.
        pub(crate) const ALL: &[&Claim] = &[$(&$name),*];
    };
}

claims! {
    PRECONDITIONS = 1 "preconditions", "no check of `pipetrail doctor` fails", "";
    CHANGE_SET = 1 "change-set", "CloudFormation makes a change set of each template", "Traps: loops, capabilities, sizes";
    LAKE_FORMATION = 1 "lake-formation", "streams and tables work where Lake Formation does not leave new tables to IAM", "7";
    STACK = 2 "stack", "`apply` creates the stacks of the audit account", "6";
    STREAMS = 2 "streams-active", "all delivery streams become ACTIVE", "";
    PATTERNS = 2 "patterns", "the deployed rules claim each event exactly once", "Who claims an event";
    LANDED = 3 "landed", "a record lands as a Parquet file whose key begins with the day", "3; Settled by documents: prefixes";
    ROW = 3 "row", "Athena answers with the row", "3";
    NOT_AN_EVENT = 3 "not-an-event-kept", "what is no event is kept under errors/ with its bytes", "";
    MISPLACED = 3 "misplaced-kept", "an event of another table is kept under errors/ with its bytes", "";
    UNCONVERTED = 3 "unconverted-kept", "a row of a wrong type is kept under errors/ with its bytes", "";
    INGESTED = 3 "ingested", "`ingest --rows` makes rows of what is under errors/, and Athena sees them", "3";
    EVIDENCE = 4 "evidence", "a decision becomes a record of evidence", "3; Settled by documents: conditional writes";
    RETENTION = 4 "evidence-retention", "Object Lock holds the record", "";
    ONCE = 4 "evidence-once", "the same decision again makes no second version", "";
    PUT = 4 "put-refused", "nobody else puts a record", "3";
    OVERWRITE = 4 "overwrite-refused", "nobody overwrites a record", "Settled by documents: conditional writes";
    DELETE = 4 "delete-refused", "nobody hides a record behind a delete marker", "";
    VERSION_DELETE = 4 "version-delete-refused", "nobody deletes the version of a record", "";
    ALERT = 4 "alert", "the alert reaches a subscribed queue", "3";
    TOKEN = 4 "no-token", "the approval token is in neither row, record nor alert", "";
    MEMBER_STACK = 5 "member-stack", "the member template creates its stack", "";
    HEARTBEAT = 5 "heartbeat", "a heartbeat arrives from the member's region", "1, 2, 4";
    STRANGER = 5 "stranger-refused", "the bus refuses the member's other principals", "1";
    FORWARDER = 5 "forwarder-admitted", "the bus admits a role of the forwarder's name", "1, 2";
    SOURCE = 5 "source-refused", "the bus refuses other sources, also beside a heartbeat", "2";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn claims_have_names_of_their_own_and_come_step_by_step() {
        let ids: BTreeSet<&str> = ALL.iter().map(|claim| claim.id).collect();
        assert_eq!(ids.len(), ALL.len());
        assert!(ALL.is_sorted_by_key(|claim| claim.step));
    }

    #[test]
    fn the_doc_test_has_every_claim_with_what_it_settles() {
        let mut text = "| step | claim | proven when | settles |\n| --- | --- | --- | --- |\n".to_owned();
        for Claim {
            id,
            step,
            says,
            settles,
        } in ALL
        {
            writeln!(text, "| {step} | `{id}` | {says} | {settles} |").unwrap();
        }
        pipetrail_unit::documents::part("docs/first-account.md", "claims", &text);
    }
}
