//! `pipetrail apply` can be run again, and `pipetrail status` says what stands.

use std::collections::BTreeMap;

use anyhow::Result;
use pipetrail_tests::aws;
use pipetrail_tests::environment::TestEnvironment;
use pipetrail_tests::names;
use pipetrail_tests::organization::{HOME, Organization};
use serde_json::Value;

use crate::built::built;
use crate::org;

#[test]
fn applying_again_changes_nothing() {
    org::with(|organization| async move {
        let before = deployed(&organization).await?;
        assert!(before.len() > 15, "{before:?}");
        let report: Value = serde_json::from_str(&organization.pipetrail(&["apply", "--output", "json"]).await?)?;
        assert_eq!(report["result"], "unchanged");
        assert_eq!(deployed(&organization).await?, before);
        Ok(())
    });
}

#[test]
fn status_names_every_enrolled_account_and_region_and_nobody_else() {
    org::with(|organization| async move {
        let report: Value = serde_json::from_str(&organization.pipetrail(&["status", "--output", "json"]).await?)?;
        let coverage = &report["coverage"];
        let mut covered: Vec<(&str, &str, &str)> = Vec::new();
        for row in coverage["instances"].as_array().unwrap() {
            let text = |name: &str| row[name].as_str().unwrap();
            // Accounts without a stack are named as such, once each.
            if text("state") == "unenrolled" {
                assert_eq!((text("region"), text("verdict")), ("-", "not-enrolled"));
                continue;
            }
            covered.push((text("account"), text("region"), text("state")));
        }
        let mut wanted: Vec<(&str, &str, &str)> = Vec::new();
        let members = organization.members.iter().map(|member| &member.id);
        for account in members.chain([&organization.relay.cloud.management]) {
            let regions = organization.enrolment.regions.iter();
            wanted.extend(regions.map(|region| (account.as_str(), region.as_str(), "current")));
        }
        covered.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(covered, wanted);
        let stacks: Vec<_> = coverage["stacks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|stack| &stack["status"])
            .collect();
        assert_eq!(stacks, ["CREATE_COMPLETE"; 3]);
        assert_eq!(coverage["not_covered"].as_array().map(Vec::len), Some(0));
        Ok(())
    });
}

#[test]
fn a_deployer_who_could_not_change_the_evidence_buckets_policy_again_is_refused() {
    org::with(|shared| async move {
        let organization = org::fresh(&shared, 1).await?;
        organization.apply().await?;
        let audit = &organization.relay.cloud.audit;
        let settings = std::fs::read_to_string(organization.folder().join("pipetrail.toml"))?;
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("pipetrail.toml");
        let environment = TestEnvironment::new(folder.path()).aws_config(&organization.aws_config);
        let run = |more: &str, arguments: &[&str]| {
            std::fs::write(&file, settings.replace("[audit]\n", &format!("[audit]\n{more}")))?;
            environment.run(&built().pipetrail, arguments)
        };
        let plan = |more: &str| run(more, &["plan"]);
        let iam = aws_sdk_iam::Client::new(&organization.audit().await?);
        for (path, name) in [("/", "reader"), ("/teams/", "deployer-1")] {
            let role = iam.create_role().path(path).role_name(name);
            role.assume_role_policy_document("{}").send().await?;
        }
        let role = |name: &str| format!("\"arn:aws:iam::{audit}:role/{name}\"\n");
        let settings_of = |caller: &str, deployer: &str| {
            let (caller, deployer) = (role(caller), role(deployer));
            format!("role_arn = {caller}deployer_role = {deployer}")
        };
        let refused = |caller: &str, deployer: &str, said: &str| {
            let ran = plan(&settings_of(caller, deployer))?;
            assert_eq!(ran.code, Some(2), "{}", ran.stderr);
            for said in [said, "audit.deployer_role is", "hint: call as that role"] {
                assert!(ran.stderr.contains(said), "{}", ran.stderr);
            }
            anyhow::Ok(())
        };
        refused("reader", "teams/deployer-*", ":role/reader calls")?;
        // The policy would not know the role without its path.
        refused("teams/deployer-1", "deployer-*", ":role/teams/deployer-1 calls")?;
        let right = plan(&settings_of("teams/deployer-1", "teams/deployer-*"))?;
        assert_eq!(right.code, Some(0), "{}", right.stderr);
        assert!(right.stdout.contains("DeployerRole"), "{}", right.stdout);
        let deployer = format!("deployer_role = {}", role("deployer-*"));
        // The audit profile's own keys are root's here.
        assert_eq!(run(&deployer, &["apply", "--yes"])?.code, Some(0));
        // From now on the policy keeps others out, whatever the file says.
        let lake = names::bucket("lake", audit, HOME);
        let reader = format!("role_arn = {}", role("reader"));
        for command in [&["plan"][..], &["destroy", "--delete-data", &lake, "--yes"]] {
            let ran = run(&reader, command)?;
            assert_eq!(ran.code, Some(2), "{}", ran.stderr);
            let said = format!("policy lets only arn:aws:iam::{audit}:role/deployer-* change it");
            assert!(ran.stderr.contains(&said), "{}", ran.stderr);
        }
        // Who changes nothing of the data stack may look.
        let same = run(&format!("{reader}{deployer}"), &["plan", "--check"])?;
        assert_eq!(same.code, Some(0), "{}{}", same.stdout, same.stderr);
        // What would be lost is said, and lost only on request.
        let shorter = settings.replace("[audit]\n", &format!("[audit]\n{deployer}"));
        std::fs::write(&file, format!("{shorter}\n[retention]\nlake_days = 400\n"))?;
        let ran = environment.run(&built().pipetrail, &["apply", "--yes"])?;
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        for said in ["ended more than 400 days ago", "until now for ever", "--allow-loss"] {
            assert!(ran.stderr.contains(said), "{}", ran.stderr);
        }
        let ran = environment.run(&built().pipetrail, &["apply", "--yes", "--allow-loss"])?;
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        Ok(())
    });
}

/// Everything whose time or number tells of a change.
async fn deployed(organization: &Organization) -> Result<BTreeMap<String, String>> {
    let mut deployed = BTreeMap::new();
    let audit = organization.audit().await?;
    let stacks = aws_sdk_cloudformation::Client::new(&audit)
        .describe_stacks()
        .send()
        .await?
        .stacks;
    for stack in stacks.unwrap_or_default() {
        let times = format!(
            "{:?} {:?} {:?}",
            stack.stack_status, stack.creation_time, stack.last_updated_time
        );
        deployed.insert(format!("stack {}", stack.stack_name.unwrap()), times);
    }
    let s3 = aws::s3(&audit);
    let bucket = names::bucket("artifacts", &organization.relay.cloud.audit, HOME);
    for object in s3
        .list_objects_v2()
        .bucket(bucket)
        .send()
        .await?
        .contents
        .unwrap_or_default()
    {
        deployed.insert(
            format!("object {}", object.key.unwrap()),
            format!("{:?}", object.last_modified),
        );
    }
    let cloud = &organization.relay.cloud;
    let management = aws_sdk_cloudformation::Client::new(&cloud.at(&cloud.management, HOME).await?);
    for set in management.list_stack_sets().send().await?.summaries.unwrap_or_default() {
        let name = set.stack_set_name.unwrap();
        let operations = management
            .list_stack_set_operations()
            .stack_set_name(&name)
            .send()
            .await?;
        let ids = operations
            .summaries
            .unwrap_or_default()
            .into_iter()
            .filter_map(|operation| operation.operation_id);
        deployed.insert(format!("operations of {name}"), ids.collect::<Vec<_>>().join(" "));
        let instances = management.list_stack_instances().stack_set_name(&name).send().await?;
        for instance in instances.summaries.unwrap_or_default() {
            let place = format!("instance {} {}", instance.account.unwrap(), instance.region.unwrap());
            // moto makes up another stack id at every listing.
            deployed.insert(
                place,
                format!("{:?} {:?}", instance.status, instance.stack_instance_status),
            );
        }
    }
    Ok(deployed)
}
