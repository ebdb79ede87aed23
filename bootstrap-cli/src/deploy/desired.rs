//! From the configuration to the desired state: which parameter of which template gets which value.

use std::collections::BTreeMap;

use pipetrail_collector::tables::Table;
use pipetrail_collector::templates;
use pipetrail_names::OUR_TAG;
use pipetrail_names::audit::{ARCHIVE, BUS, Bucket, DATA_STACK, DECISIONS_RULE, PIPELINE_STACK, RULE_PREFIX, STACKS};
use pipetrail_names::member::{READER_REGION, STACK};
use pipetrail_stacksets::{Desired, Flow, FlowRule, ParameterValue, RolloutLimits, Scope, StackSpec, Template, Zip};

use crate::config::Config;

/// The parameter of the data stack that says for how many days the bus's archive keeps events.
pub(crate) const ARCHIVE_DAYS: &str = "ArchiveDays";

/// The parameter of the pipeline stack that says for how long months stay in the lake.
pub(crate) const LAKE_RETENTION_DAYS: &str = "LakeRetentionDays";

/// Logs are for operators, not for audits: three months.
const LOG_RETENTION_DAYS: u32 = 90;

/// The accounts and regions that the configuration is about.
pub(crate) fn scope(config: &Config) -> Scope {
    let organization = &config.organization;
    Scope {
        audit_account: config.audit.account.clone(),
        region: config.audit.region.clone(),
        units: organization.organizational_units.clone(),
        accounts: organization.accounts.clone(),
        excluded: organization.excluded_accounts.clone(),
        management: organization.management_account,
        regions: organization.regions.clone(),
    }
}

/// The desired state for the organization `organization` (`o-…`).
pub(crate) fn desired(config: &Config, organization: &str, zips: Vec<Zip>) -> Desired {
    let [artifacts, data, pipeline] = STACKS;
    let text = |value: &dyn ToString| ParameterValue::Text(value.to_string());
    let key = |name: &str| {
        let zip = zips.iter().find(|zip| zip.name == name);
        ParameterValue::Text(zip.map(Zip::key).unwrap_or_default())
    };
    let output = ParameterValue::output;
    let email = config.alerts.operator_email.as_ref().map_or("", AsRef::as_ref);
    let account_topics = list(&config.alerts.account_topics);
    let scan_limit = u64::from(config.athena.scan_limit_gb.0) * 1_000_000_000;
    let data_parameters = [
        ("OrganizationId", text(&organization)),
        ("LakeWriters", ParameterValue::Text(list(&config.audit.lake_writers))),
        ("EvidenceRetentionDays", text(&config.retention.evidence_days.0)),
        ("EvidenceRetentionMode", text(&config.retention.evidence_mode.as_str())),
        (
            "DeployerRole",
            ParameterValue::Text(list(config.audit.deployer_role.as_slice())),
        ),
        (ARCHIVE_DAYS, text(&config.delivery.archive_days.0)),
        ("OperatorEmail", ParameterValue::Private(email.to_owned())),
        ("AccountTopics", ParameterValue::Text(account_topics.clone())),
    ];
    let pipeline_parameters = [
        ("BusName", output(data, "BusName")),
        ("BusDlqArn", output(data, "BusDlqArn")),
        ("DecisionsQueueArn", output(data, "DecisionsQueueArn")),
        ("AlertTopicArn", output(data, "AlertTopicArn")),
        ("OperatorTopicArn", output(data, "OperatorTopicArn")),
        ("AccountTopics", ParameterValue::Text(account_topics)),
        ("ArtifactsBucket", output(artifacts, "ArtifactsBucket")),
        ("TransformKey", key("transform")),
        ("SettleKey", key("settle")),
        ("ApprovalKey", key("approval")),
        ("WatchKey", key("watch")),
        ("Architecture", text(&config.audit.architecture.as_str())),
        ("LakeBucket", output(data, "LakeBucket")),
        ("EvidenceBucket", output(data, "EvidenceBucket")),
        ("AthenaResultsBucket", output(data, "AthenaResultsBucket")),
        (LAKE_RETENTION_DAYS, text(&config.retention.lake_days.0)),
        ("LogRetentionDays", text(&LOG_RETENTION_DAYS)),
        ("ScanLimitBytes", text(&scan_limit)),
        ("BufferSeconds", text(&config.delivery.buffer_seconds.0)),
    ];
    let member_parameters = [
        ("AuditBusArn", output(data, "BusArn")),
        ("HeartbeatSchedule", text(&config.heartbeat.schedule.as_ref())),
        (
            READER_REGION,
            text(config.organization.reader_region(&config.audit.region)),
        ),
        ("ReaderExternalId", text(&organization)),
    ];
    let artifacts = spec(artifacts, templates::ARTIFACTS, [], false);
    let data = spec(data, templates::DATA, data_parameters, true);
    Desired {
        scope: scope(config),
        stacks: vec![
            retaining(artifacts, &[Bucket::Artifacts], config),
            retaining(data, &[Bucket::Lake, Bucket::Evidence, Bucket::Athena], config),
            spec(pipeline, templates::PIPELINE, pipeline_parameters, false),
        ],
        bucket_output: "ArtifactsBucket".to_owned(),
        flow: Some(flow(config)),
        zips,
        stack_set: spec(STACK, pipetrail_member::TEMPLATE, member_parameters, false),
        rollout: RolloutLimits {
            max_concurrent_percentage: percentage(config.rollout.max_concurrent_percentage.0),
            failure_tolerance_percentage: percentage(config.rollout.failure_tolerance_percentage.0),
        },
    }
}

