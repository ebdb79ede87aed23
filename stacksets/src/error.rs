//! What can go wrong, as lower-case fragments with a cause and, where one is known, a remedy.

use std::error::Error as StdError;

use aws_sdk_cloudformation::config::http::HttpResponse;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use pipetrail_names::{AccountId, OuId, Region};
use thiserror::Error;

/// An error of this crate. [`Error::remedy`] says what is to be done.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    #[error("cannot {action}")]
    Aws {
        /// What was attempted, as in "describe stack pipetrail-data".
        action: String,
        /// What AWS or the network answered.
        #[source]
        fault: Fault,
    },
    /// The organization has consolidated billing only.
    #[error("organization {0} has consolidated billing only; service-managed stack sets need all features")]
    FeatureSet(String),
    /// The caller may not administer stack sets.
    #[error(
        "account {caller} is neither the management account {management} nor a delegated administrator of StackSets"
    )]
    NotAnAdministrator { caller: AccountId, management: AccountId },
    /// A configured organizational unit or root is not there.
    #[error("{unit} is not an OU or root of organization {organization}")]
    UnknownOu {
        /// The id in the configuration.
        unit: OuId,
        organization: String,
    },
    /// An account that was named is not in the organization.
    #[error("{account} is not an account of organization {organization}")]
    UnknownAccount { account: AccountId, organization: String },
    /// The profile for the management account belongs to another one.
    #[error("organization.management_profile calls from account {found}, but the management account is {expected}")]
    NotManagement {
        /// The account that it belongs to.
        found: AccountId,
        expected: AccountId,
    },
    /// There is no stack set to enrol anybody in.
    #[error("stack set {0} does not exist")]
    NoStackSet(String),
    /// Trusted access is off and only the management account can switch it on.
    #[error("trusted access for StackSets is off, and only the management account can switch it on")]
    TrustedAccessOff,
    /// The stack is in a state that nothing can be applied to.
    #[error("stack {name} in account {account}, {region} is in state {status}")]
    Blocked {
        name: String,
        account: AccountId,
        region: Region,
        /// Its CloudFormation status.
        status: String,
    },
    /// A stack or stack set of our name is somebody else's.
    #[error("{what} {name} exists and is not pipetrail's: it has no tag {}={}", pipetrail_names::OUR_TAG.0, pipetrail_names::OUR_TAG.1)]
    Foreign {
        /// `stack` or `stack set`.
        what: &'static str,
        name: String,
    },
    /// It forwards to the bus of another installation.
    #[error("{what} forwards to {bus}, not to audit account {account} in {region}")]
    Elsewhere {
        /// The stack or stack set.
        what: String,
        bus: String,
        account: AccountId,
        region: Region,
    },
    /// A bucket of our name is another account's, or may not be seen.
    #[error("bucket {bucket} exists, but account {account} does not own it or may not see it")]
    BucketTaken {
        bucket: String,
        /// The account that should own it.
        account: AccountId,
    },
    /// Nobody could look into members any more.
    #[error(
        "region {from} has the role that members are looked into with, and not every account has its stack in {to} yet, \
         where it is to move"
    )]
    LastReader { from: Region, to: Region },
    /// Only an update of the stack set moves the reader's role.
    #[error("the role that members are looked into with is still in region {from}, which the configuration removes")]
    ReaderMoves { from: Region },
    /// A stack ended in a failed state.
    #[error("stack {name} ended in {status}{}", joined(.reasons))]
    StackFailed {
        name: String,
        /// Its CloudFormation status.
        status: String,
        /// The reasons of its failed resources, first failure first.
        reasons: Vec<String>,
    },
    /// A stack has not the output that another one needs.
    #[error("stack {stack} has no output {output}")]
    MissingOutput { stack: String, output: String },
    /// Somebody made a stack set of our name in the other permission model.
    #[error("stack set {0} exists, but is not service-managed")]
    NotServiceManaged(String),
    /// A stack set operation failed or was stopped.
    #[error("operation {id} ended in {status}{}", reason.as_deref().map(|r| format!(": {r}")).unwrap_or_default())]
    Operation {
        id: String,
        status: String,
        reason: Option<String>,
    },
    /// Objects of a bucket could not be deleted.
    #[error("{count} object versions of bucket {bucket} could not be deleted, the first one: {code}")]
    ObjectsLeft {
        bucket: String,
        /// How many.
        count: usize,
        /// The error code of the first one.
        code: String,
    },
    /// What should say what was replaced is something else.
    #[error("{place} does not say what was replaced")]
    Record {
        place: String,
        source: Box<dyn StdError + Send + Sync>,
    },
    /// Somebody else replaces the pipeline stack at this moment.
    #[error("{place} was written by another run of `apply` meanwhile: it replaces the pipeline stack too")]
    Overtaken { place: String },
    /// A stream holds records that nothing could bring back.
    #[error(
        "stream {stream} does not drain: it holds records since {since}, and there is no archive to replay them from"
    )]
    Undrained { stream: String, since: jiff::Timestamp },
    /// A replay ended badly, and so did another.
    #[error("replay {name} is {state}")]
    Replay { name: String, state: String },
    /// AWS answered with a field of another form than its contract documents.
    #[error("the answer to {action} has {field} {text:?}: expected {expected}")]
    Malformed {
        action: &'static str,
        field: &'static str,
        text: String,
        expected: &'static str,
    },
    /// AWS answered without a field that its contract promises.
    #[error("the answer to {action} has no {field}")]
    Incomplete { action: &'static str, field: &'static str },
}

