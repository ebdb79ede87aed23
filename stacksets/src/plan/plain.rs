//! Plans that enrol nobody: what `pipetrail smoke` applies.

use std::collections::BTreeMap;

use pipetrail_names::{AccountId, Region};

use super::changes::new_parameters;
use super::step::{ManagementAction, ManagementStep, StackAction, StackStep};
use super::{ParameterValue, Plan, RolloutLimits};
use crate::desired::{Scope, StackSpec};

impl Plan {
    /// The part that deploys the audit account's stacks. StackSets is asked for nothing.
    #[must_use]
    pub fn without_enrolment(self) -> Self {
        Plan {
            trusted_access: None,
            joins: vec![],
            stack_set: None,
            management: vec![],
            instances: vec![],
            notes: vec![],
            ..self
        }
    }

    /// A plan that creates a stack in the audit account. Its template is small enough to be sent inline.
    #[must_use]
    pub fn creating(spec: &StackSpec, organization: &str, scope: &Scope) -> Self {
        Plan {
            stacks: vec![creation(spec)],
            ..Plan::nothing(organization, &scope.audit_account, &scope.region)
        }
    }

    /// A plan that creates the stack in each of the regions of an account, to which the clients' management account
    /// leads: what the management account gets, in a member.
    #[must_use]
    pub fn creating_in(
        account: &AccountId,
        regions: &[Region],
        spec: &StackSpec,
        organization: &str,
        scope: &Scope,
    ) -> Self {
        let step = |region: &Region| ManagementStep {
            account: account.clone(),
            region: region.clone(),
            action: ManagementAction::Deploy { stack: creation(spec) },
        };
        Plan {
            management: regions.iter().map(step).collect(),
            ..Plan::nothing(organization, &scope.audit_account, &scope.region)
        }
    }

    pub(crate) fn nothing(organization: &str, audit_account: &AccountId, region: &Region) -> Self {
        Plan {
            organization: organization.to_owned(),
            audit_account: audit_account.clone(),
            region: region.clone(),
            stacks: vec![],
            drain: None,
            replay: None,
            uploads: vec![],
            trusted_access: None,
            joins: vec![],
            stack_set: None,
            management: vec![],
            instances: vec![],
            rollout: RolloutLimits {
                max_concurrent_percentage: 100,
                failure_tolerance_percentage: 0,
            },
            notes: vec![],
            bucket: ParameterValue::Text(String::new()),
            outputs: BTreeMap::new(),
        }
    }
}

fn creation(spec: &StackSpec) -> StackStep {
    StackStep {
        name: spec.name.clone(),
        action: StackAction::Create,
        changes: new_parameters(spec),
        adopts: vec![],
        template: spec.template.clone(),
        parameters: spec.parameters.clone(),
        tags: spec.tags.clone(),
        protect: spec.protect,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step_id::StepId;
    use crate::template::Template;

    #[test]
    fn a_plan_for_a_member_has_a_stack_for_each_region_and_nothing_else() {
        let spec = StackSpec {
            name: "pipetrail-member".into(),
            template: Template::new("Resources: {}"),
            parameters: BTreeMap::new(),
            tags: BTreeMap::new(),
            protect: false,
            retains: vec![],
        };
        let (account, regions) = (
            "111122223333".parse::<AccountId>().unwrap(),
            ["eu-central-1", "eu-west-1"].map(|region| region.parse::<Region>().unwrap()),
        );
        let plan = Plan::creating_in(&account, &regions, &spec, "o-abcdefghij", &Scope::of_test());
        let wanted = regions.map(|region| StepId::ManagementStack {
            account: account.clone(),
            region,
        });
        assert_eq!(plan.ids().collect::<Vec<_>>(), wanted);
        assert!(plan.without_enrolment().is_empty());
    }
}