/// What runs through the pipeline stack.
fn flow(config: &Config) -> Flow {
    let rules = Table::DELIVERED.map(|table| FlowRule {
        rule: format!("{RULE_PREFIX}{}", table.name()),
        stream: table.stream_name(),
    });
    Flow {
        stack: PIPELINE_STACK.to_owned(),
        bus_stack: DATA_STACK.to_owned(),
        bus: BUS.to_owned(),
        archive: ARCHIVE.to_owned(),
        rules: rules.into(),
        kept_rules: vec![DECISIONS_RULE.to_owned()],
        bucket: Bucket::Lake.name(&config.audit.account, &config.audit.region),
        buffer_seconds: config.delivery.buffer_seconds.0,
        pace: 1,
        asked: false,
    }
}

/// A list as the templates take it. Their word for an empty one is `none`: an empty string means other things
/// elsewhere.
fn list<T: AsRef<str>>(values: &[T]) -> String {
    let mut values: Vec<&str> = values.iter().map(AsRef::as_ref).collect();
    if values.is_empty() {
        return "none".to_owned();
    }
    // Another order in the file is no change.
    values.sort_unstable();
    values.join(",")
}

/// A percentage of the configuration, which admits no more than 100.
pub(crate) fn percentage(number: u32) -> u8 {
    u8::try_from(number).unwrap_or(100)
}

fn spec<const N: usize>(name: &str, template: &str, values: [(&str, ParameterValue); N], protect: bool) -> StackSpec {
    StackSpec {
        name: name.to_owned(),
        template: Template::new(template),
        parameters: values.map(|(name, value)| (name.to_owned(), value)).into(),
        tags: BTreeMap::from([(OUR_TAG.0.to_owned(), OUR_TAG.1.to_owned())]),
        protect,
        retains: vec![],
    }
}

