//! What stands, read once before a plan is made.

use std::collections::{BTreeMap, BTreeSet};

use pipetrail_names::AccountId;

use crate::access::TrustedAccess;
use crate::clients::Clients;
use crate::desired::{Desired, Zip};
use crate::error::{Error, from_sdk, unless_refused};
use crate::flow::Flow;
use crate::management::ManagementStacks;
use crate::organization::{Caller, Organization};
use crate::replacement::{Record, has_archive, replay_state};
use crate::stack::Stack;
use crate::stack_set::StackSet;

/// What stands in the organization and the audit account.
#[derive(Clone, Debug, PartialEq)]
pub struct Actual {
    pub organization: Organization,
    /// In which role the management profile calls.
    pub caller: Caller,
    /// Whether StackSets may work in the organization.
    pub access: TrustedAccess,
    /// The audit account's stacks that exist, by name.
    pub stacks: BTreeMap<String, Stack>,
    /// Buckets that an earlier stack retained: they exist, but the stack that would create them does not
    /// stand.
    pub retained: BTreeSet<String>,
    /// The keys of the zips that are uploaded already.
    pub uploaded: BTreeSet<String>,
    /// What is remembered of the last replacement.
    pub replacement: Option<Record>,
    /// Whether the bus has its archive; only asked where something is replaced.
    pub archived: bool,
    /// The state of the replay after a replacement that is not done.
    pub replay: Option<String>,
    pub stack_set: Option<StackSet>,
    /// The management account's own stacks; `None` where nobody can look into it.
    pub management: Option<ManagementStacks>,
}

impl Actual {
    /// Reads everything else that a plan for `desired` needs; makes no write call.
    ///
    /// # Errors
    /// A refused call, or a stack set of our name that is not service-managed.
    pub async fn read(clients: &Clients, mut organization: Organization, desired: &Desired) -> Result<Self, Error> {
        let caller = clients.caller;
        let (access, stack_set, audit) = tokio::try_join!(
            TrustedAccess::read(&clients.management, &clients.organizations, caller),
            StackSet::read(&clients.management, caller),
            async {
                let mut stacks = BTreeMap::new();
                for spec in &desired.stacks {
                    let stack = Stack::read(&clients.audit, &spec.name).await?;
                    stacks.extend(stack.map(|stack| (spec.name.clone(), stack)));
                }
                let standing = |name: &String| stacks.get(name).is_some_and(|stack| !stack.must_be_replaced());
                let missing = desired.stacks.iter().filter(|spec| !standing(&spec.name));
                let mut retained = BTreeSet::new();
                for bucket in missing.flat_map(|spec| &spec.retains) {
                    if exists(&clients.s3, bucket, &desired.scope.audit_account).await? {
                        retained.insert(bucket.clone());
                    }
                }
                let bucket = desired.stacks.first().and_then(|spec| stacks.get(&spec.name));
                let bucket = bucket.and_then(|stack| stack.outputs.get(&desired.bucket_output));
                let uploaded = match bucket {
                    Some(bucket) => uploaded(&clients.s3, bucket, &desired.scope.audit_account, &desired.zips).await?,
                    None => BTreeSet::new(),
                };
                let replacement = replacement(clients, desired, &stacks).await?;
                Ok((stacks, retained, uploaded, replacement))
            }
        )?;
        let (stacks, retained, uploaded, (replacement, archived, replay)) = audit;
        let management = ManagementStacks::read(clients, &organization, &desired.scope, stack_set.as_ref()).await?;
        // Whoever is targeted alone, to be enrolled or removed, is targeted through its own unit.
        let instances = stack_set.iter().flat_map(|set| &set.instances);
        let outside = instances.filter(|instance| !desired.scope.is_below(&organization, &instance.account));
        let outside = outside.map(|instance| instance.account.clone());
        let alone: Vec<AccountId> = outside.chain(desired.scope.accounts.clone()).collect();
        organization.find_parents(&clients.organizations, &alone).await?;
        Ok(Actual {
            organization,
            caller,
            access,
            stacks,
            retained,
            uploaded,
            replacement,
            archived,
            replay,
            stack_set,
            management,
        })
    }
}

