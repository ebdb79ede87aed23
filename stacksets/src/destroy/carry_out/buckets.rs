//! The buckets' steps.

use super::{Run, gone};
use crate::AUDIT_STACKS;
use crate::destroy::Remains;
use crate::destroy::bucket::Bucket;
use crate::destroy::evidence::{self, Kept};
use crate::journal::StepState;

impl Run<'_> {
    pub(super) async fn empty(&mut self, name: String, bucket: &str, keeps_retained: bool) {
        let [_, _, pipeline] = AUDIT_STACKS;
        if self.journal.skips(&name, [gone(pipeline)]) {
            self.journal.breaks(gone(bucket));
            return;
        }
        let target = Bucket {
            client: &self.clients.s3,
            name: bucket,
            owner: &self.names.audit_account,
        };
        let emptied = self.telling(&name, async |written, tell| {
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
                    what: format!("bucket {bucket}"),
                    account: self.names.audit_account.clone(),
                    region: self.names.region.clone(),
                    why: kept.why(),
                    records: Some(kept.records),
                    bytes: Some(kept.bytes),
                    retained_until: kept.until(),
                    unwanted: true,
                };
                let until = remains.retained_until.as_deref().map(|until| format!(" until {until}"));
                let message = Some(format!(
                    "{} object versions stay ({} bytes){}: {}",
                    kept.records,
                    kept.bytes,
                    until.unwrap_or_default(),
                    remains.why
                ));
                let hint = match &remains.retained_until {
                    Some(_) => "run `pipetrail destroy` with the same --delete-data again after that date",
                    None => {
                        "mend what the reason names, then run `pipetrail destroy` with the same --delete-data again"
                    }
                };
                self.remains.push(remains);
                self.journal
                    .push_with(name, StepState::Partial, message, Some(hint.to_owned()));
            }
            done => {
                if done.is_err() {
                    self.journal.breaks(gone(bucket));
                }
                self.journal.done(name, done.map(|_| ()));
            }
        }
    }

    pub(super) async fn bucket(&mut self, name: String, bucket: &str) {
        if self
            .remains
            .iter()
            .any(|remains| remains.what == format!("bucket {bucket}"))
        {
            // Said where it was emptied.
            return;
        }
        let needs = self.needs(bucket);
        if self.journal.skips(&name, needs) {
            return;
        }
        let target = Bucket {
            client: &self.clients.s3,
            name: bucket,
            owner: &self.names.audit_account,
        };
        let removed = self.telling(&name, async |written, tell| target.remove(written, tell).await);
        let done = removed.await;
        self.journal.done(name, done);
    }
}
