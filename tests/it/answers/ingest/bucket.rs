//! A lake in a bucket: the audit account's own.

use std::fs;

use pipetrail_tests::names;
use pipetrail_tests::organization::HOME;

use super::made::events;
use crate::{lake, org};

/// An account that nothing else in the organization knows.
const ACCOUNT: &str = "000000000000";

#[test]
fn rows_reach_the_organizations_lake_and_its_partitions_are_registered() {
    org::with(|organization| async move {
        let file = organization.folder().join("ingested.ndjson");
        fs::write(&file, events(1, 2, 5).join("\n"))?;
        let bucket = format!("s3://pipetrail-lake-{}-{HOME}", organization.relay.cloud.audit);
        let ingest = async |lake: &str| {
            let arguments = ["ingest", file.to_str().unwrap(), "--lake", lake];
            let more = ["--audit-profile", "audit", "--output", "json"];
            organization
                .run(&[&arguments[..], &more].concat(), &organization.aws_config)
                .await
        };
        let first = ingest(&bucket).await?;
        assert_eq!(first.code, Some(0), "{}", first.stderr);
        assert_eq!(first.json()?["rows"], 10);
        let again = ingest(&bucket).await?.json()?;
        assert_eq!((&again["rows"], &again["duplicates"]), (&0.into(), &10.into()));

        // Athena finds them, and so does whoever needs the partitions in Glue.
        let rows = lake::rows(&organization, "pipeline_executions", ACCOUNT).await?;
        assert_eq!(rows.len(), 10);
        assert!(rows.iter().all(|row| row["source"] == "backfill:events"));
        let partitions = lake::partitions(&organization, "pipeline_executions", ACCOUNT).await?;
        assert_eq!(partitions.keys().collect::<Vec<_>>(), ["2026-01", "2026-02"]);
        // One that somebody took out comes back, though nothing is written any more.
        let glue = aws_sdk_glue::Client::new(&organization.audit().await?);
        let delete = glue.delete_partition().database_name(names::DATABASE);
        let delete = delete.table_name("settled_pipeline_executions");
        delete
            .partition_values(ACCOUNT)
            .partition_values("2026-01")
            .send()
            .await?;
        assert_eq!(ingest(&bucket).await?.json()?["rows"], 0);
        let again = lake::partitions(&organization, "pipeline_executions", ACCOUNT).await?;
        assert_eq!(again, partitions);

        let gone = ingest("s3://no-such-lake/x").await?;
        assert_eq!(gone.code, Some(2), "{}", gone.stderr);
        assert!(gone.stderr.contains("there is no such bucket"), "{}", gone.stderr);
        Ok(())
    });
}
