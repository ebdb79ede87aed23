//! What was found of our names in an account.

use std::error::Error as StdError;

use aws_sdk_iam::config::http::HttpResponse;
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use pipetrail_names::{AccountId, Region};
use pipetrail_stacksets::{Error, from_sdk};

/// What was looked for in an account, and what became of it.
#[derive(Debug, Default)]
pub(in crate::doctor) struct Found {
    /// Resources, as in "rule pipetrail-forward in eu-west-1".
    pub resources: Vec<String>,
    /// Reads that failed.
    pub errors: Vec<Error>,
}

impl Found {
    pub(super) fn take(&mut self, resource: String, answer: Result<bool, Error>) {
        match answer {
            Ok(true) => self.resources.push(resource),
            Ok(false) => {}
            Err(error) => self.errors.push(error),
        }
    }

    /// Enters what the answer says of a resource, as in "rule pipetrail-forward", of a region.
    pub(super) fn look<T, E>(
        &mut self,
        what: &str,
        (account, region): (&AccountId, &Region),
        answer: Result<T, SdkError<E, HttpResponse>>,
        is_missing: impl Fn(&E) -> bool,
    ) where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        let action = format!("look for the {what} in account {account}, {region}");
        self.take(format!("{what} in {region}"), exists(answer, is_missing, action));
    }
}

/// Whether the answer says that something is there; any error but "there is none" stays one.
pub(super) fn exists<T, E>(
    answer: Result<T, SdkError<E, HttpResponse>>,
    is_missing: impl Fn(&E) -> bool,
    action: String,
) -> Result<bool, Error>
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    match answer {
        Ok(_) => Ok(true),
        Err(error) if error.as_service_error().is_some_and(is_missing) => Ok(false),
        Err(error) => Err(from_sdk(action)(error)),
    }
}