/// Says which buckets outlive the stack, and writes their names literally into its template: only
/// so does CloudFormation see that one exists already, and adopts it instead of creating it.
fn retaining(mut spec: StackSpec, buckets: &[Bucket], config: &Config) -> StackSpec {
    let mut body = spec.template.body().to_owned();
    for bucket in buckets {
        let name = bucket.name(&config.audit.account, &config.audit.region);
        let prefix = bucket.prefix();
        let reference = format!("BucketName: !Sub {prefix}${{AWS::AccountId}}-${{AWS::Region}}");
        body = body.replace(&reference, &format!("BucketName: {name}"));
        spec.retains.push(name);
    }
    spec.template = Template::new(body);
    spec
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipetrail_stacksets::MAX_BODY_BYTES;

    fn config() -> Config {
        let text = "[organization]\norganizational_units = [\"r-ab12\"]\nregions = [\"eu-central-1\"]\n\
                    [audit]\naccount = \"012345678901\"\nregion = \"eu-central-1\"\n";
        toml::from_str(text).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The keys two spaces below `section:`.
    fn names<'a>(template: &'a str, section: &str) -> Vec<&'a str> {
        let lines = template
            .lines()
            .skip_while(|line| *line != format!("{section}:"))
            .skip(1);
        let lines = lines.take_while(|line| line.is_empty() || line.starts_with(' '));
        let keys = lines.filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'));
        keys.filter(|key| !key.starts_with(' ') && !key.starts_with('#'))
            .collect()
    }

    #[test]
    fn every_template_gets_exactly_the_parameters_that_it_declares() {
        let desired = desired(&config(), "o-abcdefghij", vec![]);
        for spec in desired.stacks.iter().chain([&desired.stack_set]) {
            let mut declared = names(spec.template.body(), "Parameters");
            declared.sort_unstable();
            assert_eq!(spec.parameters.keys().collect::<Vec<_>>(), declared, "{}", spec.name);
        }
    }

    #[test]
    fn every_output_that_a_parameter_takes_is_declared() {
        let desired = desired(&config(), "o-abcdefghij", vec![]);
        for spec in desired.stacks.iter().chain([&desired.stack_set]) {
            for value in spec.parameters.values() {
                let ParameterValue::Output { stack, output } = value else {
                    continue;
                };
                let from = desired.stacks.iter().find(|spec| spec.name == *stack);
                let from = from
                    .map(|spec| names(spec.template.body(), "Outputs"))
                    .unwrap_or_default();
                assert!(from.contains(&output.as_str()), "{stack}.{output} for {}", spec.name);
            }
        }
    }

    #[test]
    fn the_flow_names_what_the_templates_hold() {
        let flow = flow(&config());
        let has = |template: &str, line: String| template.lines().any(|text| text.trim() == line);
        for FlowRule { rule, stream } in &flow.rules {
            assert!(has(templates::PIPELINE, format!("Name: {rule}")), "{rule}");
            assert!(
                has(templates::PIPELINE, format!("DeliveryStreamName: {stream}")),
                "{stream}"
            );
        }
        for rule in &flow.kept_rules {
            assert!(has(templates::DATA, format!("Name: {rule}")), "{rule}");
        }
        assert!(has(templates::DATA, format!("ArchiveName: {}", flow.archive)));
        assert!(has(templates::DATA, format!("Name: {}", flow.bus)));
        assert!(
            desired(&config(), "o-abcdefghij", vec![]).stacks[1]
                .retains
                .contains(&flow.bucket)
        );
    }

    #[test]
    fn lists_are_sorted_and_none_is_a_word() {
        let mut config = config();
        assert_eq!(list(&config.alerts.account_topics), "none");
        let text = "account_topics = [\"111122223333\", \"000000000012\"]";
        config.alerts = toml::from_str(text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(list(&config.alerts.account_topics), "000000000012,111122223333");
    }

    #[test]
    fn every_bucket_of_the_stacks_is_adopted_by_its_literal_name() {
        let desired = desired(&config(), "o-abcdefghij", vec![]);
        for spec in &desired.stacks {
            let body = spec.template.body();
            let mut named: Vec<&str> = body
                .lines()
                .filter_map(|line| line.trim().strip_prefix("BucketName: "))
                .collect();
            named.sort_unstable();
            let mut retained: Vec<&String> = spec.retains.iter().collect();
            retained.sort_unstable();
            assert_eq!(named, retained, "{}", spec.name);
            assert_eq!(
                body.matches("Type: AWS::S3::Bucket\n").count(),
                retained.len(),
                "{}",
                spec.name
            );
        }
        assert_eq!(desired.stacks[1].retains[0], "pipetrail-lake-012345678901-eu-central-1");
    }

    #[test]
    fn the_first_stack_and_the_member_template_can_be_sent_inline() {
        for body in [templates::ARTIFACTS, pipetrail_member::TEMPLATE] {
            assert!(body.len() <= MAX_BODY_BYTES);
        }
    }
}
