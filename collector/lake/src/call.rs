//! A call to AWS that failed, as the functions and the engines tell it.

use std::error::Error as StdError;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use thiserror::Error;

/// A call that did not give what it should.
#[derive(Debug, Error)]
pub enum CallError {
    /// AWS refused it, or did not answer.
    #[error("cannot {action}")]
    Aws {
        /// What was attempted, as in "begin a query in Athena".
        action: String,
        /// Why not.
        #[source]
        fault: Fault,
    },
    /// The answer lacks what AWS documents for it.
    #[error("the answer to {action} has no {field}")]
    Incomplete {
        /// The call's name.
        action: &'static str,
        /// The field's name.
        field: &'static str,
    },
}

/// Why a call failed.
#[derive(Debug, Error)]
pub enum Fault {
    /// AWS answered with an error.
    #[error("{code}: {message}")]
    Refused {
        /// AWS's error code.
        code: String,
        /// AWS's message.
        message: String,
    },
    /// No answer: whether the call was carried out is not known.
    #[error(transparent)]
    Unanswered(Box<dyn StdError + Send + Sync>),
}

/// Turns an error of the SDK into a [`CallError`]. `action` completes "cannot …".
pub(crate) fn from_sdk<E>(action: impl Into<String>) -> impl FnOnce(SdkError<E, HttpResponse>) -> CallError
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
        CallError::Aws {
            action: action.into(),
            fault,
        }
    }
}

/// A field of an answer, where AWS documents that it is always there.
pub(crate) fn given<T>(value: Option<T>, action: &'static str, field: &'static str) -> Result<T, CallError> {
    value.ok_or(CallError::Incomplete { action, field })
}
