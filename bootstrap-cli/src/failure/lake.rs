//! What errors of the lake mean to a command.

use std::io::ErrorKind;

use pipetrail_lake::audits::AuditError;
use pipetrail_lake::catalog::CatalogError;
use pipetrail_lake::engine::EngineError;
use pipetrail_lake::ingest::IngestError;
use pipetrail_lake::settle::{RunError, SettleError};
use pipetrail_lake::store::LakeError;

use super::athena;
use super::explain::{Exit, Explain};

impl Explain for LakeError {
    /// Wrong usage where there is no such place.
    fn exit(&self) -> Exit {
        match self {
            LakeError::Open { .. } | LakeError::Make { .. } | LakeError::NoBucket { .. } | LakeError::Region { .. } => {
                Exit::Usage
            }
            LakeError::NoCredentials { .. } | LakeError::Denied { .. } | LakeError::Store { .. } => Exit::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
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
            LakeError::Denied { .. } => {
                "the caller needs s3:ListBucket and s3:GetObject there, s3:PutObject for ingest \
                                         and settle, and s3:DeleteObject for settle; --audit-profile says who calls"
                    .to_owned()
            }
            LakeError::Region { .. } => "give the bucket's region with --home-region".to_owned(),
            LakeError::Store { .. } => {
                "check --endpoint-url and the way to S3, then run the same command again".to_owned()
            }
        })
    }
}

impl Explain for AuditError {
    /// Wrong usage, all of it.
    fn exit(&self) -> Exit {
        match self {
            AuditError::Text { .. } => Exit::Failed,
            _ => Exit::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            AuditError::Unknown { near, .. } if near.is_empty() => {
                Some("`pipetrail audit --list` names them all".to_owned())
            }
            AuditError::Unknown { near, .. } => Some(format!(
                "did you mean {}? `pipetrail audit --list` names them all",
                near.join(" or ")
            )),
            AuditError::Order { .. } => {
                Some("--from is the beginning, --to the end, and what happens at --to itself is not in it".to_owned())
            }
            AuditError::NotTaken { takes, .. } => Some(format!("it takes {}", takes.join(", "))),
            AuditError::Value { .. } | AuditError::Text { .. } => None,
        }
    }
}

impl Explain for EngineError {
    fn exit(&self) -> Exit {
        match self {
            EngineError::NotSent(_) => Exit::Usage,
            EngineError::Refused { .. } | EngineError::Athena(_) => Exit::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            EngineError::Athena(error) => athena::hint(error),
            refused => refused.rewrite().map(str::to_owned),
        }
    }
}

impl Explain for IngestError {
    fn exit(&self) -> Exit {
        match self {
            IngestError::Rejects { .. } => Exit::Usage,
            _ => Exit::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            IngestError::Locked(_) => "wait until it has ended, then run the same command again".to_owned(),
            IngestError::Lock { cause, .. } if cause.kind() == ErrorKind::IsADirectory => {
                "remove the folder .ingest.lock from the lake: ingest keeps a file of that name there".to_owned()
            }
            IngestError::Lock { .. } => "the lake's folder has to be writable".to_owned(),
            IngestError::Spill { .. } => "choose a folder with more room with --temp-dir".to_owned(),
            IngestError::Rejects { .. } => "choose another place with --rejects".to_owned(),
            IngestError::Worker => return None,
        })
    }
}

impl Explain for CatalogError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            CatalogError::Call(_) | CatalogError::Unseen { .. } => "run the same command again".to_owned(),
            CatalogError::Elsewhere { .. } | CatalogError::Format { .. } => {
                "delete the partition in Glue, its files stay; then run the same command again".to_owned()
            }
        })
    }
}

impl Explain for RunError<SettleError> {
    fn hint(&self) -> Option<String> {
        Some(match self {
            RunError::Log(_) => {
                "nothing is settled or deleted until the log is as it was written: restore the entry, of \
                                 which a versioned bucket has the older versions, then run the same command again"
                    .to_owned()
            }
            RunError::Races(_) | RunError::Late(_) => "wait until the other run has ended, then run the same \
                                                      command again"
                .to_owned(),
            RunError::World(SettleError::Spill { .. }) => "choose a folder with more room with --temp-dir".to_owned(),
            RunError::World(SettleError::Newer { .. }) => "settle with the version that wrote it".to_owned(),
            RunError::World(SettleError::Catalog(error)) => return error.hint(),
            RunError::World(SettleError::Store { .. }) => "nothing is lost; run the same command again".to_owned(),
            RunError::Entry(_) | RunError::World(_) => return None,
        })
    }
}
