//! Which audits a report is made of.

/// The audits of the report, in the order of the page, and the columns that the page reads by name.
pub const AUDITS: &[(&str, &[&str])] = &[
    (
        "decisions",
        &[
            "event_time",
            "account_id",
            "region",
            "pipeline",
            "stage",
            "action",
            "decision",
            "approver",
            "principal_kind",
            "mfa",
            "source_ip",
            "summary",
            "waited_seconds",
            "execution_id",
            "event_key",
        ],
    ),
    ("decisions-per-day", &["day", "approved", "rejected"]),
    ("decisions-per-account", &["account_id", "approved", "rejected"]),
    ("approvers", &["approver", "principal_kind", "approved", "rejected"]),
    ("gate-waits", &["waited_seconds", "outcome", "approver"]),
    (
        "gate-wait-buckets",
        &["label", "gates", "approved", "rejected", "other"],
    ),
    ("open-gates", &[]),
    ("refused-decisions", &[]),
    (
        "coverage",
        &[
            "account_id",
            "region",
            "heartbeats",
            "hours_seen",
            "hours_without_rules",
            "hours_expected",
            "longest_gap_seconds",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use pipetrail_lake::audits;

    use super::*;

    #[test]
    fn every_audit_of_the_report_is_there_with_the_columns_that_the_page_reads() {
        for (name, columns) in AUDITS {
            let audit = audits::find(name).unwrap();
            for column in *columns {
                assert!(audit.columns.iter().any(|one| one.name == *column), "{name} {column}");
            }
        }
    }
}
