//! `pipetrail enroll` of an account that is not ready: what fails at first is tried again, under
//! another operation id, and nothing else is.
//!
//! The failure is played by the proxy (see `ailing`): unproven on AWS.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, ensure};
use pipetrail_tests::fault_proxy::{Call, FaultProxy};
use pipetrail_tests::organization::{HOME, SECOND};

use crate::ailing::{Ailing, Ailment, Instance, targets};
use crate::org;

const NOT_READY: &str = "The AWS Access Key Id needs a subscription for the service";

#[test]
fn a_new_account_that_is_not_ready_is_tried_again_and_nobody_else_is() {
    org::with(|shared| async move {
        let organization = org::fresh(&shared, 1).await?;
        let targeted = organization.targeted().await?;
        let ran = organization.run(&crate::state::APPLY, &targeted.aws_config).await?;
        ensure!(ran.code == Some(0), "{}", ran.stderr);

        let traffic = Default::default();
        let moto = FaultProxy::share(&traffic, "moto", &targeted.endpoint).await?;
        let aws_config = organization.folder().join("aws-config-not-ready");
        let text = fs::read_to_string(&targeted.aws_config)?;
        fs::write(&aws_config, text.replace(&targeted.endpoint, &moto.endpoint))?;

        let account = &organization.unenrolled.id;
        let everywhere: BTreeSet<Instance> = [HOME, SECOND].map(|region| (account.clone(), region.to_owned())).into();
        let instance: Instance = (account.clone(), SECOND.to_owned());
        let ailment = Ailment {
            detailed_status: "FAILED",
            reason: NOT_READY,
            is_over: false,
        };
        let ailments = BTreeMap::from([(instance.clone(), ailment)]);
        let ailing = Ailing::behind(&traffic, everywhere.clone(), ailments);
        let arguments = [
            "enroll",
            "--yes",
            "--output",
            "json",
            "--retries",
            "2",
            "--account",
            account,
        ];
        let ready = async {
            // Results are read after the first attempt has failed; the next one comes ten seconds later.
            traffic.until("ListStackSetOperationResults", 1).await?;
            ailing.mend(&instance);
            Ok(())
        };
        let (ran, ()) = tokio::try_join!(organization.run(&arguments, &aws_config), ready)?;
        ensure!(ran.code == Some(0), "{}", ran.stderr);
        let report = ran.json()?;
        ensure!(report["result"] == "applied", "{report:#}");
        ensure!(ran.stderr.contains(NOT_READY), "{}", ran.stderr);
        ensure!(
            ran.stderr.contains("trying again what failed in 10 s (1 of 2)"),
            "{}",
            ran.stderr
        );
        ensure!(!ran.stderr.contains("(2 of 2)"), "{}", ran.stderr);
        let rows = report["coverage"]["instances"].as_array().context("no coverage")?;
        ensure!(
            rows.len() == 2 && rows.iter().all(|row| row["state"] == "current"),
            "{report:#}"
        );

        // One creation of both regions, then the failed one alone; each under an id of its own.
        let calls = traffic.calls();
        let of = |operation: &str| -> Vec<&Call> { calls.iter().filter(|call| call.operation == operation).collect() };
        let (created, updated) = (of("CreateStackInstances"), of("UpdateStackInstances"));
        ensure!(created.len() == 1 && updated.len() == 1, "{created:?} {updated:?}");
        ensure!(targets(created[0], &everywhere) == everywhere, "{:?}", created[0]);
        ensure!(
            targets(updated[0], &everywhere) == BTreeSet::from([instance]),
            "{:?}",
            updated[0]
        );
        ensure!(created[0].form["OperationId"] != updated[0].form["OperationId"]);
        ensure!(of("DeleteStackInstances").is_empty());

        let ran = organization.run(&crate::state::APPLY, &aws_config).await?;
        ensure!(ran.json()?["result"] == "unchanged", "{}", ran.stderr);
        Ok(())
    });
}
