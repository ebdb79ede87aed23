//! A data model is changed, and the plan that follows is compared as people read it.

mod converges;
mod focus;
mod instances;
mod management;
mod reader;
mod refused;
mod removals;
mod replacement;
mod saved;
mod scope;
mod stuck;

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::access::TrustedAccess;
use crate::actual::Actual;
use crate::desired::{Desired, Scope, StackSpec, Zip};
use crate::error::Error;
use crate::ids::known;
use crate::operation::Operation;
use crate::organization::{Account, Caller, Organization};
use crate::stack::Stack;
use crate::stack_set::{Instance, StackSet};
use crate::template::Template;

const UNIT: &str = "ou-ab12-11111111";
const OTHER_UNIT: &str = "ou-ab12-22222222";
const HEAD: &str = "organization o-abcdefghij, audit account 999988887777, home region eu-central-1\n";
const MANAGEMENT: &str = "note: management account 000000000001 is not covered: no stack set reaches it; set organization.management_profile to a profile of it, and it gets stacks of its own\n";

fn text(value: &str) -> ParameterValue {
    ParameterValue::Text(value.to_owned())
}

fn spec(name: &str, parameters: &[(&str, ParameterValue)], protect: bool) -> StackSpec {
    StackSpec {
        name: name.to_owned(),
        template: Template::new(format!("# {name}")),
        parameters: parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
        tags: BTreeMap::from([("managed-by".to_owned(), "pipetrail".to_owned())]),
        protect,
        retains: vec![],
    }
}

fn desired() -> Desired {
    let zip = Zip {
        name: "transform".into(),
        bytes: b"abc".to_vec(),
    };
    Desired {
        scope: Scope {
            audit_account: known("999988887777"),
            region: known("eu-central-1"),
            units: vec![known(UNIT)],
            accounts: vec![],
            excluded: vec![],
            management: true,
            regions: vec![known("eu-central-1")],
        },
        stacks: vec![
            spec("artifacts", &[], false),
            spec("data", &[("Days", text("7"))], true),
            spec(
                "pipeline",
                &[
                    ("Lake", ParameterValue::output("data", "LakeBucket")),
                    ("Key", text(&zip.key())),
                    ("Email", ParameterValue::Private("someone@example.com".into())),
                ],
                false,
            ),
        ],
        bucket_output: "Bucket".into(),
        flow: None,
        zips: vec![zip],
        stack_set: spec(
            "pipetrail-member",
            &[("Bus", ParameterValue::output("pipeline", "BusArn"))],
            false,
        ),
        rollout: RolloutLimits {
            max_concurrent_percentage: 100,
            failure_tolerance_percentage: 10,
        },
    }
}

fn account(state: &str, unit: &str) -> Account {
    Account {
        state: state.into(),
        parents: BTreeSet::from([known("r-ab12"), known(unit)]),
        parent: Some(known(unit)),
    }
}

/// Nothing is deployed yet.
fn empty() -> Actual {
    Actual {
        organization: Organization {
            id: "o-abcdefghij".into(),
            management_account: known("000000000001"),
            accounts: BTreeMap::from([
                (known("000000000001"), account("ACTIVE", "ou-ab12-33333333")),
                (known("000000000002"), account("ACTIVE", UNIT)),
                (known("000000000003"), account("ACTIVE", UNIT)),
                (known("000000000004"), account("ACTIVE", OTHER_UNIT)),
                (known("999988887777"), account("ACTIVE", "ou-ab12-33333333")),
            ]),
        },
        caller: Caller::Management,
        access: TrustedAccess::Enabled,
        stacks: BTreeMap::new(),
        retained: BTreeSet::new(),
        uploaded: BTreeSet::new(),
        replacement: None,
        archived: false,
        replay: None,
        stack_set: None,
        management: None,
    }
}

fn instance(account: &str, region: &str, status: &str, detailed_status: &str) -> Instance {
    Instance {
        status: status.into(),
        detailed_status: detailed_status.into(),
        ..Instance::of_test(account, region)
    }
}

