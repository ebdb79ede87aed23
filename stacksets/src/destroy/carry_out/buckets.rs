//! The buckets' steps.

use pipetrail_names::audit::STACKS;

use super::Run;
use crate::destroy::bucket::Bucket;
use crate::destroy::evidence::{self, Kept};
use crate::destroy::{Remains, Remnant};
use crate::journal::StepState;
use crate::remedy::Remedy;
use crate::step_id::{Need, StepId};

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
                let (Kept { records, bytes, .. }, why) = (kept, kept.why());
                let (until, remedy) = match kept.until() {
                    Some(until) => (format!(" until {until}"), Remedy::DestroyAfterRetention),
                    None => (String::new(), Remedy::DestroyDataAgain),
                };
                let message = Some(format!("{records} object versions stay ({bytes} bytes){until}: {why}"));
                let what = Remnant::Bucket(bucket.to_owned());
                self.remains.push(Remains {
                    records: Some(records),
                    bytes: Some(bytes),
                    retained_until: kept.until(),
                    unwanted: true,
                    ..Remains::new(what, &self.names.audit_account, &self.names.region, why)
                });
                self.journal
                    .push_with(id, StepState::Partial, message, Some(remedy), vec![]);
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
        let what = Remnant::Bucket(bucket.to_owned());
        // What stays was said where it was emptied.
        let stays = self.remains.iter().any(|remains| remains.what == what);
        if stays || self.journal.skips(&id, self.needs_of_bucket(bucket)) {
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
