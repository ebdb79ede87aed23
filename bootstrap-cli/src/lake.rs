//! The lake or the engine that a command was told to use.

pub(crate) mod files;
mod source;

use std::io::ErrorKind;

use pipetrail_lake::catalog::Catalog;
use pipetrail_lake::engine::Engine;
use pipetrail_lake::engine::athena::{self, Athena, Show, Stopped, Telling};
use pipetrail_lake::store::{Lake, LakeError, Location};
use pipetrail_names::audit::{Bucket, DATABASE};
use pipetrail_names::{AccountId, Region};
use thiserror::Error;

pub(crate) use self::source::Source;
use crate::aws;
use crate::config::ConfigError;
use crate::context::Context;
use crate::failure::{Exit, Explain, Result};
use crate::terminal::printer;
use crate::terminal::progress::Spinner;

/// There is neither a lake nor a configuration.
#[derive(Debug, Error)]
#[error("there is no lake to ask: {config} is not there, and no --lake is named")]
struct Nowhere {
    config: String,
}

impl Explain for Nowhere {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        Some(
            "--lake <PLACE> asks a folder or s3://bucket/prefix (`pipetrail ingest` makes one); for Athena, \
             name the configuration with --config, or write one with `pipetrail init`"
                .to_owned(),
        )
    }
}

/// Opens a lake that exists.
///
/// # Errors
/// As [`Lake::open`].
pub(crate) async fn open(location: &Location, context: &Context) -> Result<Lake, LakeError> {
    Lake::open(location, async || aws::lake(context).await).await
}

/// The catalogue that describes a lake: an audit account's is in its Glue, any other has none. A copy of one
/// under another name has none either.
pub(crate) async fn catalog(location: &Location, context: &Context) -> Option<Catalog> {
    let (account, region) = audit_account(location)?;
    let config = aws::at(&aws::lake(context).await, region.as_str());
    Some(Catalog::new(&config, DATABASE.to_owned()).of_account(account.as_str()))
}

/// The audit account and the region whose lake that is; `None` where it is nobody's.
pub(crate) fn audit_account(location: &Location) -> Option<(AccountId, Region)> {
    match location {
        Location::Bucket { bucket, prefix } if prefix.is_empty() => of_audit_account(bucket),
        _ => None,
    }
}

/// The audit account and the region whose lake a bucket is, by its name.
fn of_audit_account(bucket: &str) -> Option<(AccountId, Region)> {
    let (account, region) = bucket.strip_prefix(&Bucket::Lake.prefix())?.split_once('-')?;
    Some((account.parse().ok()?, region.parse().ok()?))
}

/// The engine that a command asks: the embedded one over a lake that is named, else Athena by the
/// configuration. A folder needs neither configuration nor AWS.
///
/// # Errors
/// The lake cannot be opened; there is no configuration, or it is wrong; no way into the audit account.
pub(crate) async fn engine(context: &Context, lake: Option<&Location>) -> Result<Engine> {
    Ok(source(context, lake).await?.engine)
}

/// As [`engine`], with the lake that it asks.
///
/// # Errors
/// As [`engine`].
pub(crate) async fn source(context: &Context, lake: Option<&Location>) -> Result<Source> {
    if let Some(location) = lake {
        return Ok(Source::here(open(location, context).await?)?);
    }
    let config = match context.configuration() {
        Err(ConfigError::Unreadable { path, source }) if source.kind() == ErrorKind::NotFound => {
            let config = path.display().to_string();
            return Err(Nowhere { config }.into());
        }
        config => config?,
    };
    let audit = aws::audit(&config, context).await?;
    let engine = Engine::Athena(Athena::of(&audit, Telling { show, stopped }));
    let bucket = Bucket::Lake.name(&config.audit.account, &config.audit.region);
    Ok(Source::behind_athena(engine, audit, bucket))
}

/// Queries of which only is told that they were stopped.
pub(crate) const STOPPED_ONLY: Telling = Telling {
    stopped,
    ..Telling::SILENT
};

fn show() -> Show {
    let spinner = Spinner::new();
    Box::new(move |progress| spinner.show(progress))
}

fn stopped(Stopped { id, failed }: &Stopped) {
    match failed {
        None => printer::say(&format!(
            "stopped query {id} in Athena; what it had scanned until then is charged"
        )),
        Some(error) => {
            let hint = format!("`aws athena stop-query-execution --query-execution-id {id}` stops it");
            printer::error(&pipetrail_names::chain(error), Some(&hint));
        }
    }
}

/// Waits until Athena has stopped the queries that nobody waits for any more. Another Ctrl-C ends the
/// wait.
pub(crate) async fn settle() {
    tokio::select! {
        confirmed = athena::settle() => if !confirmed {
            printer::error("Athena does not confirm that the query was stopped", None);
        },
        _ = tokio::signal::ctrl_c() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lake_with_a_catalogue_is_known_by_its_whole_name() {
        let of = |bucket: &str| of_audit_account(bucket).map(|(account, region)| format!("{account} {region}"));
        let lake = of("pipetrail-lake-999988887777-eu-central-1");
        assert_eq!(lake.as_deref(), Some("999988887777 eu-central-1"));
        for other in [
            "pipetrail-lake-restore-test",
            "pipetrail-lake-999988887777",
            "pipetrail-lake-999988887777-copy",
            "my-pipetrail-lake-999988887777-eu-central-1",
            "lake",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
