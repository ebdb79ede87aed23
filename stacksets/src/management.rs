//! The management account: service-managed stack sets never reach it, so it gets the member template as
//! plain stacks named [`pipetrail_names::member::STACK`], one per enrolled region.

use std::collections::{BTreeMap, BTreeSet};

use pipetrail_names::chain;
use pipetrail_names::member::STACK;
use pipetrail_names::{AccountId, Region};
use serde::Serialize;

use crate::clients::Clients;
use crate::desired::Scope;
use crate::error::Error;
use crate::organization::Organization;
use crate::stack::Stack;
use crate::stack_set::StackSet;
use crate::template::Template;

/// What stands in the management account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManagementStacks {
    /// The stacks that exist, by region.
    pub stacks: BTreeMap<Region, Stack>,
    /// Regions that refuse the account's credentials (opt-in regions that it has not enabled), with
    /// AWS's answer. StackSets needs a region enabled in this account too.
    pub unreadable: BTreeMap<Region, String>,
}

/// One region of the management account, as coverage shows it beside the stack set's instances:
/// covered when `current`, missing without a `status`, else outdated or failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ManagementStack {
    pub region: Region,
    /// The stack's CloudFormation status; `None` when there is none.
    pub status: Option<String>,
    /// AWS's reason.
    pub reason: Option<String>,
    /// Whether it is as the stack set describes its instances.
    pub current: bool,
}

impl ManagementStacks {
    /// Reads the stacks of all regions in scope, and of those that the stack set has instances in;
    /// `None` without credentials for the account.
    ///
    /// # Errors
    /// Credentials of another account, or a refused call.
    pub async fn read(
        clients: &Clients,
        organization: &Organization,
        scope: &Scope,
        set: Option<&StackSet>,
    ) -> Result<Option<Self>, Error> {
        let Some(owner) = &clients.management_account else {
            return Ok(None);
        };
        if owner.account != organization.management_account {
            return Err(Error::NotManagement {
                found: owner.account.clone(),
                expected: organization.management_account.clone(),
            });
        }
        let instances = set
            .iter()
            .flat_map(|set| &set.instances)
            .map(|instance| &instance.region);
        let targets = set.iter().flat_map(|set| &set.auto_targets).flatten();
        let mut regions: BTreeSet<&Region> = instances.chain(targets.map(|(_, region)| region)).collect();
        regions.extend(&scope.regions);
        regions.insert(&scope.region);
        let mut read = ManagementStacks::default();
        for region in regions {
            match Stack::read(&owner.at(region), STACK).await {
                Ok(stack) => read.stacks.extend(stack.map(|stack| (region.clone(), stack))),
                Err(error) if *region != scope.region && is_region_off(&error) => {
                    read.unreadable.insert(region.clone(), chain(&error));
                }
                Err(error) => return Err(at(error, &owner.account, region)),
            }
        }
        Ok(Some(read))
    }

    /// What every region in scope comes down to, by region; nothing when the account is not enrolled.
    pub fn states(&self, scope: &Scope, set: Option<&StackSet>) -> Vec<ManagementStack> {
        if !scope.management {
            return vec![];
        }
        let states = scope.regions.iter().map(|region| {
            let stack = self.stacks.get(region);
            let current = |stack: &Stack| {
                set.is_some_and(|set| {
                    stack.is_settled()
                        && stack.is_ours()
                        && stack.parameters == set.parameters
                        && Template::new(&set.template).is_deployed_as(&stack.template)
                })
            };
            ManagementStack {
                region: region.clone(),
                status: stack.map(|stack| stack.status.clone()),
                reason: stack
                    .and_then(|stack| stack.reason.clone())
                    .or_else(|| self.unreadable.get(region).cloned()),
                current: stack.is_some_and(current),
            }
        });
        states.collect()
    }
}

/// The error with the place: a name of a region that there is not shows as a host that is not found.
fn at(error: Error, account: &AccountId, region: &Region) -> Error {
    match error {
        Error::Aws { action, fault } => Error::Aws {
            action: format!("{action} in {account}, {region}"),
            fault,
        },
        error => error,
    }
}

/// Whether a region does not know the account's credentials: it is not enabled there.
fn is_region_off(error: &Error) -> bool {
    let codes = [
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "OptInRequired",
        "AuthFailure",
    ];
    error.code().is_some_and(|code| codes.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::Answers;
    use crate::clients::ManagementAccount;
    use crate::ids::known;
    use crate::organization::Caller;

    fn clients(server: &Answers, account: &str) -> Clients {
        Clients {
            audit: server.cloudformation(),
            s3: server.s3(),
            eventbridge: server.eventbridge(),
            signed: crate::signed::Signed::over(server.http()),
            management: server.cloudformation(),
            organizations: server.organizations(),
            caller: Caller::DelegatedAdministrator,
            management_account: Some(ManagementAccount {
                account: known(account),
                client: server.cloudformation(),
            }),
        }
    }

    fn organization() -> Organization {
        Organization {
            id: "o-abcdefghij".into(),
            management_account: known("000000000001"),
            accounts: BTreeMap::new(),
        }
    }

    fn scope() -> Scope {
        Scope {
            regions: vec![known("eu-central-1"), known("me-south-1")],
            management: true,
            ..Scope::of_test()
        }
    }

    #[tokio::test]
    async fn a_profile_of_another_account_is_refused_before_anything_is_asked() {
        let server = Answers::new(&[]);
        let read = ManagementStacks::read(&clients(&server, "000000000002"), &organization(), &scope(), None).await;
        assert_eq!(
            read.unwrap_err().to_string(),
            "organization.management_profile calls from account 000000000002, but the management account is 000000000001"
        );
        assert_eq!(server.count("Action="), 0);
    }

    #[tokio::test]
    async fn a_region_that_does_not_know_the_account_is_no_error_but_the_home_region_is() {
        let refusal = |code: &str, message: &str| {
            format!("<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>")
        };
        let missing = refusal("ValidationError", "Stack with id pipetrail-member does not exist");
        let unknown = refusal(
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
        );
        let server = Answers::new(&[
            ("/eu-central-1/cloudformation/", 400, &missing),
            ("/me-south-1/cloudformation/", 403, &unknown),
            ("/eu-central-1/cloudformation/", 403, &unknown),
        ]);
        let clients = clients(&server, "000000000001");
        let read = ManagementStacks::read(&clients, &organization(), &scope(), None).await;
        let read = read.unwrap().unwrap();
        assert!(read.stacks.is_empty());
        assert_eq!(read.unreadable.keys().collect::<Vec<_>>(), ["me-south-1"]);
        let read = ManagementStacks::read(&clients, &organization(), &scope(), None).await;
        assert_eq!(
            read.unwrap_err().to_string(),
            "cannot describe stack pipetrail-member in 000000000001, eu-central-1"
        );
    }
}
