"""moto, and what it lacks of service-managed stack sets: DeleteStackInstances by unit.

moto 5.2.5 reads the self-managed form's Accounts only, so that a call with DeploymentTargets succeeds
and deletes nothing. Arguments are those of moto's server.
"""

import sys

from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult
from moto.server import main

by_account = CloudFormationResponse.delete_stack_instances


def accounts_below(stack_set, units):
    backend = stack_set.instances.org_backend
    units = set(units)
    while True:
        below = {unit.id for unit in backend.ou if unit.parent_id in units}
        if below <= units:
            return {account.id for account in backend.accounts if account.parent_id in units}
        units |= below


def delete_stack_instances(self):
    targets = self._get_params().get("DeploymentTargets")
    if not targets:
        return by_account(self)
    name, regions = self._get_param("StackSetName"), self._get_param("Regions", [])
    stack_set = self.cloudformation_backend.describe_stack_set(name)
    accounts = accounts_below(stack_set, targets.get("OrganizationalUnitIds", []))
    named = set(targets.get("Accounts", []))
    accounts = {"INTERSECTION": accounts & named, "DIFFERENCE": accounts - named}.get(
        targets.get("AccountFilterType"), accounts
    )
    if str(self._get_param("RetainStacks")).lower() == "true":
        # Let go, with all that was deployed left where it is.
        for instance in list(stack_set.stack_instances):
            if instance.account_id in accounts and instance.region_name in regions:
                instance.delete = lambda: None
    stack_set = self.cloudformation_backend.delete_stack_instances(name, sorted(accounts), regions)
    return ActionResult({"OperationId": stack_set.operations[-1]["OperationId"]})


CloudFormationResponse.delete_stack_instances = delete_stack_instances
main(sys.argv[1:])
