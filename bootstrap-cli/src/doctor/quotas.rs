//! Quotas of the audit account's home region: events a second against the size of the organization, and functions at a
//! time.
//!
//! How much an account does is not known beforehand, so a rate is turned round: how many executions a
//! day per account and region it holds, if a busy hour has three times the average. An execution of
//! four stages and six actions is 22 events (`2 + 2·stages + 2·actions`).

use aws_config::SdkConfig;
use aws_sdk_servicequotas::Client;
use aws_sdk_servicequotas::config::retry::RetryConfig;
use pipetrail_names::Region;
use pipetrail_stacksets::{Error, from_sdk};

use super::check::Check;

/// Of EventBridge.
pub(super) const PUT_EVENTS: &str = "put-events-quota";

/// Of Lambda.
pub(super) const CONCURRENCY: &str = "lambda-concurrency";

/// Calls of functions at a time that a region allows by default. Accounts begin with fewer, ten as a rule (Lambda
/// developer guide, *Quotas*, 2026).
const DEFAULT_CONCURRENCY: f64 = 1_000.0;
/// As many may be at work at a time: λ transform once for each stream, λ settle twice, λ approval as often as its queue's
/// mapping says, λ watch once.
const NEEDED: f64 = 7.0 + 2.0 + 5.0 + 1.0;

const EVENTS_PER_EXECUTION: f64 = 22.0;
const PEAK: f64 = 3.0;
/// Below so many executions a day per account and region the rate deserves a look: ten times five
/// pipelines that run three times a day.
const COMFORTABLE: f64 = 150.0;

/// Reads what Service Quotas says: PutEvents calls a second. The quota is found by name: the documentation gives
/// that, and not its code.
///
/// # Errors
/// A refused call.
pub(super) async fn read(config: &SdkConfig) -> Result<Option<f64>, Error> {
    quota(config, "events", |name| name.starts_with("PutEvents throttle limit")).await
}

/// Reads what Service Quotas says: functions at a time.
///
/// # Errors
/// A refused call.
pub(super) async fn read_concurrency(config: &SdkConfig) -> Result<Option<f64>, Error> {
    quota(config, "lambda", |name| name == "Concurrent executions").await
}

async fn quota(config: &SdkConfig, service: &str, is_it: impl Fn(&str) -> bool) -> Result<Option<f64>, Error> {
    // Not worth a long wait: there is a table of defaults.
    let brief = aws_sdk_servicequotas::config::Builder::from(config)
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .build();
    let mut quotas = Client::from_conf(brief)
        .list_service_quotas()
        .service_code(service)
        .max_results(100)
        .into_paginator()
        .stop_on_duplicate_token(false)
        .items()
        .send();
    let refused = || from_sdk(format!("read the quotas of {service}"));
    while let Some(quota) = quotas.try_next().await.map_err(refused())? {
        if quota.quota_name().is_some_and(&is_it) && quota.value.is_some() {
            return Ok(quota.value);
        }
    }
    Ok(None)
}

/// PutEvents calls a second that a region allows by default (EventBridge user guide, *Quotas*, 2026).
fn default_put_events(region: &str) -> f64 {
    match region {
        "us-east-1" | "us-west-2" | "eu-west-1" => 10_000.0,
        "us-east-2" | "eu-central-1" | "eu-south-2" => 2_400.0,
        "us-west-1" | "eu-west-2" | "ap-northeast-1" | "ap-southeast-1" | "ap-southeast-2" => 1_200.0,
        "ap-east-1" | "ap-northeast-2" | "ap-south-1" | "ca-central-1" | "eu-north-1" | "eu-west-3" | "sa-east-1" => {
            600.0
        }
        _ => 400.0,
    }
}

/// Judges it for `accounts` enrolled accounts in `regions` regions each.
pub(super) fn judge(home: &Region, accounts: usize, regions: usize, quota: Result<Option<f64>, Error>) -> Check {
    let [accounts, regions] = [accounts, regions].map(|count| u32::try_from(count).unwrap_or(u32::MAX));
    put_events(home, accounts, regions, quota.unwrap_or_default())
}

/// Judges how many functions may be at work at a time.
pub(super) fn judge_concurrency(home: &Region, quota: Result<Option<f64>, Error>) -> Check {
    let (allowed, origin) = with_origin(quota.unwrap_or_default(), DEFAULT_CONCURRENCY);
    let evidence = format!(
        "{home} runs {allowed} functions of the account at a time ({origin}); those of pipetrail are {NEEDED} at most"
    );
    if allowed >= NEEDED {
        return Check::ok(CONCURRENCY, evidence);
    }
    let remedy = format!(
        "ask for {DEFAULT_CONCURRENCY}: quota \"Concurrent executions\" of AWS Lambda (L-B99A9384), in {home} of the audit account. Until then calls are throttled and come again: nothing is lost, rows and alerts come later"
    );
    Check::warning(CONCURRENCY, evidence, remedy)
}

