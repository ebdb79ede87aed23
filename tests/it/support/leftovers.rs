//! Everything of pipetrail that the emulators hold, as `<kind> <name>` lines.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use pipetrail_tests::aws;
use pipetrail_tests::organization::{HOME, Organization};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

type Found = BTreeSet<String>;

/// What the audit account holds in its home Region.
pub(crate) async fn of_audit_account(organization: &Organization) -> Result<Found> {
    let config = organization.audit().await?;
    let mut found = of_account(&config).await?;
    let mut add = |kind: &str, names: Vec<String>| ours(&mut found, kind, names);
    let buckets = aws::s3(&config)
        .list_buckets()
        .send()
        .await?
        .buckets
        .unwrap_or_default();
    add("bucket", buckets.into_iter().filter_map(|bucket| bucket.name).collect());
    let firehose = aws_sdk_firehose::Client::new(&config);
    add(
        "stream",
        firehose.list_delivery_streams().send().await?.delivery_stream_names,
    );
    let lambda = aws_sdk_lambda::Client::new(&config);
    let functions = lambda.list_functions().send().await?.functions.unwrap_or_default();
    add(
        "function",
        functions.into_iter().filter_map(|f| f.function_name).collect(),
    );
    let mappings = lambda.list_event_source_mappings().send().await?.event_source_mappings;
    let mappings = mappings.unwrap_or_default().into_iter();
    add(
        "event source mapping",
        mappings.filter_map(|mapping| mapping.event_source_arn).collect(),
    );
    let sns = aws_sdk_sns::Client::new(&config);
    let topics = sns.list_topics().send().await?.topics.unwrap_or_default();
    add(
        "topic",
        topics.into_iter().filter_map(|topic| topic.topic_arn).collect(),
    );
    let glue = aws_sdk_glue::Client::new(&config);
    let databases = glue.get_databases().send().await?.database_list;
    for database in &databases {
        let tables = glue.get_tables().database_name(&database.name).send().await?.table_list;
        let tables = tables.unwrap_or_default().into_iter();
        add(
            "table",
            tables
                .map(|table| format!("{}.{}", database.name, table.name))
                .collect(),
        );
    }
    add(
        "database",
        databases.into_iter().map(|database| database.name).collect(),
    );
    let buses = aws_sdk_eventbridge::Client::new(&config)
        .list_event_buses()
        .send()
        .await?;
    let buses = buses.event_buses.unwrap_or_default();
    add("bus", buses.into_iter().filter_map(|bus| bus.name).collect());
    let groups = aws_sdk_athena::Client::new(&config)
        .list_work_groups()
        .send()
        .await?
        .work_groups;
    add(
        "workgroup",
        groups
            .unwrap_or_default()
            .into_iter()
            .filter_map(|group| group.name)
            .collect(),
    );
    for (service, target, key) in [
        ("logs", "Logs_20140328.DescribeLogGroups", "\"logGroupName\""),
        (
            "monitoring",
            "GraniteServiceVersion20100801.DescribeAlarms",
            "\"AlarmName\"",
        ),
    ] {
        let answer = ask(
            &organization.relay.cloud.ministack,
            &organization.relay.cloud.audit,
            service,
            target,
            "{}",
        )
        .await?;
        let names = answer.split(key).skip(1).filter_map(|rest| rest.split('"').nth(1));
        add(key.trim_matches('"'), names.map(str::to_owned).collect());
    }
    Ok(found)
}

/// What the management account and the members hold in the enrolled Regions, the stack set included.
pub(crate) async fn of_organization(organization: &Organization) -> Result<Found> {
    let cloud = &organization.relay.cloud;
    let mut found = Found::new();
    let management = aws_sdk_cloudformation::Client::new(&cloud.at(&cloud.management, HOME).await?);
    for set in management.list_stack_sets().send().await?.summaries.unwrap_or_default() {
        // A deleted one is still listed.
        let name = set.stack_set_name.context("a stack set without name")?;
        if management
            .describe_stack_set()
            .stack_set_name(&name)
            .send()
            .await
            .is_ok()
        {
            let instances = management.list_stack_instances().stack_set_name(&name).send().await?;
            let count = instances.summaries.unwrap_or_default().len();
            found.insert(format!("stack set {name} with {count} instances"));
        }
    }
    let accounts = organization.members.iter().map(|member| &member.id);
    for account in accounts.chain([&cloud.management]) {
        for region in &organization.enrolment.regions {
            let there = of_account(&cloud.at(account, region).await?).await?;
            found.extend(there.into_iter().map(|line| format!("{account} {region} {line}")));
        }
    }
    Ok(found)
}

/// What both kinds of account can hold.
async fn of_account(config: &SdkConfig) -> Result<Found> {
    let mut found = Found::new();
    let stacks = aws_sdk_cloudformation::Client::new(config)
        .describe_stacks()
        .send()
        .await?
        .stacks;
    let standing = stacks.unwrap_or_default().into_iter();
    let standing = standing.filter(|stack| {
        stack
            .stack_status
            .as_ref()
            .is_some_and(|s| s.as_str() != "DELETE_COMPLETE")
    });
    ours(
        &mut found,
        "stack",
        standing.filter_map(|stack| stack.stack_name).collect(),
    );
    let roles = aws_sdk_iam::Client::new(config).list_roles().send().await?.roles;
    ours(
        &mut found,
        "role",
        roles.into_iter().map(|role| role.role_name).collect(),
    );
    let queues = aws_sdk_sqs::Client::new(config).list_queues().send().await?.queue_urls;
    ours(&mut found, "queue", queues.unwrap_or_default());
    let rules = aws_sdk_eventbridge::Client::new(config)
        .list_rules()
        .send()
        .await?
        .rules;
    ours(
        &mut found,
        "rule",
        rules
            .unwrap_or_default()
            .into_iter()
            .filter_map(|rule| rule.name)
            .collect(),
    );
    Ok(found)
}

fn ours(found: &mut Found, kind: &str, names: Vec<String>) {
    let names = names.into_iter().filter(|name| name.contains("pipetrail"));
    found.extend(names.map(|name| format!("{kind} {name}")));
}

/// A call of a service that this package has no client of; the emulator checks no signature.
pub(crate) async fn ask(endpoint: &str, account: &str, service: &str, target: &str, body: &str) -> Result<String> {
    let host = endpoint.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(host).await?;
    let scope = format!("{account}/20261121/{HOME}/{service}/aws4_request");
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: application/x-amz-json-1.1\r\n\
         X-Amz-Target: {target}\r\nContent-Length: {}\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    anyhow::ensure!(answer.starts_with("HTTP/1.1 200"), "{target}: {answer}");
    Ok(answer)
}
