//! Everything that applying brings about in an organization, in words that do not depend on the
//! organization's ids: two organizations that were applied alike are equal here.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use aws_config::SdkConfig;
use aws_sdk_sqs::types::QueueAttributeName;
use pipetrail_tests::aws;
use pipetrail_tests::fault_proxy::Call;
use pipetrail_tests::names;
use pipetrail_tests::organization::{HOME, Organization};
use tokio::sync::OnceCell;

use crate::org;

/// What stands, by a name of its own.
pub(crate) type State = BTreeMap<String, String>;

/// The command that all of this is about.
pub(crate) const APPLY: [&str; 3] = ["apply", "--output", "json"];

/// An apply that nothing disturbed.
pub(crate) struct Undisturbed {
    pub state: State,
    pub calls: Vec<Call>,
}

/// An organization of its own, of two members, whose functions are never invoked.
pub(crate) async fn fresh(shared: &Organization) -> Result<Organization> {
    org::fresh(shared, 2).await?.with_stand_in_functions()
}

/// What every disturbed apply has to come to in the end; applied once for all tests.
pub(crate) async fn undisturbed(shared: &Organization) -> Result<&'static Undisturbed> {
    static APPLIED: OnceCell<Undisturbed> = OnceCell::const_new();
    APPLIED
        .get_or_try_init(|| async {
            let organization = fresh(shared).await?;
            let proxied = organization.proxied().await?;
            let ran = organization.run(&APPLY, &proxied.aws_config).await?;
            ensure!(ran.code == Some(0), "{ran:?}");
            let state = read(&organization).await?;
            // Else equality would say little.
            ensure!(state.len() > 20, "{state:?}");
            let calls = proxied.traffic.calls();
            // moto forgets these.
            let creation = calls.iter().find(|call| call.operation == "CreateStackSet");
            let creation = creation.context("no CreateStackSet")?;
            for (name, value) in [
                ("AutoDeployment.Enabled", "true"),
                ("AutoDeployment.RetainStacksOnAccountRemoval", "false"),
                ("ManagedExecution.Active", "true"),
                ("PermissionModel", "SERVICE_MANAGED"),
            ] {
                let sent = creation.form.get(name).map(String::as_str);
                ensure!(sent == Some(value), "{name} is {sent:?}");
            }
            Ok(Undisturbed { state, calls })
        })
        .await
}

/// Reads it all, past any proxy.
pub(crate) async fn read(organization: &Organization) -> Result<State> {
    let mut state = State::new();
    audit(organization, &mut state).await?;
    management(organization, &mut state).await?;
    let cloud = &organization.relay.cloud;
    let everyone = organization.members.iter().chain([&organization.unenrolled]);
    for account in everyone.map(|member| &member.id).chain([&cloud.management]) {
        for region in &organization.enrolment.regions {
            let config = cloud.at(account, region).await?;
            let place = format!("{account} {region}");
            rules(&config, &place, &mut state).await?;
            queues(&config, &place, &mut state).await?;
            if region == HOME {
                roles(&config, account, &mut state).await?;
            }
        }
    }
    let names = names_of(organization).await?;
    let normal = |text: &str| {
        without_uuids(
            &names
                .iter()
                .fold(text.to_owned(), |text, (id, name)| text.replace(id, name)),
        )
    };
    Ok(state.iter().map(|(key, value)| (normal(key), normal(value))).collect())
}

/// What differs, for a reader.
pub(crate) fn difference(found: &State, wanted: &State) -> Vec<String> {
    let lacking = wanted.iter().filter(|(key, value)| found.get(*key) != Some(*value));
    let lacking = lacking.map(|(key, value)| format!("{key}\n  found  {:?}\n  wanted {value}", found.get(key)));
    let surplus = found
        .keys()
        .filter(|key| !wanted.contains_key(*key))
        .map(|key| format!("{key}\n  not wanted"));
    lacking.chain(surplus).collect()
}

async fn audit(organization: &Organization, state: &mut State) -> Result<()> {
    let config = organization.audit().await?;
    let client = aws_sdk_cloudformation::Client::new(&config);
    for stack in client.describe_stacks().send().await?.stacks() {
        let name = stack.stack_name().context("a stack without name")?;
        let template = client.get_template().stack_name(name).send().await?.template_body;
        let mut lines = vec![
            format!("status {:?}", stack.stack_status()),
            format!("protected {:?}", stack.enable_termination_protection()),
        ];
        lines.extend(
            stack
                .parameters()
                .iter()
                .map(|it| format!("{:?} = {:?}", it.parameter_key(), it.parameter_value())),
        );
        lines.extend(
            stack
                .outputs()
                .iter()
                .map(|it| format!("{:?} -> {:?}", it.output_key(), it.output_value())),
        );
        lines.extend(
            stack
                .tags()
                .iter()
                .map(|it| format!("tag {:?} {:?}", it.key(), it.value())),
        );
        state.insert(format!("stack {name}"), sorted(lines));
        state.insert(format!("template of stack {name}"), template.unwrap_or_default());
    }
    let bucket = names::bucket("artifacts", &organization.relay.cloud.audit, HOME);
    let s3 = aws::s3(&config);
    for object in s3.list_objects_v2().bucket(&bucket).send().await?.contents() {
        let key = object.key().unwrap_or_default();
        // A template has the names of its buckets in it, so another account's has another digest.
        if let Some((template, _)) = key.strip_prefix("templates/").and_then(|name| name.rsplit_once('-')) {
            let body = s3
                .get_object()
                .bucket(&bucket)
                .key(key)
                .send()
                .await?
                .body
                .collect()
                .await?;
            let text = String::from_utf8_lossy(&body.into_bytes()).into_owned();
            state.insert(format!("uploaded template {template}"), text);
            continue;
        }
        state.insert(
            format!("object {:?}", object.key()),
            format!("{:?} {:?}", object.size(), object.e_tag()),
        );
    }
    Ok(())
}

