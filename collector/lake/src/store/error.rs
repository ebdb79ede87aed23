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
    #[error("{0}: there is no such bucket")]
    NoBucket(String),
    /// S3 refuses.
    #[error("{0}: S3 denies access to it")]
    Denied(String),
    /// Its region is another one.
    #[error("{0}: the bucket is in another region")]
    Region(String),
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
    /// What the system says about a lake's folder.
    pub(super) fn open(location: &Location, cause: std::io::Error) -> Self {
        let location = location.to_string();
        LakeError::Open { location, cause }
    }

    /// What the store says about a lake.
    pub(super) fn store(location: &Location, cause: Error) -> Self {
        let location = location.to_string();
        // Without the body of the answer, which it repeats.
        let text = pipetrail_names::chain(&cause);
        let text: String = text.lines().next().unwrap_or_default().chars().take(400).collect();
        match cause {
            Error::NotFound { .. } => LakeError::NoBucket(location),
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => LakeError::Denied(location),
            // A refused listing comes without a kind of its own.
            _ if text.contains("404 Not Found") => LakeError::NoBucket(location),
            _ if text.contains("403 Forbidden") || text.contains("401 Unauthorized") => LakeError::Denied(location),
            _ if text.contains("redirect without LOCATION") => LakeError::Region(location),
            _ => LakeError::Store { location, cause: text },
        }
    }

    /// There are no credentials.
    pub(super) fn no_credentials(location: &Location, why: &str) -> Self {
        // The chain tells of every place that has none, a line each.
        let why = why.lines().next().unwrap_or_default();
        LakeError::NoCredentials {
            location: location.to_string(),
            why: why.trim_end_matches(" Attempted:").to_owned(),
        }
    }
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
