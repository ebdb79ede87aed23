//! Enrols an AWS Organization: reads what is deployed, plans, applies, polls.
//!
//! The journey is `read → plan → apply`: [`Organization::read`] and [`Actual::read`] ask AWS once,
//! [`plan::plan`] compares that with a [`Desired`] state and is pure, [`apply::apply`] carries out the
//! very [`Plan`] that was shown, collecting failures instead of stopping. [`Coverage`] is what stands
//! afterwards, per account and region.
//!
//! Nothing here knows what the audit account's templates hold, where the configuration comes from, or
//! how anything is printed.

mod access;
mod actual;
#[cfg(test)]
mod answers;
pub mod apply;
mod bus;
mod clients;
mod coverage;
mod desired;
pub mod destroy;
mod drift;
mod error;
mod explain;
mod flow;
mod ids;
mod instance_result;
mod journal;
mod management;
mod metrics;
mod operation;
mod organization;
mod pause;
pub mod plan;
mod remedy;
mod replacement;
mod set_calls;
pub mod signed;
mod stack;
mod stack_set;
mod step_id;
mod template;
mod time;

pub use access::TrustedAccess;
pub use actual::Actual;
pub use clients::{Clients, ManagementAccount};
pub use coverage::{Coverage, CoverageRow, CoverageState, Origin, StackSetParameters, StackState, Uncovered};
pub use desired::{Desired, ParameterValue, RolloutLimits, Scope, StackSpec, Zip};
pub use drift::{Detection, detect_drift};
pub use error::{Error, Fault, from_sdk};
pub use explain::explain;
pub use flow::{Flow, FlowRule};
pub use ids::answered_id;
pub use instance_result::InstanceResult;
pub use journal::{StepProgress, StepResult, StepState};
pub use management::{ManagementStack, ManagementStacks};
pub use organization::{Account, Caller, Membership, Organization};
pub use plan::{Focus, Note, Plan};
pub use remedy::Remedy;
pub use replacement::{Record, Span};
pub use stack::{Review, Stack, review, settle, take_shell_away};
pub use stack_set::{Drift, Instance, StackSet};
pub use step_id::StepId;
pub use template::{MAX_BODY_BYTES, Template, TemplateDiff};

/// The service principal whose trusted access (and delegated administration) service-managed stack
/// sets need.
pub const SERVICE_PRINCIPAL: &str = "member.org.stacksets.cloudformation.amazonaws.com";
