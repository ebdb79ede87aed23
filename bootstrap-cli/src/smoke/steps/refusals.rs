//! What the evidence bucket refuses to whoever runs `smoke`: to put, to overwrite, to hide and to delete a record.

use pipetrail_names::audit::Bucket;

use super::super::claim::{DELETE, OVERWRITE, PUT, VERSION_DELETE};
use super::super::findings::Findings;
use super::super::ground::Ground;
use super::super::judge::{self, Answer, Judged};
use super::super::records;
use super::super::sample::ACCOUNT;
use super::super::scratch::{Controls, status};
use crate::failure::Result;

pub(super) async fn run(ground: &Ground, controls: &Controls, bucket: &str, findings: &mut Findings) {
    let (s3, key) = (&ground.clients.s3, &ground.sample.record_key);
    let policies = &controls.policies;
    let own = format!("account_id={ACCOUNT}/put-by-smoke.txt");
    // With If-None-Match: without it another statement of the policy refuses, and nothing is said of who puts.
    let put = s3.put_object().bucket(bucket).key(own).body(b"smoke".to_vec().into());
    let put = put.if_none_match("*").send().await;
    let answer = Answer {
        status: put.map_or_else(|error| status(error.raw_response()), |_| 200),
    };
    let judged = judge::refused("a PUT with If-None-Match on a new key", answer, &[403], policies);
    findings.note(&PUT, "", Ok(judged));
    // The policy refuses all but the function (403), before S3 looks whether the key is taken (412).
    let put = s3.put_object().bucket(bucket).key(key).body(b"smoke".to_vec().into());
    let put = put.if_none_match("*").send().await;
    let answer = Answer {
        status: put.map_or_else(|error| status(error.raw_response()), |_| 200),
    };
    let judged = judge::refused(
        "a PUT with If-None-Match on the record's key",
        answer,
        &[403, 412],
        policies,
    );
    findings.note(&OVERWRITE, "", Ok(judged));
    let judged = version_delete(ground, controls).await;
    findings.note(&VERSION_DELETE, "", judged);
    let deleted = s3.delete_object().bucket(bucket).key(key).send().await;
    let answer = Answer {
        status: deleted.map_or_else(|error| status(error.raw_response()), |_| 204),
    };
    findings.note(
        &DELETE,
        "",
        Ok(judge::refused("a DELETE without a version", answer, &[403], policies)),
    );
}

async fn version_delete(ground: &Ground, controls: &Controls) -> Result<Judged> {
    let (bucket, key) = (ground.bucket(Bucket::Evidence), &ground.sample.record_key);
    let versions = records::versions(ground, &bucket, key).await?;
    let Some((_, version)) = versions.first() else {
        return Ok(Judged::refuted("the record has no version any more"));
    };
    let deleted = ground
        .clients
        .s3
        .delete_object()
        .bucket(&bucket)
        .key(key)
        .version_id(version)
        .send()
        .await;
    let answer = Answer {
        status: deleted.map_or_else(|error| status(error.raw_response()), |_| 204),
    };
    Ok(judge::refused(
        "a DELETE of the version",
        answer,
        &[403],
        &controls.locks,
    ))
}
