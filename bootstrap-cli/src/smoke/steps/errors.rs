//! What Firehose keeps under `errors/`: a file of JSON lines, each with the bytes of a record.

use aws_smithy_types::base64;
use pipetrail_names::audit::Bucket;
use pipetrail_stacksets::from_sdk;
use serde::Deserialize;

use super::super::ground::Ground;
use super::super::judge::Judged;
use super::super::lake;
use super::super::wait::wait_for;
use crate::failure::{Problem, Result};

/// A line of such a file, as far as it matters here.
#[derive(Deserialize)]
struct Line {
    #[serde(rename = "rawData")]
    raw_data: String,
}

/// Waits for a record below a prefix of `errors/`.
///
/// # Errors
/// The bucket cannot be read.
pub(super) async fn kept(ground: &Ground, prefix: &str, record: &str) -> Result<Judged> {
    let found = wait_for(ground.limit, async || find(ground, prefix, record).await).await?;
    Ok(match found {
        Some(key) => Judged::proven(key),
        None => {
            let waited = ground.limit.as_secs();
            ground
                .place
                .missed(&format!("nothing below {prefix} has its bytes after {waited} s"))
        }
    })
}

/// The key of the file that has the record.
async fn find(ground: &Ground, prefix: &str, record: &str) -> Result<Option<String>> {
    let bucket = ground.bucket(Bucket::Lake);
    for key in lake::keys(ground, &bucket, prefix, None).await? {
        let object = ground.clients.s3.get_object().bucket(&bucket).key(&key).send().await;
        let object = object.map_err(from_sdk(format!("read s3://{bucket}/{key}")))?;
        let unread = |error| Problem::new(format!("cannot read s3://{bucket}/{key}: {error}"));
        let bytes = object.body.collect().await.map_err(unread)?.into_bytes();
        if holds(&bytes, record) {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

fn holds(file: &[u8], record: &str) -> bool {
    let lines = file.split(|byte| *byte == b'\n');
    let mut raw = lines.filter_map(|line| {
        let line: Line = serde_json::from_slice(line).ok()?;
        base64::decode(line.raw_data).ok()
    });
    raw.any(|raw| raw.trim_ascii_end() == record.trim_end().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_found_among_the_lines_of_a_file() {
        let line = |record: &str| format!("{{\"attemptsMade\":1,\"rawData\":\"{}\"}}\n", base64::encode(record));
        let file = format!("{}no line\n{}", line("one"), line("two\n"));
        assert!(holds(file.as_bytes(), "two") && holds(file.as_bytes(), "one\n"));
        assert!(!holds(file.as_bytes(), "tw") && !holds(b"", "one"));
    }
}
