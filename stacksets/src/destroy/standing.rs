//! What stands, read once.

use std::collections::BTreeMap;

use pipetrail_names::audit::STACKS;
use pipetrail_names::{OuId, Region};

use super::{Contents, Names, bucket};
use crate::clients::Clients;
use crate::desired::Scope;
use crate::error::Error;
use crate::management::ManagementStacks;
use crate::organization::{Organization, roots};
use crate::stack::Stack;
use crate::stack_set::StackSet;

/// A bucket that goes is counted up to so many pages of 1,000 versions, one that stays up to fewer.
const COUNTED_PAGES: [u32; 2] = [1_000, 20];

/// What stands of pipetrail.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    pub organization: Organization,
    pub stack_set: Option<StackSet>,
    /// The organization's roots, where AWS does not say by which unit an instance came.
    pub roots: Vec<OuId>,
    /// The management account's own stacks, by region; `None` where they cannot be seen.
    pub member_stacks: Option<BTreeMap<Region, Stack>>,
    /// The audit account's stacks, by name.
    pub stacks: BTreeMap<String, Stack>,
    /// The audit account's buckets, by name.
    pub buckets: BTreeMap<String, Contents>,
}

impl Standing {
    /// Reads it all; makes no write call.
    ///
    /// # Errors
    /// A refused call, or a stack set of our name that is not service-managed.
    pub async fn read(
        clients: &Clients,
        organization: Organization,
        scope: &Scope,
        names: &Names,
        with_data: bool,
    ) -> Result<Self, Error> {
        let (set_and_members, stacks, buckets) = tokio::try_join!(
            async {
                let set = StackSet::read(&clients.management, clients.caller).await?;
                let members = ManagementStacks::read(clients, &organization, scope, set.as_ref()).await?;
                let members = members.map(|members| members.stacks);
                let mut instances = set.iter().flat_map(|set| &set.instances);
                let roots = if instances.any(|instance| instance.unit.is_none()) {
                    roots(&clients.organizations).await?
                } else {
                    vec![]
                };
                Ok((set, members, roots))
            },
            async {
                let mut stacks = BTreeMap::new();
                for name in STACKS {
                    let stack = Stack::identify(&clients.audit, name).await?;
                    stacks.extend(stack.map(|stack| (name.to_owned(), stack)));
                }
                Ok(stacks)
            },
            async {
                let mut buckets = BTreeMap::new();
                for name in [&names.artifacts, &names.lake, &names.results, &names.evidence] {
                    let [all, some] = COUNTED_PAGES;
                    let pages = if with_data || *name == names.artifacts {
                        all
                    } else {
                        some
                    };
                    let contents = bucket::count(&clients.s3, name, &names.audit_account, pages).await?;
                    buckets.extend(contents.map(|contents| (name.clone(), contents)));
                }
                Ok(buckets)
            },
        )?;
        let (stack_set, member_stacks, roots) = set_and_members;
        Ok(Standing {
            organization,
            stack_set,
            roots,
            member_stacks,
            stacks,
            buckets,
        })
    }
}
