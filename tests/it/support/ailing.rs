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

/// An account and a region.
pub type Place = (String, String);

/// Why an instance is not current, in AWS's words.
#[derive(Clone, Debug)]
pub struct Ailment {
    /// `DetailedStatus`.
    pub detailed_status: &'static str,
    /// `StatusReason`.
    pub reason: &'static str,
    /// Whether an operation would succeed now.
    pub is_over: bool,
}

/// The instances that ail behind some proxies.
#[derive(Clone)]
pub struct Ailing(Arc<Mutex<State>>);

struct State {
    everywhere: BTreeSet<Place>,
    ailments: BTreeMap<Place, Ailment>,
    /// Places that an operation targets and where it fails, by its id.
    operations: BTreeMap<String, Operation>,
}

struct Operation {
    targets: BTreeSet<Place>,
    failures: BTreeMap<Place, Ailment>,
}

impl Ailing {
    /// Rewrites the answers through `traffic`; `everywhere` are the places of all instances in scope.
    pub fn behind(traffic: &Traffic, everywhere: BTreeSet<Place>, ailments: BTreeMap<Place, Ailment>) -> Self {
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
    pub fn mend(&self, place: &Place) {
        if let Some(ailment) = self.state().ailments.get_mut(place) {
            ailment.is_over = true;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

/// The places that a call on instances targets, of those in scope.
pub fn targets(call: &Call, everywhere: &BTreeSet<Place>) -> BTreeSet<Place> {
    let accounts = call.list("DeploymentTargets.Accounts");
    let filter = call.form.get("DeploymentTargets.AccountFilterType").map(String::as_str);
    let regions = call.list("Regions");
    let is_target = |(account, region): &&Place| {
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
            .retain(|place, ailment| !(ailment.is_over && targets.contains(place)));
        let failures = self.ailments.iter().filter(|(place, _)| targets.contains(*place));
        let failures = failures
            .map(|(place, ailment)| (place.clone(), ailment.clone()))
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
            let place = element(part, "Account").zip(element(part, "Region"));
            let place = place.map(|(account, region)| (account.to_owned(), region.to_owned()));
            match place.and_then(|place| self.ailments.get(&place)) {
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