impl Error {
    /// AWS's error code, where it refused.
    pub fn code(&self) -> Option<&str> {
        let Error::Aws { fault, .. } = self else { return None };
        match fault {
            Fault::Refused { code, .. } => Some(code),
            Fault::Unanswered(_) => None,
        }
    }

    /// Something of our name is somebody else's; `what` is `stack` or `stack set`.
    pub(crate) fn foreign(what: &'static str, name: impl Into<String>) -> Self {
        let name = name.into();
        Error::Foreign { what, name }
    }
}

/// What AWS or the network answered.
#[derive(Debug, Error)]
pub enum Fault {
    /// AWS refused, with an error code.
    #[error("{code}: {message}")]
    Refused {
        /// AWS's error code, for example `AccessDenied`.
        code: String,
        /// AWS's message.
        message: String,
    },
    /// No answer, or not an AWS one.
    #[error(transparent)]
    Unanswered(Box<dyn StdError + Send + Sync>),
}

fn joined(reasons: &[String]) -> String {
    if reasons.is_empty() {
        String::new()
    } else {
        format!(": {}", reasons.join("; "))
    }
}

/// Turns an SDK error into ours: AWS's code and message where it gave one, else the cause chain.
pub fn from_sdk<E>(action: impl Into<String>) -> impl FnOnce(SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    move |error| {
        let fault = match error.code() {
            Some(code) => Fault::Refused {
                code: code.to_owned(),
                message: error.message().unwrap_or("no message").to_owned(),
            },
            None => Fault::Unanswered(error.into()),
        };
        Error::Aws {
            action: action.into(),
            fault,
        }
    }
}

/// `None` where AWS refuses with `code`: what was asked about is not there.
pub(crate) fn unless_refused<T>(code: &str, answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Err(error) if error.code() == Some(code) => Ok(None),
        answer => answer.map(Some),
    }
}

/// Whether the endpoint does not know the call at all: HTTP 500 or 501 without an AWS error code.
///
/// AWS itself always names a code; the local organization answers so for calls that it lacks.
pub(crate) fn is_unknown_call<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    let status = error.raw_response().map(|response| response.status().as_u16());
    matches!(status, Some(500 | 501)) && error.code().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipetrail_names::chain;

    #[tokio::test]
    async fn an_endpoint_that_is_no_url_does_not_bring_the_request_to_light() {
        let server = crate::answers::Answers::new(&[]);
        let config = server.cloudformation().config().to_builder().endpoint_url("nowhere");
        let client = aws_sdk_cloudformation::Client::from_conf(config.build());
        let answer = client.describe_stacks().stack_name("secret").send().await;
        let error = from_sdk("describe stack x")(answer.unwrap_err());
        let text = chain(&error);
        assert!(text.contains("failed to apply endpoint `nowhere`"), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }

    #[test]
    fn the_chain_does_not_repeat_a_wrapped_cause() {
        let error = Error::Aws {
            action: "describe stack x".into(),
            fault: Fault::Refused {
                code: "Throttling".into(),
                message: "Rate exceeded".into(),
            },
        };
        assert_eq!(chain(&error), "cannot describe stack x: Throttling: Rate exceeded");
    }
}
