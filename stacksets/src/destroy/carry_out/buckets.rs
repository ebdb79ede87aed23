//! The buckets' steps.

use pipetrail_names::audit::STACKS;

use super::Run;
use crate::destroy::bucket::Bucket;
use crate::destroy::evidence::{self, Kept};
use crate::destroy::{Remains, Remnant};
use crate::journal::StepState;
use crate::need::Need;
use crate::remedy::Remedy;
use crate::step_id::StepId;

impl Run<'_> {
    pub(super) async fn empty(&mut self, id: StepId, bucket: &str, keeps_retained: bool) {
        let [_, _, pipeline] = STACKS;
        if self.journal.skips(&id, [Need::StackGone(pipeline.to_owned())]) {
            self.journal.breaks(Need::BucketGone(bucket.to_owned()));
            return;
        }
        let target = Bucket {
            client: &self.clients.s3,
            name: bucket,
            owner: &self.names.audit_account,
        };
        let emptied = self.telling(&id, async |written, tell| {
            if keeps_retained {
                evidence::empty(target, written, tell).await
            } else {
                target.empty(written, tell).await.map(|()| Kept::default())
            }
        });
        let done = emptied.await;
        match done {
            Ok(kept) if kept.records > 0 => {
                let remains = Remains {
                    records: Some(kept.records),
                    bytes: Some(kept.bytes),
                    retained_until: kept.until(),
                    unwanted: true,
                    ..Remains::new(
                        Remnant::Bucket(bucket.to_owned()),
                        &self.names.audit_account,
                        &self.names.region,
                        kept.why(),
                    )
                };
                let until = remains.retained_until.as_deref().map(|until| format!(" until {until}"));
                let message = Some(format!(
                    "{} object versions stay ({} bytes){}: {}",
                    kept.records,
                    kept.bytes,
                    until.unwrap_or_default(),
                    remains.why
                ));
                let remedy = match &remains.retained_until {
                    Some(_) => Remedy::DestroyAfterRetention,
                    None => Remedy::DestroyDataAgain,
                };
                self.remains.push(remains);
                self.journal.push_with(id, StepState::Partial, message, Some(remedy));
            }
            done => {
                if done.is_err() {
                    self.journal.breaks(Need::BucketGone(bucket.to_owned()));
                }
                self.journal.done(id, done.map(|_| ()));
            }
        }
    }

    pub(super) async fn bucket(&mut self, id: StepId, bucket: &str) {
        if self
            .remains
            .iter()
            .any(|remains| remains.what == Remnant::Bucket(bucket.to_owned()))
        {
            // Said where it was emptied.
            return;
        }
        if self.journal.skips(&id, self.needs_of_bucket(bucket)) {
            return;
        }
        let target = Bucket {
            client: &self.clients.s3,
            name: bucket,
            owner: &self.names.audit_account,
        };
        let removed = self.telling(&id, async |written, tell| target.remove(written, tell).await);
        let done = removed.await;
        self.journal.done(id, done);
    }
}
