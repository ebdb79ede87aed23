//! `pipetrail enroll` and `unenroll`: the file, the instances and the management account's own stacks
//! follow, and nobody else's do.
//!
//! Unproven on AWS: that filters reach exactly the accounts that its documentation says (a proxy does
//! that here), and what they do to auto-deployment, which moto has not.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result};
use pipetrail_tests::organization::{HOME, Organization, SECOND, Targeted};
use serde_json::Value;

use crate::org;
use crate::org::fresh;

const COMMENT: &str = "# who is enrolled, agreed with the platform team";

/// Runs a command to its end; its exit code and its report.
async fn run(organization: &Organization, targeted: &Targeted, arguments: &[&str]) -> Result<(i32, Value)> {
    let mut all = arguments.to_vec();
    all.extend(["--output", "json"]);
    if arguments[0] != "apply" {
        all.push("--yes");
    }
    let ran = organization.run(&all, &targeted.aws_config).await?;
    let report = ran.json().with_context(|| format!("{arguments:?}: {}", ran.stderr))?;
    Ok((ran.code.context("it was killed")?, report))
}

/// Runs a command that has to succeed, with this result.
async fn expect(organization: &Organization, targeted: &Targeted, arguments: &[&str], result: &str) -> Result<Value> {
    let (code, report) = run(organization, targeted, arguments).await?;
    assert_eq!(
        (code, report["result"].as_str()),
        (0, Some(result)),
        "{arguments:?}: {report:#}"
    );
    Ok(report)
}

/// Account and Region of every stack instance.
async fn instances(organization: &Organization) -> Result<BTreeSet<(String, String)>> {
    let cloud = &organization.relay.cloud;
    let client = aws_sdk_cloudformation::Client::new(&cloud.at(&cloud.management, HOME).await?);
    let listed = client
        .list_stack_instances()
        .stack_set_name("pipetrail-member")
        .send()
        .await?;
    let pairs = listed.summaries.unwrap_or_default().into_iter();
    Ok(pairs
        .map(|instance| (instance.account.unwrap(), instance.region.unwrap()))
        .collect())
}

fn everywhere<'a>(accounts: impl IntoIterator<Item = &'a String>) -> BTreeSet<(String, String)> {
    let pairs = accounts.into_iter();
    pairs
        .flat_map(|id| [HOME, SECOND].map(|region| (id.clone(), region.to_owned())))
        .collect()
}

/// Regions where the management account has its own stack.
async fn own_stacks(organization: &Organization) -> Result<Vec<&'static str>> {
    let cloud = &organization.relay.cloud;
    let mut regions = Vec::new();
    for region in [HOME, SECOND] {
        let client = aws_sdk_cloudformation::Client::new(&cloud.at(&cloud.management, region).await?);
        let stacks = client.describe_stacks().send().await?.stacks.unwrap_or_default();
        let own = stacks
            .iter()
            .any(|stack| stack.stack_name() == Some("pipetrail-member"));
        regions.extend(own.then_some(region));
    }
    Ok(regions)
}

