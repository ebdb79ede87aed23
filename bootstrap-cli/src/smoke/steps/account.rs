//! Step 1: what the account is like, and what CloudFormation makes of every template before anything is created.

use std::collections::BTreeMap;

use pipetrail_names::audit::{ALERTS, BUS, Bucket, OPERATOR, QUEUES};
use pipetrail_stacksets::apply::upload_template;
use pipetrail_stacksets::{Desired, MAX_BODY_BYTES, ParameterValue, StackSpec, review};

use super::super::claim::{CHANGE_SET, LAKE_FORMATION, PRECONDITIONS, ROW, STREAMS};
use super::super::findings::Findings;
use super::super::ground::Ground;
use super::super::judge::{self, Judged};
use super::super::records;
use crate::doctor::LAKE_FORMATION as LAKE_FORMATION_CHECK;
use crate::doctor::check::{Check, Grade};
use crate::failure::Result;

pub(super) async fn run(ground: &Ground, desired: &Desired, checks: &[Check], findings: &mut Findings) {
    let failed = checks.iter().filter(|check| check.verdict == Grade::Failed);
    let failed: Vec<&str> = failed.map(|check| check.check).collect();
    findings.note(&PRECONDITIONS, "", Ok(judge::preconditions(&failed, checks.len())));
    for spec in desired.stacks.iter().chain([&desired.stack_set]) {
        let judged = change_set(ground, spec).await;
        findings.note(&CHANGE_SET, &spec.name, judged);
    }
}

async fn change_set(ground: &Ground, spec: &StackSpec) -> Result<Judged> {
    let value = |value: &ParameterValue| match value {
        ParameterValue::Text(text) | ParameterValue::Private(text) => text.clone(),
        ParameterValue::Output { output, .. } => self::output(ground, output),
    };
    let parameters = spec.parameters.iter().map(|(name, given)| (name.clone(), value(given)));
    let parameters: BTreeMap<String, String> = parameters.collect();
    let url = match spec.template.body().len() > MAX_BODY_BYTES {
        true => {
            let (s3, bucket) = (&ground.clients.s3, ground.scratch_bucket());
            Some(upload_template(s3, &bucket, ground.account(), &spec.name, &spec.template).await?)
        }
        false => None,
    };
    let evidence = ground.bucket(Bucket::Evidence);
    // What an earlier run had to leave is adopted.
    let imports = spec.retains.contains(&evidence) && !records::versions(ground, &evidence, "").await?.is_empty();
    let read = review(&ground.clients.audit, spec, &parameters, url, imports).await?;
    Ok(judge::change_set(
        &read.status,
        read.reason.as_deref(),
        read.changes,
        &ground.place,
    ))
}

/// What an output of a stack will be: the names are fixed.
fn output(ground: &Ground, output: &str) -> String {
    let [dlq, decisions, _] = QUEUES;
    match output {
        "BusArn" => ground.bus(),
        "BusDlqArn" => ground.arn("sqs", dlq),
        "DecisionsQueueArn" => ground.arn("sqs", decisions),
        "AlertTopicArn" => ground.arn("sns", ALERTS),
        "OperatorTopicArn" => ground.arn("sns", OPERATOR),
        "ArtifactsBucket" => ground.bucket(Bucket::Artifacts),
        "LakeBucket" => ground.bucket(Bucket::Lake),
        "EvidenceBucket" => ground.bucket(Bucket::Evidence),
        "AthenaResultsBucket" => ground.bucket(Bucket::Athena),
        _ => BUS.to_owned(),
    }
}

/// Whether the template is enough where Lake Formation does not leave new tables to IAM, by what was found of streams and
/// rows.
pub(super) fn lake_formation(checks: &[Check], findings: &mut Findings) {
    let check = checks.iter().find(|check| check.check == LAKE_FORMATION_CHECK);
    let judged = match check.map(|check| (check.verdict, &check.evidence)) {
        Some((Grade::Warning, evidence)) => {
            judge::lake_formation(findings.verdict(&STREAMS), findings.verdict(&ROW), evidence)
        }
        Some((_, evidence)) => Judged::not_possible(evidence.clone()),
        None => Judged::not_possible("the settings could not be read"),
    };
    findings.note(&LAKE_FORMATION, "", Ok(judged));
}