async fn management(organization: &Organization, state: &mut State) -> Result<()> {
    let cloud = &organization.relay.cloud;
    let config = cloud.at(&cloud.management, HOME).await?;
    let organizations = aws_sdk_organizations::Client::new(&config);
    let access = organizations.list_aws_service_access_for_organization().send().await?;
    let access = access
        .enabled_service_principals()
        .iter()
        .map(|it| format!("{:?}", it.service_principal()));
    state.insert("trusted access".to_owned(), sorted(access.collect()));
    let client = aws_sdk_cloudformation::Client::new(&config);
    for set in client.list_stack_sets().send().await?.summaries() {
        let name = set.stack_set_name().context("a stack set without name")?;
        let described = client.describe_stack_set().stack_set_name(name).send().await?;
        let set = described.stack_set.context("no stack set")?;
        let mut lines = vec![format!("{:?} {:?}", set.status(), set.permission_model())];
        lines.extend(
            set.parameters()
                .iter()
                .map(|it| format!("{:?} = {:?}", it.parameter_key(), it.parameter_value())),
        );
        lines.extend(
            set.tags()
                .iter()
                .map(|it| format!("tag {:?} {:?}", it.key(), it.value())),
        );
        state.insert(format!("stack set {name}"), sorted(lines));
        let template = set.template_body().unwrap_or_default().to_owned();
        state.insert(format!("template of stack set {name}"), template);
        for instance in client
            .list_stack_instances()
            .stack_set_name(name)
            .send()
            .await?
            .summaries()
        {
            let place = format!("instance {:?} {:?}", instance.account(), instance.region());
            let detailed = instance
                .stack_instance_status()
                .and_then(|status| status.detailed_status());
            state.insert(place, format!("{:?} {detailed:?}", instance.status()));
        }
    }
    Ok(())
}

async fn rules(config: &SdkConfig, place: &str, state: &mut State) -> Result<()> {
    let client = aws_sdk_eventbridge::Client::new(config);
    for rule in client.list_rules().send().await?.rules() {
        let name = rule.name().context("a rule without name")?;
        let targets = client.list_targets_by_rule().rule(name).send().await?;
        let targets = targets.targets().iter().map(|target| {
            let queue = target.dead_letter_config().and_then(|queue| queue.arn());
            format!("{} {:?} {queue:?}", target.arn(), target.role_arn())
        });
        let text = format!(
            "{:?} {:?} {}",
            rule.state(),
            rule.event_pattern(),
            sorted(targets.collect())
        );
        state.insert(format!("rule {place} {name}"), text);
    }
    Ok(())
}

async fn roles(config: &SdkConfig, account: &str, state: &mut State) -> Result<()> {
    let client = aws_sdk_iam::Client::new(config);
    for role in client.list_roles().send().await?.roles() {
        let name = role.role_name();
        let mut lines = vec![format!("trust {:?}", role.assume_role_policy_document())];
        for policy in client.list_role_policies().role_name(name).send().await?.policy_names() {
            let found = client
                .get_role_policy()
                .role_name(name)
                .policy_name(policy)
                .send()
                .await?;
            lines.push(format!("{policy} {}", found.policy_document()));
        }
        state.insert(format!("role {account} {name}"), sorted(lines));
    }
    Ok(())
}

async fn queues(config: &SdkConfig, place: &str, state: &mut State) -> Result<()> {
    let client = aws_sdk_sqs::Client::new(config);
    for url in client.list_queues().send().await?.queue_urls() {
        let call = client.get_queue_attributes().queue_url(url);
        let found = call.attribute_names(QueueAttributeName::All).send().await?;
        let attributes = found.attributes().context("a queue without attributes")?;
        let lasting = attributes
            .iter()
            .filter(|(name, _)| !name.as_str().ends_with("Timestamp"));
        let lines = lasting.map(|(name, value)| format!("{name} {value}"));
        let name = url.rsplit('/').next().unwrap_or_default();
        state.insert(format!("queue {place} {name}"), sorted(lines.collect()));
    }
    Ok(())
}

/// Every id of the organization and what to call it.
async fn names_of(organization: &Organization) -> Result<Vec<(String, String)>> {
    let cloud = &organization.relay.cloud;
    let mut names = vec![
        (cloud.management.clone(), "<management>".to_owned()),
        (cloud.audit.clone(), "<audit>".to_owned()),
        (cloud.organization().await?.id.clone(), "<organization>".to_owned()),
    ];
    let everyone = organization.members.iter().chain([&organization.unenrolled]);
    names.extend(everyone.map(|member| (member.id.clone(), format!("<{}>", member.name))));
    Ok(names)
}

/// UUIDs are the emulators' own invention.
fn without_uuids(text: &str) -> String {
    let is_uuid = |part: &[char]| {
        part.iter().enumerate().all(|(place, letter)| match place {
            8 | 13 | 18 | 23 => *letter == '-',
            _ => letter.is_ascii_hexdigit(),
        })
    };
    let letters: Vec<char> = text.chars().collect();
    let mut plain = String::new();
    let mut at = 0;
    while at < letters.len() {
        if letters.get(at..at + 36).is_some_and(is_uuid) {
            plain.push_str("<uuid>");
            at += 36;
        } else {
            plain.push(letters[at]);
            at += 1;
        }
    }
    plain
}

fn sorted(mut lines: Vec<String>) -> String {
    lines.sort_unstable();
    lines.join("; ")
}