#[test]
fn accounts_and_units_come_and_go_and_nobody_else_is_touched() {
    org::with(|shared| async move {
        let organization = fresh(&shared, 3).await?;
        let targeted = organization.targeted().await?;
        let (organization, targeted) = (&organization, &targeted);
        let settings = organization.folder().join("pipetrail.toml");
        let text = fs::read_to_string(&settings)?.replacen(
            "organizational_units",
            &format!("{COMMENT}\norganizational_units"),
            1,
        );
        fs::write(&settings, &text)?;
        let members: Vec<String> = organization.members.iter().map(|member| member.id.clone()).collect();
        let (first, outside) = (&members[0], &organization.unenrolled.id);
        let management = &organization.relay.cloud.management;

        // Before anything stands there is nothing to be enrolled in.
        let early = organization
            .run(&["enroll", "--yes", "--account", outside], &targeted.aws_config)
            .await?;
        assert_eq!(early.code, Some(1), "{}", early.stderr);
        assert!(
            early.stderr.contains("hint: run `pipetrail apply` first"),
            "{}",
            early.stderr
        );
        assert_eq!(fs::read_to_string(&settings)?, text);

        expect(organization, targeted, &["apply"], "applied").await?;
        assert_eq!(instances(organization).await?, everywhere(&members));
        assert_eq!(own_stacks(organization).await?, [HOME, SECOND]);
        expect(organization, targeted, &["apply"], "unchanged").await?;

        // An account of a unit that is not enrolled, alone.
        expect(organization, targeted, &["enroll", "--account", outside], "applied").await?;
        assert_eq!(
            instances(organization).await?,
            everywhere(members.iter().chain([outside]))
        );
        expect(
            organization,
            targeted,
            &["enroll", "--account", outside, "--account", first],
            "unchanged",
        )
        .await?;
        expect(organization, targeted, &["apply"], "unchanged").await?;
        expect(organization, targeted, &["unenroll", "--account", outside], "applied").await?;
        assert_eq!(instances(organization).await?, everywhere(&members));

        // An account of an enrolled unit, left out and taken back in, with the management account.
        expect(
            organization,
            targeted,
            &["unenroll", "--account", first, "--account", management],
            "applied",
        )
        .await?;
        assert_eq!(instances(organization).await?, everywhere(&members[1..]));
        assert_eq!(own_stacks(organization).await?, [""; 0]);
        expect(organization, targeted, &["apply"], "unchanged").await?;
        let excluded = fs::read_to_string(&settings)?;
        assert!(
            excluded.contains(&format!("excluded_accounts = [\"{first}\"]")),
            "{excluded}"
        );
        assert!(excluded.contains("management_account = false"), "{excluded}");
        expect(
            organization,
            targeted,
            &["enroll", "--account", first, "--account", management],
            "applied",
        )
        .await?;
        assert_eq!(instances(organization).await?, everywhere(&members));
        assert_eq!(own_stacks(organization).await?, [HOME, SECOND]);

        // All that was there is still there.
        let after = fs::read_to_string(&settings)?;
        assert!(
            text.lines().all(|line| after.lines().any(|other| other == line)),
            "{after}"
        );
        Ok(())
    });
}

#[test]
fn a_unit_comes_and_goes_and_a_killed_run_is_finished_by_the_next() {
    org::with(|shared| async move {
        let organization = fresh(&shared, 2).await?;
        let targeted = organization.targeted().await?;
        let (organization, targeted) = (&organization, &targeted);
        let settings = organization.folder().join("pipetrail.toml");
        let members: Vec<String> = organization.members.iter().map(|member| member.id.clone()).collect();
        let outside = &organization.unenrolled.id;
        let cloud = &organization.relay.cloud;
        let client = aws_sdk_organizations::Client::new(&cloud.at(&cloud.management, HOME).await?);
        let parents = client
            .list_parents()
            .child_id(outside)
            .send()
            .await?
            .parents
            .unwrap_or_default();
        let unit = parents[0].id.clone().context("a parent without id")?;
        expect(organization, targeted, &["apply"], "applied").await?;

        expect(organization, targeted, &["enroll", "--ou", &unit], "applied").await?;
        assert_eq!(
            instances(organization).await?,
            everywhere(members.iter().chain([outside]))
        );
        let with_unit = fs::read_to_string(&settings)?;
        assert!(with_unit.contains(&unit), "{with_unit}");

        // What a kill between the file and the roll-out leaves behind: the file without the unit.
        fs::write(&settings, with_unit.replace(&format!(", \"{unit}\""), ""))?;
        expect(organization, targeted, &["unenroll", "--ou", &unit], "applied").await?;
        assert_eq!(instances(organization).await?, everywhere(&members));
        expect(organization, targeted, &["unenroll", "--ou", &unit], "unchanged").await?;

        let before = fs::read_to_string(&settings)?;
        for (arguments, code, said) in [
            (
                ["enroll", "--account", "000000000099"],
                1,
                "is not an account of organization",
            ),
            (["enroll", "--ou", "ou-ab12-11111111"], 1, "is not an OU or root"),
            (["enroll", "--account", "12345"], 2, "expected 12 digits in quotes"),
            (["unenroll", "--ou", "payments"], 2, "expected an organizational unit"),
        ] {
            let mut arguments = arguments.to_vec();
            arguments.push("--yes");
            let ran = organization.run(&arguments, &targeted.aws_config).await?;
            assert_eq!(ran.code, Some(code), "{arguments:?}: {}", ran.stderr);
            assert!(ran.stderr.contains(said), "{arguments:?}: {}", ran.stderr);
        }
        assert_eq!(fs::read_to_string(&settings)?, before);
        assert_eq!(instances(organization).await?, everywhere(&members));
        Ok(())
    });
}
