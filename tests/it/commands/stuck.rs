//! What an earlier run, or somebody else, left behind: stacks that are stuck, and retained buckets.
//!
//! Unproven on AWS: that the creation of a stack imports a bucket by its literal name, as documented.
//! No emulator gets into `UPDATE_ROLLBACK_FAILED`; unit tests have the calls that lead out of it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use aws_sdk_cloudformation::types::{ChangeSetType, Tag};
use aws_sdk_glue::types::DatabaseInput;
use pipetrail_tests::fault_proxy::{Call, Fault};
use pipetrail_tests::organization::{HOME, TWO_DAYS};
use pipetrail_tests::{aws, names};

use super::upgrade::{client, happens, reaches, run, status};
use crate::{lake, org};

#[test]
fn what_is_stuck_is_led_out_of_and_retained_buckets_are_adopted_with_their_objects() {
    org::with(|shared| async move {
        let organization = Arc::new(org::fresh(&shared, 1).await?);
        let (config, client) = (organization.audit().await?, client(&organization).await?);

        // The shell that a run leaves when it is killed before it executes its change set, and a name
        // that is taken.
        let set = client.create_change_set().stack_name("pipetrail-artifacts");
        let set = set
            .change_set_name("pipetrail-0123456789abcdef")
            .change_set_type(ChangeSetType::Create);
        let set = set.template_body("Resources: {Topic: {Type: 'AWS::SNS::Topic'}}");
        let tag = Tag::builder().key("managed-by").value("pipetrail").build();
        set.tags(tag).send().await?;
        let glue = aws_sdk_glue::Client::new(&config);
        let database = DatabaseInput::builder().name(names::DATABASE).build()?;
        glue.create_database().database_input(database).send().await?;
        let ran = run(&organization, &["apply"]).await?;
        assert_eq!(ran.code, Some(4), "{}", ran.stderr);
        assert!(
            ran.stderr
                .contains("! stack pipetrail-artifacts: delete and create, it is REVIEW_IN_PROGRESS")
        );
        assert_eq!(
            status(&client, "pipetrail-data").await?,
            "ROLLBACK_COMPLETE",
            "{}",
            ran.stderr
        );
        glue.delete_database().name(names::DATABASE).send().await?;
        let ran = run(&organization, &["apply"]).await?;
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert!(
            ran.stderr
                .contains("! stack pipetrail-data: delete and create, it is ROLLBACK_COMPLETE")
        );

        // The data stack goes, its buckets stay.
        let s3 = aws::s3(&config);
        let bucket = names::bucket("lake", &organization.relay.cloud.audit, HOME);
        let member = &organization.members[0].id;
        happens(&organization, "22222222-0000-4000-8000-000000000001").await?;
        let landed = lake::rows(&organization, "pipeline_executions", member).await?;
        assert_eq!(landed.len(), 1);
        // As if two days had passed.
        organization.settle(TWO_DAYS).await?;
        let before = lake::rows(&organization, "pipeline_executions", member).await?;
        assert_eq!(before.len(), 2, "settled, and not yet deleted");
        let protection = client.update_termination_protection().stack_name("pipetrail-data");
        protection.enable_termination_protection(false).send().await?;
        client.delete_stack().stack_name("pipetrail-data").send().await?;
        while client
            .describe_stacks()
            .stack_name("pipetrail-data")
            .send()
            .await
            .is_ok()
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // And somebody's update of the pipeline stack fails, with the rollback switched off.
        let update = client
            .update_stack()
            .stack_name("pipetrail-pipeline")
            .disable_rollback(true);
        let taken = format!("Resources: {{B: {{Type: 'AWS::S3::Bucket', Properties: {{BucketName: {bucket}}}}}}}");
        update.template_body(taken).send().await?;
        reaches(&client, "pipetrail-pipeline", "UPDATE_FAILED").await?;

        let planned = run(&organization, &["plan"]).await?;
        let adopts = format!("adopt bucket {bucket} with all that is in it");
        assert!(planned.stdout.contains(&adopts), "{}", planned.stdout);
        // Killed before the change set is executed, and again when its creation has begun.
        let proxied = organization.proxied().await?;
        for fault in [Fault::Stalls, Fault::Hangs] {
            let executes = |call: &Call| call.operation == "ExecuteChangeSet";
            proxied.traffic.place(None);
            proxied.traffic.inject(fault, 1, executes);
            let mut child = organization.command(&["apply"], &proxied.aws_config).spawn()?;
            tokio::select! {
                () = proxied.traffic.reached() => child.kill().await?,
                ended = child.wait() => bail!("it ended by itself: {:?}", ended?),
            }
            let planned = run(&organization, &["plan"]).await?;
            let shell = planned.stdout.contains("delete and create, it is REVIEW_IN_PROGRESS");
            assert_eq!(shell, fault == Fault::Stalls, "{}{}", planned.stdout, planned.stderr);
        }
        let ran = run(&organization, &["apply"]).await?;
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert!(ran.stderr.contains("partitions of the adopted lake"), "{}", ran.stderr);
        assert!(
            ran.stderr.contains("! stack pipetrail-pipeline: roll back and update"),
            "{}",
            ran.stderr
        );
        assert_eq!(status(&client, "pipetrail-data").await?, "CREATE_COMPLETE");
        let kept = aws::object_keys(&s3, &bucket, "pipeline_executions/").await?;
        assert_eq!(kept.len(), 1);
        // The tables are new, the rows are not.
        assert_eq!(lake::rows(&organization, "pipeline_executions", member).await?, before);
        let partitions = lake::partitions(&organization, "pipeline_executions", member).await?;
        assert_eq!(partitions.len(), 1, "{}", ran.stderr);
        assert_eq!(run(&organization, &["plan", "--check"]).await?.code, Some(0));
        Ok(())
    });
}
