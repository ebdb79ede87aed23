//! What stands, as a listing.

use pipetrail_names::OuId;
use pipetrail_stacksets::Coverage;

use crate::terminal::listing::{lines, table};

/// What stands: the audit account's stacks, the stack instances, and a summary.
pub(crate) fn coverage(coverage: &Coverage) -> String {
    let mut parts = vec![stacks(coverage)];
    if !coverage.instances.is_empty() {
        let mut instances = table(&["ACCOUNT", "OU", "REGION", "STATE", "STATUS", "DETAILED", "REASON"]);
        for row in &coverage.instances {
            instances.add_row([
                row.account.as_str(),
                row.organizational_unit.as_ref().map_or("-", OuId::as_str),
                row.region_or_dash(),
                &row.state.to_string(),
                row.status.as_deref().unwrap_or("-"),
                row.detailed_status.as_deref().unwrap_or("-"),
                row.reason.as_deref().unwrap_or_default(),
            ]);
        }
        parts.push(lines(&instances));
    }
    parts.push(coverage.to_string());
    parts.join("\n")
}

/// The audit account's stacks.
pub(crate) fn stacks<R>(coverage: &Coverage<R>) -> String {
    let mut stacks = table(&["STACK", "ACCOUNT", "REGION", "STATUS", "REASON"]);
    for stack in &coverage.stacks {
        stacks.add_row([
            stack.name.as_str(),
            coverage.audit_account.as_str(),
            coverage.region.as_str(),
            stack.status.as_deref().unwrap_or("not deployed"),
            stack.reason.as_deref().unwrap_or_default(),
        ]);
    }
    lines(&stacks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipetrail_stacksets::{CoverageRow, CoverageState, StackSetParameters, StackState, Uncovered};

    fn example() -> Coverage {
        Coverage {
            organization: "o-abcdefghij".into(),
            audit_account: "999988887777".parse().unwrap(),
            region: "eu-central-1".parse().unwrap(),
            stacks: vec![
                StackState {
                    name: "pipetrail-artifacts".into(),
                    status: Some("CREATE_COMPLETE".into()),
                    reason: None,
                },
                StackState {
                    name: "pipetrail-data".into(),
                    status: None,
                    reason: None,
                },
            ],
            stack_set: Some(StackSetParameters::default()),
            instances: vec![
                CoverageRow {
                    organizational_unit: Some("ou-ab12-cdefgh34".parse().unwrap()),
                    state: CoverageState::Current,
                    status: Some("CURRENT".into()),
                    detailed_status: Some("SUCCEEDED".into()),
                    ..CoverageRow::new(&"000000000001".parse().unwrap(), Some(&"eu-central-1".parse().unwrap()))
                },
                CoverageRow {
                    state: CoverageState::Outdated,
                    status: Some("OUTDATED".into()),
                    detailed_status: Some("FAILED".into()),
                    reason: Some("Rule pipetrail-forward already exists".into()),
                    ..CoverageRow::new(&"000000000002".parse().unwrap(), Some(&"eu-west-1".parse().unwrap()))
                },
            ],
            not_covered: vec![Uncovered {
                account: "000000000009".parse().unwrap(),
                reason: "management account".into(),
            }],
        }
    }

    #[test]
    fn the_tables_of_what_stands() {
        assert_eq!(
            coverage(&example()),
            "\
STACK                ACCOUNT       REGION        STATUS           REASON
pipetrail-artifacts  999988887777  eu-central-1  CREATE_COMPLETE
pipetrail-data       999988887777  eu-central-1  not deployed

ACCOUNT       OU                REGION        STATE     STATUS    DETAILED   REASON
000000000001  ou-ab12-cdefgh34  eu-central-1  current   CURRENT   SUCCEEDED
000000000002  -                 eu-west-1     outdated  OUTDATED  FAILED     Rule pipetrail-forward already exists

2 stacks pipetrail-member: 1 current, 1 outdated
000000000009 is not covered by the stack set (management account)
"
        );
    }

    #[test]
    fn the_json_of_what_stands() {
        let json = serde_json::to_value(example()).unwrap_or_default();
        assert_eq!(
            json["instances"][1],
            serde_json::json!({
                "account": "000000000002",
                "organizational_unit": null,
                "region": "eu-west-1",
                "state": "outdated",
                "status": "OUTDATED",
                "detailed_status": "FAILED",
                "reason": "Rule pipetrail-forward already exists",
                "origin": "stack-set",
                "drift": null,
                "deployed_at": null,
            })
        );
        let keys: Vec<&String> = json
            .as_object()
            .map(|object| object.keys().collect())
            .unwrap_or_default();
        assert_eq!(
            keys,
            [
                "audit_account",
                "instances",
                "not_covered",
                "organization",
                "region",
                "stack_set_exists",
                "stacks"
            ]
        );
    }
}