/// Everything is deployed as `desired` wants it.
fn deployed(desired: &Desired) -> Actual {
    let mut actual = empty();
    let outputs = BTreeMap::from([
        ("artifacts", ("Bucket", "the-bucket")),
        ("data", ("LakeBucket", "the-lake")),
        ("pipeline", ("BusArn", "arn:the-bus")),
    ]);
    let value = |value: &ParameterValue| match value {
        ParameterValue::Text(text) | ParameterValue::Private(text) => text.clone(),
        ParameterValue::Output { stack, .. } => outputs[stack.as_str()].1.to_owned(),
    };
    let parameters = |spec: &StackSpec| {
        spec.parameters
            .iter()
            .map(|(name, wanted)| (name.clone(), value(wanted)))
            .collect()
    };
    for spec in &desired.stacks {
        let (output, text) = outputs[spec.name.as_str()];
        let stack = Stack {
            id: format!("arn:{}", spec.name),
            status: "CREATE_COMPLETE".into(),
            reason: None,
            template: spec.template.body().to_owned(),
            parameters: parameters(spec),
            outputs: BTreeMap::from([(output.to_owned(), text.to_owned())]),
            tags: spec.tags.clone(),
            protected: spec.protect,
            since: None,
        };
        actual.stacks.insert(spec.name.clone(), stack);
    }
    actual.uploaded = desired.zips.iter().map(Zip::key).collect();
    actual.stack_set = Some(StackSet {
        template: desired.stack_set.template.body().to_owned(),
        parameters: parameters(&desired.stack_set),
        tags: desired.stack_set.tags.clone(),
        auto_deployment: Some(true),
        auto_deploys: Some(true),
        instances: vec![
            instance("000000000002", "eu-central-1", "CURRENT", "SUCCEEDED"),
            instance("000000000003", "eu-central-1", "CURRENT", "SUCCEEDED"),
        ],
        operations: vec![],
        auto_targets: None,
        ..StackSet::default()
    });
    actual
}

fn shown(desired: &Desired, actual: &Actual) -> String {
    plan(desired, actual).unwrap().to_string()
}

fn set(actual: &mut Actual) -> &mut StackSet {
    actual.stack_set.as_mut().unwrap()
}

#[test]
fn an_empty_organization_gets_everything_in_order() {
    let mut actual = empty();
    actual.access = TrustedAccess::Disabled;
    assert_eq!(
        shown(&desired(), &actual),
        format!(
            "{HEAD}\
+ stack artifacts: create
+ upload lambda/transform-ba7816bf8f01cfea.zip: 3 bytes
+ stack data: create
    Days = \"7\"
+ stack pipeline: create
    Email = (private)
    Key = \"lambda/transform-ba7816bf8f01cfea.zip\"
    Lake = data.LakeBucket
+ trusted access for StackSets: activate
+ stack set pipetrail-member: create
    Bus = pipeline.BusArn
+ stack instances: create 2 in {UNIT} / eu-central-1
rollout: 100 % of a region's accounts at a time; above 10 % failures no more are begun there, but those under way go on and may fail too
{MANAGEMENT}"
        )
    );
}

#[test]
fn what_stands_as_it_should_needs_nothing() {
    let desired = desired();
    let plan = plan(&desired, &deployed(&desired)).unwrap();
    assert!(plan.is_empty());
    assert_eq!(plan.to_string(), format!("{HEAD}nothing to do\n{MANAGEMENT}"));
}

#[test]
fn a_changed_parameter_updates_its_stack_only_and_a_private_one_is_not_shown() {
    let mut desired = desired();
    let actual = deployed(&desired);
    desired.stacks[1].parameters.insert("Days".into(), text("8"));
    desired.stacks[2]
        .parameters
        .insert("Email".into(), ParameterValue::Private("other@example.com".into()));
    assert_eq!(
        shown(&desired, &actual),
        format!(
            "{HEAD}\
~ stack data: update
    Days: \"7\" -> \"8\"
~ stack pipeline: update
    Email = (private)
{MANAGEMENT}"
        )
    );
    let json = serde_json::to_string(&plan(&desired, &actual).unwrap()).unwrap();
    assert!(!json.contains("example.com"), "{json}");
}

#[test]
fn a_changed_zip_is_uploaded_and_its_function_updated() {
    let mut desired = desired();
    let actual = deployed(&desired);
    desired.zips[0].bytes = b"abcd".to_vec();
    desired.stacks[2]
        .parameters
        .insert("Key".into(), text(&desired.zips[0].key()));
    let plan = plan(&desired, &actual).unwrap();
    assert_eq!((plan.steps(), plan.uploads.len(), plan.stacks.len()), (2, 1, 1));
}

