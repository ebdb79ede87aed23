//! Registers the partitions of an adopted lake: its bucket was retained, but Glue's tables are new.
//!
//! Done here and at once: settling would do it too, but only of those that it writes, or once a day. A mark
//! in the bucket, put there before the adoption, says that it is still to do: a run may be killed in
//! between.

use std::collections::BTreeSet;

use aws_sdk_s3::operation::head_object::HeadObjectError;
use aws_sdk_s3::operation::list_objects_v2::builders::ListObjectsV2FluentBuilder;
use pipetrail_collector::tables::Table;
use pipetrail_lake::catalog::Catalog;
use pipetrail_lake::store::Location;
use pipetrail_lake::tiers::{COPIES, COPIES_KEYS};
use pipetrail_names::AccountId;
use pipetrail_stacksets::{Error, from_sdk};
use tokio::task::JoinSet;

use crate::failure::Result;

/// Folders that are listed at once.
const AT_ONCE: usize = 16;

/// Key of the mark; below no table's folder.
const MARK: &str = "unregistered";

/// The lake of the audit account.
pub(crate) struct LakeBucket {
    /// S3 in the audit account.
    pub s3: aws_sdk_s3::Client,
    /// The bucket.
    pub bucket: String,
    /// Glue in the audit account.
    pub catalog: Catalog,
    /// The audit account.
    pub owner: AccountId,
}

impl LakeBucket {
    /// Whether an adoption was begun and its partitions are not registered yet.
    ///
    /// # Errors
    /// A refused call.
    pub(crate) async fn is_marked(&self) -> Result<bool, Error> {
        let call = self.s3.head_object().bucket(&self.bucket).key(MARK);
        match call.expected_bucket_owner(self.owner.as_str()).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(HeadObjectError::is_not_found) => Ok(false),
            Err(error) => Err(from_sdk(format!("look for s3://{}/{MARK}", self.bucket))(error)),
        }
    }

    /// Puts the mark.
    ///
    /// # Errors
    /// A refused call.
    pub(crate) async fn mark(&self) -> Result<(), Error> {
        let call = self.s3.put_object().bucket(&self.bucket).key(MARK);
        let put = call.expected_bucket_owner(self.owner.as_str()).send().await;
        put.map_err(from_sdk(format!("put s3://{}/{MARK}", self.bucket)))?;
        Ok(())
    }

    /// Registers every partition that the bucket has a folder for, and takes the mark away; gives how
    /// many there are. Those that are registered already stay as they are.
    ///
    /// # Errors
    /// A refused call, or a partition that Glue refuses.
    pub(crate) async fn register(&self) -> Result<usize> {
        let mut prefixes = BTreeSet::new();
        for table in Table::ALL {
            prefixes.extend(self.folders(table.name(), table.partition_keys()).await?);
        }
        prefixes.extend(self.folders(COPIES, COPIES_KEYS).await?);
        let lake = Location::Bucket {
            bucket: self.bucket.clone(),
            prefix: String::new(),
        };
        self.catalog.register(&lake, &prefixes).await?;
        let call = self.s3.delete_object().bucket(&self.bucket).key(MARK);
        let gone = call.expected_bucket_owner(self.owner.as_str()).send().await;
        gone.map_err(from_sdk(format!("delete s3://{}/{MARK}", self.bucket)))?;
        Ok(prefixes.len())
    }

    /// The folders of a table that many keys deep.
    async fn folders(&self, table: &str, keys: &[&str]) -> Result<Vec<String>> {
        let mut folders = vec![format!("{table}/")];
        for _ in keys {
            let mut below = Vec::new();
            for some in folders.chunks(AT_ONCE) {
                let mut listings = JoinSet::new();
                for folder in some {
                    let call = self.s3.list_objects_v2().bucket(&self.bucket).prefix(folder);
                    let call = call.expected_bucket_owner(self.owner.as_str()).delimiter("/");
                    listings.spawn(list(call, format!("list s3://{}/{folder}", self.bucket)));
                }
                while let Some(listing) = listings.join_next().await {
                    below.extend(listing??);
                }
            }
            folders = below;
        }
        Ok(folders)
    }
}

async fn list(call: ListObjectsV2FluentBuilder, action: String) -> Result<Vec<String>, Error> {
    let mut pages = call.into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let folders = page.map_err(from_sdk(&action))?.common_prefixes.unwrap_or_default();
        found.extend(folders.into_iter().filter_map(|folder| folder.prefix));
    }
    Ok(found)
}