/// A quota and where it is from: as it was read, else the default.
fn with_origin(read: Option<f64>, default: f64) -> (f64, &'static str) {
    let unconfirmed = (default, "the default, which could not be confirmed");
    read.map_or(unconfirmed, |quota| (quota, "Service Quotas"))
}

fn put_events(home: &Region, accounts: u32, regions: u32, read: Option<f64>) -> Check {
    let (rate, origin) = with_origin(read, default_put_events(home.as_str()));
    let places = f64::from(accounts) * f64::from(regions);
    let size = format!("{accounts} accounts in {regions} regions");
    let takes = format!("{home} takes {rate} events a second ({origin})");
    if places == 0.0 {
        return Check::ok(PUT_EVENTS, format!("{takes}; no account is enrolled yet"));
    }
    let executions = rate * 86_400.0 / PEAK / EVENTS_PER_EXECUTION / places;
    let evidence = format!(
        "{takes}: enough for {executions:.0} executions a day in each of {size}, at 22 events each and a busy hour of three times the average"
    );
    if executions >= COMFORTABLE {
        return Check::ok(PUT_EVENTS, evidence);
    }
    let ask = (COMFORTABLE * places * EVENTS_PER_EXECUTION * PEAK / 86_400.0).ceil();
    let remedy = format!(
        "ask for {ask} a second: quota \"PutEvents throttle limit in transactions per second\" of EventBridge, in {home} of the audit account; or choose another home region. Above it EventBridge retries for 24 hours"
    );
    Check::warning(PUT_EVENTS, evidence, remedy)
}

#[cfg(test)]
mod tests {
    use super::super::check::Grade;
    use super::*;
    use crate::canned;

    fn judged(home: &str, accounts: usize, regions: usize, quota: Result<Option<f64>, Error>) -> Check {
        judge(&home.parse().unwrap(), accounts, regions, quota)
    }

    #[test]
    fn the_default_is_enough_for_most_and_the_ask_grows_with_the_organization() {
        for (home, accounts, verdict) in [
            ("eu-central-1", 8, Grade::Ok),
            ("af-south-1", 0, Grade::Ok),
            ("eu-central-1", 2_000, Grade::Ok),
            ("eu-north-1", 1_000, Grade::Ok),
            ("eu-north-1", 5_000, Grade::Warning),
        ] {
            assert_eq!(
                judged(home, accounts, 4, Ok(None)).verdict,
                verdict,
                "{home} {accounts}"
            );
        }
        let found = judged("eu-central-1", 2_000, 4, Ok(None));
        assert!(found.evidence.contains("393 executions a day"), "{}", found.evidence);
        let remedy = judged("eu-north-1", 5_000, 4, Ok(None)).remedy.unwrap_or_default();
        assert!(remedy.starts_with("ask for 2292 a second"), "{remedy}");
    }

    #[test]
    fn what_was_granted_counts() {
        assert_eq!(judged("eu-north-1", 5_000, 4, Ok(Some(10_000.0))).verdict, Grade::Ok);
    }

    #[test]
    fn a_young_account_is_told_to_ask_for_more_functions_at_a_time() {
        let home = "eu-central-1".parse().unwrap();
        let of = |quota| judge_concurrency(&home, quota);
        assert_eq!(of(Ok(Some(1_000.0))).verdict, Grade::Ok);
        assert_eq!(of(Ok(Some(15.0))).verdict, Grade::Ok);
        let few = of(Ok(Some(10.0)));
        assert_eq!(few.verdict, Grade::Warning);
        assert!(
            few.evidence
                .contains("runs 10 functions of the account at a time (Service Quotas)"),
            "{few:?}"
        );
        let unread = of(Err(Error::FeatureSet("o-abcdefghij".into())));
        assert!(
            unread
                .evidence
                .contains("1000 functions of the account at a time (the default"),
            "{unread:?}"
        );
        // What the template lets run at a time.
        let template = pipetrail_collector::templates::PIPELINE;
        assert!(template.contains("ScalingConfig: {MaximumConcurrency: 5}"));
        assert_eq!(pipetrail_collector::Table::DELIVERED.len(), 7);
    }

    #[test]
    fn without_service_quotas_the_default_is_taken_and_said_to_be_so() {
        let error = Error::FeatureSet("o-abcdefghij".into());
        let found = judged("eu-central-1", 8, 2, Err(error));
        assert!(
            found.evidence.contains("2400 events a second (the default"),
            "{}",
            found.evidence
        );
    }

    #[tokio::test]
    async fn the_quota_is_found_by_name_even_behind_an_empty_page() {
        let config = canned::serve(&[
            ("\"ServiceCode\":\"events\"", 200, r#"{"Quotas":[],"NextToken":"more"}"#),
            (
                "\"NextToken\":\"more\"",
                200,
                r#"{"Quotas":[{"QuotaName":"PutEvents throttle limit in transactions per second","Value":4800}]}"#,
            ),
        ]);
        let read = read(&config).await.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(read, Some(4_800.0));
    }
}