#[test]
fn tags_of_others_stay_and_reserved_ones_are_not_sent() {
    let mut desired = desired();
    let mut actual = deployed(&desired);
    let tags = &mut actual.stacks.get_mut("data").unwrap().tags;
    tags.insert("cost-center".into(), "42".into());
    tags.insert("aws:x".into(), "1".into());
    assert!(plan(&desired, &actual).unwrap().is_empty());
    desired.stacks[1].parameters.insert("Days".into(), text("8"));
    let plan = plan(&desired, &actual).unwrap();
    assert_eq!(
        plan.stacks[0].tags.keys().collect::<Vec<_>>(),
        ["cost-center", "managed-by"]
    );
}

#[test]
fn the_shell_of_a_failed_creation_is_replaced_and_its_outputs_are_not_trusted() {
    let desired = desired();
    let mut actual = deployed(&desired);
    actual.stacks.get_mut("data").unwrap().status = "ROLLBACK_COMPLETE".into();
    assert_eq!(
        shown(&desired, &actual),
        format!(
            "{HEAD}\
! stack data: delete and create, it is ROLLBACK_COMPLETE: its creation failed
    Days = \"7\"
~ stack pipeline: update
    Lake: \"the-lake\" -> data.LakeBucket
{MANAGEMENT}"
        )
    );
}

#[test]
fn the_shell_that_is_deleted_is_the_one_that_was_read() {
    let desired = desired();
    let mut actual = deployed(&desired);
    actual.stacks.get_mut("data").unwrap().status = "ROLLBACK_COMPLETE".into();
    let plan = plan(&desired, &actual).unwrap();
    assert!(matches!(&plan.stacks[0].action, StackAction::Replace { id, .. } if id == "arn:data"));
    assert!(!serde_json::to_string(&plan).unwrap().contains("arn:data"));
}

#[test]
fn termination_protection_alone_needs_no_update() {
    let desired = desired();
    let mut actual = deployed(&desired);
    actual.stacks.get_mut("data").unwrap().protected = false;
    let plan = plan(&desired, &actual).unwrap();
    assert_eq!(plan.stacks[0].changes, [Change::TerminationProtection]);
    assert!(!plan.stacks[0].needs_update());
}

#[test]
fn a_changed_member_parameter_updates_the_stack_set_and_with_it_every_instance() {
    let mut desired = desired();
    let mut actual = deployed(&desired);
    set(&mut actual).instances[0] = instance("000000000002", "eu-central-1", "OUTDATED", "FAILED");
    desired
        .stack_set
        .parameters
        .insert("Beat".into(), text("rate(2 hours)"));
    assert_eq!(
        shown(&desired, &actual),
        format!(
            "{HEAD}\
~ stack set pipetrail-member: update, and all its instances
    Beat = \"rate(2 hours)\"
rollout: 100 % of a region's accounts at a time; above 10 % failures no more are begun there, but those under way go on and may fail too
{MANAGEMENT}"
        )
    );
}

#[test]
fn auto_deployment_that_was_switched_off_is_switched_on() {
    let desired = desired();
    let mut actual = deployed(&desired);
    set(&mut actual).auto_deployment = Some(false);
    assert_eq!(
        plan(&desired, &actual).unwrap().stack_set.unwrap().changes,
        [Change::AutoDeployment { on: true }]
    );
}

#[test]
fn another_bus_under_the_same_output_is_another_operation() {
    let mut desired = desired();
    let mut actual = deployed(&desired);
    desired.stack_set.parameters.insert("Beat".into(), text("x"));
    let id = |actual: &Actual| plan(&desired, actual).unwrap().stack_set.unwrap().operation_id;
    let before = id(&actual);
    let outputs = &mut actual.stacks.get_mut("pipeline").unwrap().outputs;
    outputs.insert("BusArn".into(), "arn:other-bus".into());
    assert_ne!(id(&actual), before);
}

#[test]
fn only_the_management_account_switches_trusted_access_on() {
    let desired = desired();
    let mut actual = deployed(&desired);
    actual.access = TrustedAccess::DisabledWithoutActivation;
    assert_eq!(
        plan(&desired, &actual).unwrap().trusted_access,
        Some(AccessStep::EnableServiceAccess)
    );
    actual.caller = Caller::DelegatedAdministrator;
    assert!(matches!(plan(&desired, &actual), Err(Error::TrustedAccessOff)));
}

#[test]
fn an_audit_account_outside_of_the_organization_is_said() {
    let desired = desired();
    let mut actual = deployed(&desired);
    actual.organization.accounts.remove("999988887777");
    assert!(
        shown(&desired, &actual).ends_with("note: audit account 999988887777 is not an account of this organization\n")
    );
}
