//! Why a lake cannot be used, and what to do about it.

use std::io::ErrorKind;

use object_store::Error;
use thiserror::Error;

use super::Location;
use crate::exit::Exit;

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

    /// Wrong usage where there is no such place.
    pub fn exit(&self) -> Exit {
        match self {
            LakeError::Open { .. } | LakeError::Make { .. } | LakeError::NoBucket { .. } => Exit::Usage,
            LakeError::NoCredentials { .. } | LakeError::Denied { .. } | LakeError::Store { .. } => Exit::Failed,
            LakeError::Region { .. } => Exit::Usage,
        }
    }

    /// The next thing to try.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            LakeError::Open { cause, .. } if cause.kind() == ErrorKind::NotADirectory => {
                "a lake is a folder; choose another place with --lake".to_owned()
            }
            LakeError::Open { cause, .. } if cause.kind() == ErrorKind::PermissionDenied => {
                "check who may read the folder".to_owned()
            }
            LakeError::Open { location, .. } => format!("`pipetrail ingest <PATHS> --lake {location}` makes one"),
            LakeError::Make { .. } => "choose a folder that can be made and written".to_owned(),
            LakeError::NoCredentials { .. } => {
                "name a profile with --audit-profile, or sign in, for example with `aws sso login`".to_owned()
            }
            LakeError::NoBucket { .. } => {
                "check the name; the audit account's lake is s3://pipetrail-lake-<audit account>-<region>".to_owned()
            }
            LakeError::Denied { .. } => "the caller needs s3:ListBucket and s3:GetObject there, and s3:PutObject for \
                                         ingest; --audit-profile says who calls"
                .to_owned(),
            LakeError::Region { .. } => "give the bucket's region with --region".to_owned(),
            LakeError::Store { .. } => {
                "check --endpoint-url and the way to S3, then run the same command again".to_owned()
            }
        })
    }
}

/// What the store says, without the body of the answer, which it repeats.
fn short(cause: &Error) -> String {
    let text = pipetrail_stacksets::chain(cause);
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
        assert_eq!(missing.exit(), Exit::Usage);
        let (path, source) = ("x".to_owned(), "y".into());
        let denied = LakeError::store(&location, Error::PermissionDenied { path, source });
        assert_eq!(denied.exit(), Exit::Failed);
        assert!(denied.hint().unwrap().contains("s3:ListBucket"));
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
