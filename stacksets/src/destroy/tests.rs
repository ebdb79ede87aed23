//! What is planned, as people read it and in its parameters.

mod buckets;
mod calls;
mod carrying_out;
mod instances;

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::ids::known;
use pipetrail_names::AccountId;
use pipetrail_names::OUR_TAG;
use pipetrail_names::audit::STACKS;

use crate::Error;
use crate::organization::{Account, Organization};
use crate::stack::Stack;
use crate::stack_set::{Instance, StackSet};

const MANAGEMENT: &str = "000000000001";

fn names() -> Names {
    Names::new(known("999988887777"), known("eu-central-1"), 20)
}

fn tags() -> BTreeMap<String, String> {
    BTreeMap::from([(OUR_TAG.0.to_owned(), OUR_TAG.1.to_owned())])
}

fn stack(name: &str) -> Stack {
    Stack {
        id: format!("arn:{name}"),
        status: "CREATE_COMPLETE".into(),
        tags: tags(),
        ..Stack::default()
    }
}

fn instance(account: &str, region: &str, unit: &str) -> Instance {
    Instance {
        unit: Some(known(unit)),
        status: "CURRENT".into(),
        detailed_status: "SUCCEEDED".into(),
        ..Instance::of_test(account, region)
    }
}

/// Accounts 2 to 5, the last one suspended; two units, two regions.
fn standing() -> Standing {
    let account = |state: &str| Account {
        state: state.into(),
        parent: None,
        parents: BTreeSet::new(),
    };
    let mut accounts: BTreeMap<AccountId, Account> = (2..=4)
        .map(|number| (known(&format!("00000000000{number}")), account("ACTIVE")))
        .collect();
    accounts.insert(known("000000000005"), account("SUSPENDED"));
    let places = [
        ("2", "ou-ab12-aaaaaaaa"),
        ("3", "ou-ab12-aaaaaaaa"),
        ("4", "ou-ab12-bbbbbbbb"),
        ("5", "ou-ab12-bbbbbbbb"),
    ];
    let instances = places.iter().flat_map(|(number, unit)| {
        ["eu-central-1", "eu-west-1"].map(|region| instance(&format!("00000000000{number}"), region, unit))
    });
    let stacks = STACKS.map(|name| (name.to_owned(), stack(name)));
    let buckets = [names().artifacts, names().lake, names().results, names().evidence];
    let held = Contents {
        versions: 3,
        bytes: 700,
        more: false,
    };
    let mut standing = Standing {
        organization: Organization {
            id: "o-abcdefghij".into(),
            management_account: known(MANAGEMENT),
            accounts,
        },
        stack_set: Some(StackSet {
            tags: tags(),
            auto_deploys: Some(true),
            instances: instances.collect(),
            ..StackSet::default()
        }),
        roots: vec![],
        member_stacks: Some(BTreeMap::from([(known("eu-west-1"), stack("member"))])),
        stacks: stacks.into(),
        buckets: buckets.map(|name| (name, held)).into(),
    };
    standing
        .stacks
        .entry(STACKS[1].into())
        .and_modify(|data| data.protected = true);
    standing
}

fn empty() -> Standing {
    Standing {
        stack_set: None,
        member_stacks: Some(BTreeMap::new()),
        stacks: BTreeMap::new(),
        buckets: BTreeMap::new(),
        ..standing()
    }
}

fn set(standing: &mut Standing) -> &mut StackSet {
    standing.stack_set.as_mut().unwrap()
}

#[test]
fn forwarders_go_before_the_bus_and_the_data_last() {
    let shown = plan(&names(), &standing(), true).unwrap().to_string();
    let wanted = "\
organization o-abcdefghij, audit account 999988887777, home region eu-central-1
- stack pipetrail-member of account 000000000001 in eu-west-1: delete it
- auto-deployment: off, so that new accounts get no stack meanwhile
- stack instances: delete 6 with their stacks in ou-ab12-aaaaaaaa, ou-ab12-bbbbbbbb (without accounts 000000000005) / eu-central-1, eu-west-1
- stack instances: let go of 2 without their stacks in ou-ab12-bbbbbbbb (accounts 000000000005) / eu-central-1, eu-west-1
- stack set pipetrail-member: delete
- stack pipetrail-pipeline of account 999988887777 in eu-central-1: delete it
- bucket pipetrail-artifacts-999988887777-eu-central-1: delete 3 object versions (700 bytes), for ever
- stack pipetrail-artifacts of account 999988887777 in eu-central-1: delete it
- bucket pipetrail-artifacts-999988887777-eu-central-1: delete
- bucket pipetrail-lake-999988887777-eu-central-1: delete 3 object versions (700 bytes), for ever
- bucket pipetrail-athena-999988887777-eu-central-1: delete 3 object versions (700 bytes), for ever
- bucket pipetrail-evidence-999988887777-eu-central-1: delete 3 object versions (700 bytes), for ever, but for what is under retention or legal hold
- stack pipetrail-data of account 999988887777 in eu-central-1: lift its termination protection and delete it
- bucket pipetrail-lake-999988887777-eu-central-1: delete
- bucket pipetrail-athena-999988887777-eu-central-1: delete
- bucket pipetrail-evidence-999988887777-eu-central-1: delete
stays: the stack of stack instance 000000000005/eu-central-1 of account 000000000005 in eu-central-1: the account is not active";
    assert!(shown.starts_with(wanted), "{shown}");
}