/// What is remembered of a replacement, whether there is an archive, and the state of the replay: each only
/// where it can matter.
async fn replacement(
    clients: &Clients,
    desired: &Desired,
    stacks: &BTreeMap<String, Stack>,
) -> Result<(Option<Record>, bool, Option<String>), Error> {
    let has_bus = |flow: &&Flow| {
        stacks
            .get(&flow.bus_stack)
            .is_some_and(|stack| !stack.must_be_replaced())
    };
    let Some(flow) = desired.flow.as_ref().filter(has_bus) else {
        return Ok((None, false, None));
    };
    let record = Record::read(&clients.s3, &flow.bucket, &desired.scope.audit_account).await?;
    let due = record.as_ref().filter(|record| !record.done);
    let stuck = stacks.get(&flow.stack).is_some_and(|stack| !stack.can_be_updated());
    if due.is_none() && !flow.asked && !stuck {
        return Ok((record, false, None));
    }
    let archived = has_archive(&clients.eventbridge, flow).await?;
    let state = match due {
        Some(due) => replay_state(&clients.eventbridge, due).await?,
        None => None,
    };
    Ok((record, archived, state))
}

/// Whether `owner` has that bucket.
///
/// Bucket names are global: one that somebody else has is an error, since no stack can create it.
async fn exists(client: &aws_sdk_s3::Client, bucket: &str, owner: &AccountId) -> Result<bool, Error> {
    let head = client.head_bucket().bucket(bucket);
    match head.expected_bucket_owner(owner.as_str()).send().await {
        // An answer to HEAD has no body, and so no error code.
        Err(error)
            if error
                .raw_response()
                .is_some_and(|answer| answer.status().as_u16() == 403) =>
        {
            Err(Error::BucketTaken {
                bucket: bucket.to_owned(),
                account: owner.clone(),
            })
        }
        head => {
            let head = head.map_err(from_sdk(format!("look for bucket {bucket}")));
            Ok(unless_refused("NotFound", head)?.is_some())
        }
    }
}

/// Which zips the bucket has. A key names its content, so being there is being right.
async fn uploaded(
    client: &aws_sdk_s3::Client,
    bucket: &str,
    owner: &AccountId,
    zips: &[Zip],
) -> Result<BTreeSet<String>, Error> {
    let mut keys = BTreeSet::new();
    for key in zips.iter().map(Zip::key) {
        let head = client.head_object().bucket(bucket).key(&key);
        // Bucket names are global: one that was deleted may be somebody else's by now.
        let head = head.expected_bucket_owner(owner.as_str()).send().await;
        let head = head.map_err(from_sdk(format!("look for s3://{bucket}/{key}")));
        keys.extend(unless_refused("NotFound", head)?.map(|_| key));
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::Answers;
    use crate::ids::known;

    #[tokio::test]
    async fn a_bucket_is_ours_missing_or_somebody_elses() {
        let server = Answers::new(&[
            ("HEAD /ours", 200, ""),
            ("HEAD /missing", 404, ""),
            ("HEAD /taken", 403, ""),
            ("HEAD /elsewhere", 301, ""),
        ]);
        let (client, owner) = (server.s3(), &known("999988887777"));
        assert!(exists(&client, "ours", owner).await.unwrap());
        assert!(!exists(&client, "missing", owner).await.unwrap());
        let taken = exists(&client, "taken", owner).await.unwrap_err();
        assert!(
            matches!(&taken, Error::BucketTaken { bucket, .. } if bucket == "taken"),
            "{taken}"
        );
        assert!(exists(&client, "elsewhere", owner).await.is_err());
        assert_eq!(server.count("x-amz-expected-bucket-owner: 999988887777"), 4);
    }

    #[tokio::test]
    async fn zips_are_looked_for_only_in_a_bucket_of_the_audit_account() {
        let server = Answers::new(&[
            ("HEAD /the-bucket/lambda/a-", 200, ""),
            ("HEAD /the-bucket/lambda/b-", 404, ""),
        ]);
        let zips = ["a", "b"].map(|name| Zip {
            name: name.into(),
            bytes: vec![],
        });
        let found = uploaded(&server.s3(), "the-bucket", &known("999988887777"), &zips)
            .await
            .unwrap();
        assert_eq!(found, BTreeSet::from([zips[0].key()]));
        assert_eq!(server.count("x-amz-expected-bucket-owner: 999988887777"), 2);
    }
}
