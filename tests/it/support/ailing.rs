//! What AWS says of stack instances that moto cannot have: the proxy changes moto's answers.
//!
//! moto deploys into suspended accounts, knows no disabled region, gives operations no results, and
//! refuses a whole call where AWS fails in one account. So ListStackInstances,
//! ListStackSetOperationResults and DescribeStackSetOperation are rewritten for chosen accounts and
//! regions into what AWS documents, until an operation targets them after their cause is gone.
//!
//! Unproven on AWS: the wording of the reasons, and that a suspended account has no result row.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use pipetrail_tests::fault_proxy::{Call, Traffic};

/// A stack instance: account and region.
pub(crate) type Instance = (String, String);

/// Why an instance is not current, in AWS's words.
#[derive(Clone, Debug)]
pub(crate) struct Ailment {
    /// `DetailedStatus`.
    pub detailed_status: &'static str,
    /// `StatusReason`.
    pub reason: &'static str,
    /// Whether an operation would succeed now.
    pub is_over: bool,
}

/// The instances that ail behind some proxies.
#[derive(Clone)]
pub(crate) struct Ailing(Arc<Mutex<State>>);

struct State {
    everywhere: BTreeSet<Instance>,
    ailments: BTreeMap<Instance, Ailment>,
    /// Instances that an operation targets and where it fails, by its id.
    operations: BTreeMap<String, Operation>,
}

struct Operation {
    targets: BTreeSet<Instance>,
    failures: BTreeMap<Instance, Ailment>,
}

impl Ailing {
    /// Rewrites the answers through `traffic`; `everywhere` are all instances in scope.
    pub(crate) fn behind(
        traffic: &Traffic,
        everywhere: BTreeSet<Instance>,
        ailments: BTreeMap<Instance, Ailment>,
    ) -> Self {
        let ailing = Self(Arc::new(Mutex::new(State {
            everywhere,
            ailments,
            operations: BTreeMap::new(),
        })));
        let rewrite = |operation: &'static str, change: fn(&mut State, &Call, String) -> String| {
            let ailing = ailing.clone();
            traffic.rewrite(
                move |call| call.operation == operation,
                move |call, body| change(&mut ailing.state(), call, body),
            );
        };
        rewrite("CreateStackInstances", State::begin);
        rewrite("UpdateStackInstances", State::begin);
        rewrite("ListStackInstances", State::instances);
        rewrite("DescribeStackSetOperation", State::operation);
        rewrite("ListStackSetOperationResults", State::results);
        ailing
    }

    /// Takes the cause away; the instance stays as it is until an operation targets it.
    pub(crate) fn mend(&self, instance: &Instance) {
        if let Some(ailment) = self.state().ailments.get_mut(instance) {
            ailment.is_over = true;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

/// Which of these instances a call targets.
pub(crate) fn targets(call: &Call, everywhere: &BTreeSet<Instance>) -> BTreeSet<Instance> {
    let accounts = call.list("DeploymentTargets.Accounts");
    let filter = call.form.get("DeploymentTargets.AccountFilterType").map(String::as_str);
    let regions = call.list("Regions");
    let is_target = |(account, region): &&Instance| {
        let listed = accounts.contains(&account.as_str());
        let by_account = match filter {
            Some("INTERSECTION") => listed,
            Some("DIFFERENCE") => !listed,
            _ => true,
        };
        by_account && regions.contains(&region.as_str())
    };
    everywhere.iter().filter(is_target).cloned().collect()
}

impl State {
    fn begin(&mut self, call: &Call, body: String) -> String {
        let targets = targets(call, &self.everywhere);
        self.ailments
            .retain(|instance, ailment| !(ailment.is_over && targets.contains(instance)));
        let failures = self.ailments.iter().filter(|(instance, _)| targets.contains(*instance));
        let failures = failures
            .map(|(instance, ailment)| (instance.clone(), ailment.clone()))
            .collect();
        if let Some(id) = element(&body, "OperationId") {
            self.operations.insert(id.to_owned(), Operation { targets, failures });
        }
        body
    }

    fn instances(&mut self, _: &Call, body: String) -> String {
        let mut changed = String::new();
        for (number, part) in body.split("<member>").enumerate() {
            if number > 0 {
                changed.push_str("<member>");
            }
            let instance = element(part, "Account").zip(element(part, "Region"));
            let instance = instance.map(|(account, region)| (account.to_owned(), region.to_owned()));
            match instance.and_then(|instance| self.ailments.get(&instance)) {
                Some(Ailment {
                    detailed_status,
                    reason,
                    ..
                }) => changed.push_str(
                    &part
                        .replace(
                            "<Status>CURRENT</Status>",
                            &format!("<Status>OUTDATED</Status><StatusReason>{reason}</StatusReason>"),
                        )
                        .replace(
                            "<DetailedStatus>SUCCEEDED<",
                            &format!("<DetailedStatus>{detailed_status}<"),
                        ),
                ),
                None => changed.push_str(part),
            }
        }
        changed
    }

    fn operation(&mut self, call: &Call, body: String) -> String {
        let operation = call.form.get("OperationId").and_then(|id| self.operations.get(id));
        if operation.is_some_and(|operation| !operation.failures.is_empty()) {
            return body.replace("<Status>SUCCEEDED</Status>", "<Status>FAILED</Status>");
        }
        body
    }

    fn results(&mut self, call: &Call, body: String) -> String {
        let Some(operation) = call.form.get("OperationId").and_then(|id| self.operations.get(id)) else {
            return body;
        };
        let mut rows = String::new();
        for (account, region) in &operation.targets {
            let end = match operation.failures.get(&(account.clone(), region.clone())) {
                Some(ailment) if ailment.detailed_status == "SKIPPED_SUSPENDED_ACCOUNT" => continue,
                Some(ailment) => format!("<Status>FAILED</Status><StatusReason>{}</StatusReason>", ailment.reason),
                None => "<Status>SUCCEEDED</Status>".to_owned(),
            };
            rows += &format!("<member><Account>{account}</Account><Region>{region}</Region>{end}</member>");
        }
        let name = &call.operation;
        format!("<{name}Response><{name}Result><Summaries>{rows}</Summaries></{name}Result></{name}Response>")
    }
}

/// The text of the first such element.
fn element<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
}