#[test]
fn without_the_word_the_data_stays_and_that_is_no_failure() {
    let plan = plan(&names(), &standing(), false).unwrap();
    let touched = plan.steps.iter().map(|step| step.id().to_string());
    let touched: Vec<String> = touched
        .filter(|step| step.contains("data") || step.contains("lake"))
        .collect();
    assert_eq!(touched, Vec::<String>::new());
    let data: Vec<&Remains> = plan
        .remains
        .iter()
        .filter(|remains| !matches!(remains.what, Remnant::InstanceStack(_)))
        .collect();
    assert_eq!(data.len(), 4);
    assert!(
        data.iter()
            .all(|remains| !remains.unwanted && remains.why.contains("pipetrail apply"))
    );
    assert_eq!(data[1].records, Some(3));
}

#[test]
fn nothing_there_is_nothing_to_do() {
    let plan = plan(&names(), &empty(), true).unwrap();
    assert!(
        plan.steps.is_empty() && plan.remains.is_empty() && plan.notes.is_empty(),
        "{plan}"
    );
    // What an earlier run left: evidence, its stack gone.
    let mut standing = empty();
    standing.buckets.insert(names().evidence, Contents::default());
    let plan = super::plan(&names(), &standing, true).unwrap();
    assert_eq!(
        plan.steps,
        [DestroyStep::Bucket {
            bucket: names().evidence
        }]
    );
}

#[test]
fn what_is_not_ours_is_never_touched() {
    let foreign = |standing: &Standing| matches!(plan(&names(), standing, true), Err(Error::Foreign { .. }));
    let mut with_set = standing();
    set(&mut with_set).tags.clear();
    let mut with_member = standing();
    with_member.member_stacks = Some(BTreeMap::from([(known("eu-west-1"), Stack::default())]));
    assert!(foreign(&with_set) && foreign(&with_member));
    for name in STACKS {
        let mut standing = standing();
        standing.stacks.insert(name.to_owned(), Stack::default());
        assert!(foreign(&standing), "{name}");
    }
}

#[test]
fn what_forwards_to_another_audit_account_or_home_region_stays() {
    let to = |region: &str, account: &str| {
        let bus = format!("arn:aws:events:{region}:{account}:event-bus/pipetrail");
        BTreeMap::from([("AuditBusArn".to_owned(), bus)])
    };
    let mut wrong_account = standing();
    set(&mut wrong_account).parameters = to("eu-central-1", "999988887778");
    let error = plan(&names(), &wrong_account, true).unwrap_err();
    assert_eq!(
        error.to_string(),
        "stack set pipetrail-member forwards to arn:aws:events:eu-central-1:999988887778:event-bus/pipetrail, \
         not to audit account 999988887777 in eu-central-1"
    );
    set(&mut wrong_account).parameters = to("eu-central-1", "999988887777");
    assert!(plan(&names(), &wrong_account, true).is_ok());
    // As with --home-region of another region: there is nothing there, but the management account is the same.
    let mut wrong_region = empty();
    let member = Stack {
        parameters: to("eu-west-1", "999988887777"),
        ..stack("member")
    };
    wrong_region.member_stacks = Some([(known("eu-central-1"), member)].into());
    let plan = plan(&names(), &wrong_region, true).unwrap();
    assert!(plan.steps.is_empty() && plan.remains.len() == 1, "{plan}");
    assert!(plan.remains[0].why.contains("arn:aws:events:eu-west-1:"), "{plan}");
}

#[test]
fn a_delegated_administrator_is_told_what_it_cannot_see() {
    let mut standing = standing();
    standing.member_stacks = None;
    let plan = plan(&names(), &standing, false).unwrap();
    assert!(plan.notes.iter().any(|note| note.contains(MANAGEMENT)), "{plan}");
}

#[test]
fn the_json_names_the_kind_of_every_step() {
    let plan = plan(&names(), &standing(), true).unwrap();
    let json = serde_json::to_value(&plan).unwrap();
    let kinds: Vec<&str> = json["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|step| step["kind"].as_str())
        .collect();
    assert_eq!(
        kinds[..5],
        ["stack", "auto-deployment-off", "instances", "instances", "stack-set"]
    );
    assert_eq!(json["steps"][2]["filter"], "difference");
    assert_eq!(json["steps"][6]["contents"]["bytes"], 700);
}

#[test]
fn what_goes_with_the_data_is_told_and_not_what_stays_without() {
    let told = |delete_data| plan(&names(), &standing(), delete_data).unwrap().notes.join("\n");
    let (kept, gone) = (told(false), told(true));
    assert!(gone.contains("wait in a buffer or queue, are lost") && gone.contains("everybody's subscriptions"));
    assert!(kept.contains("wait in a buffer, are lost") && !kept.contains("subscriptions"));
}
