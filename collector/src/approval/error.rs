//! What kept a message from being recorded and told.

use aws_sdk_s3::error::SdkError;
use pipetrail_names::chain;
use thiserror::Error;

use crate::decision::DecisionError;

#[derive(Debug, Error)]
pub(super) enum ApprovalError {
    #[error(transparent)]
    NotADecision(#[from] DecisionError),
    #[error("{call} failed for {target}: {cause}")]
    Aws {
        call: &'static str,
        /// Bucket and key, or topic.
        target: String,
        /// The error with its causes.
        cause: String,
    },
    #[error("topic {topic} does not exist")]
    NoTopic { topic: String },
    #[error("s3://{bucket}/{key} is not what this function puts there, and neither is what lies beside it")]
    Occupied { bucket: String, key: String },
    #[error("s3://{bucket}/{key} was changed by others at each of {attempts} attempts")]
    Contended { bucket: String, key: String, attempts: u32 },
    #[error("cannot write the {what}: {cause}")]
    Unwritable { what: &'static str, cause: String },
}

impl ApprovalError {
    pub(super) fn s3<E>(call: &'static str, bucket: &str, key: &str, error: &SdkError<E>) -> Self
    where
        SdkError<E>: std::error::Error + 'static,
    {
        Self::Aws {
            call,
            target: format!("s3://{bucket}/{key}"),
            cause: chain(error),
        }
    }

    pub(super) fn unwritable(what: &'static str, cause: &impl ToString) -> Self {
        Self::Unwritable {
            what,
            cause: cause.to_string(),
        }
    }
}

/// HTTP status of the answer to a call that failed; none where there was no answer.
pub(super) fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}
