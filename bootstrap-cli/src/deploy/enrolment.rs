//! What `enroll` and `unenroll` share: decide what changes in `pipetrail.toml`, show it with the part
//! of the plan that follows, ask, write the file, apply.
//!
//! The file is written first: a run that is killed afterwards is finished by running it, or `apply`,
//! again.

mod decide;

use std::time::Duration;

use pipetrail_names::OuId;
use pipetrail_names::chain;
use pipetrail_stacksets::plan::plan_for;
use pipetrail_stacksets::{Actual, Clients, Coverage, Desired, Error, Focus, Organization, Plan};
use serde::Serialize;

pub(crate) use self::decide::Direction;
use crate::aws::Session;
use crate::config::Config;
use crate::config::edit::{self, Setting};
use crate::context::Context;
use crate::deploy::carry_out::{Outcome, carry_out, coverage, hint};
use crate::deploy::prepare::{check_layout, settle_management};
use crate::deploy::roster::RosterObject;
use crate::deploy::step::Step;
use crate::deploy::{desired, listing};
use crate::failure::{Exit, Explain, Result};
use crate::terminal::confirm::confirmed;
use crate::terminal::printer::{self, Output};

/// The first pause before another attempt; every further one is three times as long.
const FIRST_PAUSE: Duration = Duration::from_secs(10);

/// What is asked for.
pub(crate) struct Request {
    /// In or out.
    pub direction: Direction,
    /// Who.
    pub focus: Focus,
    /// Whether nobody is asked.
    pub yes: bool,
    /// How often what failed is tried again.
    pub retries: u32,
}

/// What `--output json` writes.
#[derive(Serialize)]
struct Enrolled<'a> {
    command: Direction,
    result: Outcome,
    /// What was changed in pipetrail.toml.
    settings: &'a [Setting],
    plan: &'a Plan,
    /// Those of all attempts.
    steps: &'a [Step],
    /// Of the accounts in question; `None` when it could not be read after the plan was applied.
    coverage: Option<&'a Coverage>,
}

/// Runs the command.
///
/// # Errors
/// Wrong configuration or usage, accounts or units that the organization has not, a read that AWS
/// refuses, or a file that cannot be written. What fails later is in the report.
pub(crate) async fn run(context: &Context, request: &Request) -> Result<Exit> {
    let (config, text) = Config::load_with_text(&context.file)?;
    let config = context.over(config);
    let session = Session::connect(&config, context).await?;
    let scope = desired::scope(&config);
    let units: Vec<OuId> = scope.units.iter().chain(&request.focus.units).cloned().collect();
    let (organization, caller) = Organization::read(&session.organizations(), session.caller()?, &units).await?;
    let unknown = request.focus.accounts.iter().find(|id| !organization.has_account(id));
    if let Some(account) = unknown {
        return Err(Error::UnknownAccount {
            account: account.clone(),
            organization: organization.id,
        }
        .into());
    }

    let settings = decide::settings(request.direction, &request.focus, &scope, &organization)?;
    let new_text = edit::edited(&context.file, &text, &settings)?;
    let config = context.over(Config::parse(&context.file, &new_text)?);
    let clients = session.clients(caller);
    let mut desired = desired::desired(&config, &organization.id, vec![]);
    // The audit account's stacks are no part of it.
    desired.flow = None;
    // What a killed run has begun there goes on.
    settle_management(&clients, &scope).await;
    let actual = Actual::read(&clients, organization, &desired).await?;
    check_layout(&actual, &desired.scope)?;
    let plan = plan_for(&desired, &actual, &request.focus)?;
    for setting in &settings {
        printer::say(&format!("{}: {setting}", context.file.display()));
    }
    printer::say(&plan.to_string());

    let enrolment = Enrolment {
        request,
        clients: &clients,
        desired: &desired,
        organization: &actual.organization,
        settings: &settings,
    };
    if settings.is_empty() && plan.is_empty() {
        return enrolment.report(context.output, &plan, &[], 0).await;
    }
    let (question, hint) = match request.direction {
        Direction::Enroll => (
            "enrol them?",
            "read the plan above, then run `pipetrail enroll` with --yes",
        ),
        Direction::Unenroll => (
            "take them out?",
            "read the plan above, then run `pipetrail unenroll` with --yes",
        ),
    };
    if !confirmed(request.yes, question, hint, "nothing was changed").await? {
        return Ok(Exit::Failed);
    }
    if !plan.is_empty() {
        let standing = Coverage::of(&actual, &desired.scope);
        RosterObject::new(&clients.s3, &desired)
            .before(&plan, &standing)
            .await?;
    }
    context.begin();
    if !settings.is_empty() {
        edit::replace(&context.file, &text, &new_text)?;
    }
    let mut results = carry_out(&plan, &clients).await;
    let last = enrolment.try_again(&mut results).await;
    enrolment.report(context.output, &plan, &results, last).await
}

struct Enrolment<'a> {
    request: &'a Request,
    clients: &'a Clients,
    desired: &'a Desired,
    organization: &'a Organization,
    settings: &'a [Setting],
}

impl Enrolment<'_> {
    /// Tries again what failed, after pauses that grow: an account that was created minutes ago is not
    /// always ready. The plan is made anew each time, and with it the operations' ids. Gives the index
    /// of the last attempt's first step.
    async fn try_again(&self, results: &mut Vec<Step>) -> usize {
        let (mut last, mut pause) = (0, FIRST_PAUSE);
        for attempt in 1..=self.request.retries {
            if !results.iter().skip(last).any(Step::is_lacking) {
                break;
            }
            let (of, seconds) = (self.request.retries, pause.as_secs());
            printer::say(&format!("trying again what failed in {seconds} s ({attempt} of {of})"));
            tokio::time::sleep(pause).await;
            pause *= 3;
            let plan = Actual::read(self.clients, self.organization.clone(), self.desired).await;
            match plan.and_then(|actual| plan_for(self.desired, &actual, &self.request.focus)) {
                Ok(plan) => {
                    last = results.len();
                    results.extend(carry_out(&plan, self.clients).await);
                }
                Err(error) => printer::error(&chain(&error), error.hint().as_deref()),
            }
        }
        last
    }

    /// `last` is the index of the last attempt's first step: what it repaired has not failed.
    async fn report(&self, output: Output, plan: &Plan, steps: &[Step], last: usize) -> Result<Exit> {
        let scope = &self.desired.scope;
        let (earlier, latest) = steps.split_at(last);
        let mut coverage = coverage(self.clients, self.organization, scope, latest).await;
        let listed = match &coverage {
            Some(coverage) => RosterObject::new(&self.clients.s3, self.desired).after(coverage).await,
            None => None,
        };
        let latest = &[latest, listed.as_slice()].concat();
        let steps = &[earlier, latest].concat();
        if let Some(coverage) = &mut coverage {
            let focus = &self.request.focus;
            coverage
                .instances
                .retain(|row| focus.has_account(self.organization, &row.account));
        }
        let written = !self.settings.is_empty() || earlier.iter().any(|step| step.result.changed);
        let result = match Outcome::of(latest, coverage.as_ref()) {
            Outcome::Failed if written => Outcome::PartlyApplied,
            Outcome::Unchanged if written => Outcome::Applied,
            result => result,
        };
        match output {
            Output::Json => printer::json(&Enrolled {
                command: self.request.direction,
                result,
                settings: self.settings,
                plan,
                steps,
                coverage: coverage.as_ref(),
            })?,
            _ => coverage
                .iter()
                .for_each(|coverage| printer::data(&listing::coverage(coverage))),
        }
        hint(result.exit(), latest);
        Ok(result.exit())
    }
}
