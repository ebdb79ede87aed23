//! Functions, log groups and alarms of the pipeline stack: services of which the command has no SDK.

use std::collections::BTreeSet;

use pipetrail_collector::Table;
use pipetrail_names::{AccountId, Region};
use pipetrail_stacksets::signed::{Call, Input, Service, Signed};
use pipetrail_stacksets::{Error, Fault};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::found::Found;
use crate::deploy::function_zips::FUNCTIONS;

/// The log group of the delivery streams.
const STREAM_LOGS: &str = "/aws/kinesisfirehose/pipetrail";

/// What the names of alarms begin with.
const ALARMS: &str = "pipetrail-";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogGroups {
    #[serde(default)]
    log_groups: Vec<LogGroup>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogGroup {
    log_group_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Alarms {
    #[serde(default)]
    metric_alarms: Vec<Alarm>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Alarm {
    alarm_name: String,
}

/// Enters what is there.
pub(super) async fn look(found: &mut Found, services: &Signed, account: &AccountId, region: &Region) {
    for function in FUNCTIONS {
        let what = format!("function pipetrail-{function} in {region}");
        found.take(what, has_function(services, account, function).await);
    }
    let logs = FUNCTIONS.map(|function| format!("/aws/lambda/pipetrail-{function}"));
    for name in logs.iter().map(String::as_str).chain([STREAM_LOGS]) {
        found.take(
            format!("log group {name} in {region}"),
            has_logs(services, account, name).await,
        );
    }
    match alarms(services, account).await {
        Ok(alarms) => {
            let known = our_alarms();
            let ours = alarms.into_iter().filter(|name| known.contains(name));
            found
                .resources
                .extend(ours.map(|name| format!("alarm {name} in {region}")));
        }
        Err(error) => found.errors.push(error),
    }
}

async fn has_function(services: &Signed, account: &AccountId, function: &str) -> Result<bool, Error> {
    let path = format!("/2015-03-31/functions/pipetrail-{function}/configuration");
    let call = Call {
        service: Service::Lambda,
        operation: "GetFunctionConfiguration",
        input: Input::Path(&path),
        action: &format!("look for the function pipetrail-{function} in account {account}"),
    };
    match services.ask(call).await {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(false),
        Err(error) => Err(error),
    }
}

async fn has_logs(services: &Signed, account: &AccountId, name: &str) -> Result<bool, Error> {
    // The shortest of the names that begin so is the first.
    let body = json!({"logGroupNamePrefix": name, "limit": 1}).to_string();
    let call = Call {
        service: Service::Logs,
        operation: "DescribeLogGroups",
        input: Input::Json(&body),
        action: &format!("look for the log group {name} in account {account}"),
    };
    let answer: LogGroups = ask(services, call).await?;
    Ok(answer.log_groups.iter().any(|group| group.log_group_name == name))
}

async fn alarms(services: &Signed, account: &AccountId) -> Result<Vec<String>, Error> {
    let mut body = json!({"AlarmNamePrefix": ALARMS, "AlarmTypes": ["MetricAlarm"], "MaxRecords": 100});
    let mut names = Vec::new();
    loop {
        let text = body.to_string();
        let call = Call {
            service: Service::CloudWatch,
            operation: "DescribeAlarms",
            input: Input::Json(&text),
            action: &format!("look for alarms in account {account}"),
        };
        let page: Alarms = ask(services, call).await?;
        names.extend(page.metric_alarms.into_iter().map(|alarm| alarm.alarm_name));
        match page.next_token.filter(|token| !token.is_empty()) {
            Some(token) => body["NextToken"] = token.into(),
            None => return Ok(names),
        }
    }
}

async fn ask<T: DeserializeOwned>(services: &Signed, call: Call<'_>) -> Result<T, Error> {
    let answer = services.ask(call).await?;
    serde_json::from_slice(&answer).map_err(|error| Error::Aws {
        action: call.action.to_owned(),
        fault: Fault::Unanswered(error.into()),
    })
}

/// The names of our alarms.
fn our_alarms() -> BTreeSet<String> {
    let mut names = BTreeSet::from(
        [
            "bus-dlq",
            "decisions-dlq",
            "decisions-age",
            "decisions-sent-to-dlq",
            "decisions-lost",
            "failed-records",
            "foreign-evidence",
            "settle-SetAside",
            "settle-Left",
            "settle-Rejected",
            "watch-late",
            "watch-state",
            "other-events-arrival",
            "heartbeats-silent",
        ]
        .map(|name| format!("{ALARMS}{name}")),
    );
    names.extend(FUNCTIONS.map(|function| format!("{ALARMS}{function}-errors")));
    names.extend(Table::ALL.map(|table| format!("{ALARMS}{table}-landing")));
    for table in Table::DELIVERED {
        let stream = table.stream_name();
        names.extend(["freshness", "conversion"].map(|what| format!("{stream}-{what}")));
        names.extend(["sent-to-dlq", "lost"].map(|what| format!("{ALARMS}{table}-{what}")));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alarm_of_the_template_is_known_and_no_other() {
        let mut names = BTreeSet::new();
        let mut looped: Vec<&str> = vec![];
        for line in pipetrail_collector::templates::PIPELINE.lines().map(str::trim) {
            if let Some(list) = line.strip_prefix("- [").and_then(|list| list.strip_suffix(']')) {
                looped = list.split(", ").collect();
            }
            let Some(name) = line
                .strip_prefix("AlarmName: ")
                .map(|name| name.trim_start_matches("!Sub "))
            else {
                continue;
            };
            match name
                .split_once("${")
                .and_then(|(before, rest)| Some((before, rest.split_once('}')?.1)))
            {
                Some((before, behind)) => names.extend(looped.iter().map(|each| format!("{before}{each}{behind}"))),
                None => drop(names.insert(name.to_owned())),
            }
        }
        assert_eq!(our_alarms(), names);
    }
}
