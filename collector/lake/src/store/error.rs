//! Why a lake cannot be used, and what to do about it.

use object_store::Error;
use thiserror::Error;

use super::location::Location;

/// A lake that cannot be used.
#[derive(Debug, Error)]
pub enum LakeError {
    /// There is no such folder, or it cannot be read.
    #[error("cannot open lake {location}: {cause}")]
    Open {
        /// As the command line named it.
        location: String,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The folder cannot be made.
    #[error("cannot make lake {location}: {cause}")]
    Make {
        /// As the command line named it.
        location: String,
        /// What the system says.
        cause: std::io::Error,
    },
    /// Nothing gives credentials, or what should give them fails.
    #[error("no AWS credentials for {location}: {why}")]
    NoCredentials {
        /// As the command line named it.
        location: String,
        /// The cause chain.
        why: String,
    },
    /// No such bucket.
    #[error("{location}: there is no such bucket")]
    NoBucket {
        /// As the command line named it.
        location: String,
    },
    /// S3 refuses.
    #[error("{location}: S3 denies access to it")]
    Denied {
        /// As the command line named it.
        location: String,
    },
    /// Its region is another one.
    #[error("{location}: the bucket is in another region")]
    Region {
        /// As the command line named it.
        location: String,
    },
    /// The store fails in another way.
    #[error("cannot use {location}: {cause}")]
    Store {
        /// As the command line named it.
        location: String,
        /// What the store says.
        cause: String,
    },
}

impl LakeError {
    /// What the store says about a lake.
    pub fn store(location: &Location, cause: Error) -> Self {
        let location = location.to_string();
        match cause {
            Error::NotFound { .. } => LakeError::NoBucket { location },
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => LakeError::Denied { location },
            cause => match short(&cause) {
                // A refused listing comes without a kind of its own.
                text if text.contains("404 Not Found") => LakeError::NoBucket { location },
                text if text.contains("403 Forbidden") || text.contains("401 Unauthorized") => {
                    LakeError::Denied { location }
                }
                text if text.contains("redirect without LOCATION") => LakeError::Region { location },
                cause => LakeError::Store { location, cause },
            },
        }
    }

    /// There are no credentials.
    pub fn no_credentials(location: &Location, why: impl Into<String>) -> Self {
        LakeError::NoCredentials {
            location: location.to_string(),
            // The chain tells of every place that has none, a line each.
            why: why
                .into()
                .lines()
                .next()
                .unwrap_or_default()
                .trim_end_matches(" Attempted:")
                .to_owned(),
        }
    }
}

/// What the store says, without the body of the answer, which it repeats.
fn short(cause: &Error) -> String {
    let text = pipetrail_names::chain(cause);
    let line = text.lines().next().unwrap_or_default();
    line.chars().take(400).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_bucket_is_told_from_what_is_denied() {
        let location: Location = "s3://bucket/a".parse().unwrap();
        let (path, source) = ("x".to_owned(), "y".into());
        let missing = LakeError::store(&location, Error::NotFound { path, source });
        assert_eq!(missing.to_string(), "s3://bucket/a: there is no such bucket");
        let (path, source) = ("x".to_owned(), "y".into());
        let denied = LakeError::store(&location, Error::PermissionDenied { path, source });
        assert_eq!(denied.to_string(), "s3://bucket/a: S3 denies access to it");
        let listing = |text: &str| Error::Generic {
            store: "S3",
            source: text.into(),
        };
        let of = |text| LakeError::store(&location, listing(text));
        assert!(matches!(
            of("Server returned non-2xx status code: 404 Not Found: <x>"),
            LakeError::NoBucket { .. }
        ));
        assert!(matches!(
            of("Server returned non-2xx status code: 403 Forbidden: <x>"),
            LakeError::Denied { .. }
        ));
        assert!(matches!(
            of("Received redirect without LOCATION, this"),
            LakeError::Region { .. }
        ));
        assert!(matches!(of("connection refused"), LakeError::Store { .. }));
    }
}
