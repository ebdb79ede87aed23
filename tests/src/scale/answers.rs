//! What the responder answers, in the shapes of the API's model.

mod answer;
mod cloudformation;

use serde_json::{Value, json};

pub(super) use answer::Answer;

use super::world::{MANAGEMENT, ORGANIZATION, ROOT, World};
use crate::fault_proxy::Call;

/// Accounts a page: AWS's most.
const ACCOUNTS_A_PAGE: usize = 20;

/// The answer; `None` to calls that are not known here.
pub(super) fn answer(world: &World, call: &Call, body: &str) -> Option<Answer> {
    match call.service.as_str() {
        "organizations" => organizations(world, call, body),
        "s3" => Some(object(world, call, body)),
        "sts" if call.operation == "GetCallerIdentity" => {
            let account = &call.access_key;
            let result = format!("<Account>{account}</Account><Arn>arn:aws:iam::{account}:user/scale</Arn>");
            Some(Answer::xml(&call.operation, &result))
        }
        "cloudformation" => cloudformation::answer(world, call),
        "athena" => athena(world, call, body),
        _ => None,
    }
}

fn organizations(world: &World, call: &Call, body: &str) -> Option<Answer> {
    Some(Answer::json(&match call.operation.as_str() {
        "DescribeOrganization" => json!({"Organization": {
            "Id": ORGANIZATION, "FeatureSet": "ALL", "MasterAccountId": MANAGEMENT}}),
        "ListRoots" => json!({"Roots": [{"Id": ROOT, "Name": "Root"}]}),
        "DescribeOrganizationalUnit" => json!({"OrganizationalUnit": {"Name": "unit"}}),
        "ListDelegatedAdministrators" => json!({"DelegatedAdministrators": []}),
        "ListAccounts" => {
            let asked: Value = serde_json::from_str(body).ok()?;
            let from: usize = asked["NextToken"]
                .as_str()
                .map_or(Some(0), |token| token.parse().ok())?;
            let accounts: Vec<Value> = world
                .accounts()
                .skip(from)
                .take(ACCOUNTS_A_PAGE)
                .map(|(id, path)| {
                    // As long as real ones: they are read, and then forgotten.
                    json!({"Id": id, "Arn": format!("arn:aws:organizations::{MANAGEMENT}:account/{ORGANIZATION}/{id}"),
                    "Email": format!("aws+{id}@example.com"), "Name": format!("workload account {id}"),
                    "Status": "ACTIVE", "State": "ACTIVE", "Paths": [path], "JoinedMethod": "CREATED",
                    "JoinedTimestamp": 1_700_000_000.0})
                })
                .collect();
            let next = from + accounts.len();
            let more = world.accounts().nth(next).is_some();
            json!({"Accounts": accounts, "NextToken": more.then(|| next.to_string())})
        }
        _ => return None,
    }))
}

/// Saved queries, whose ids are their places.
fn athena(world: &World, call: &Call, body: &str) -> Option<Answer> {
    let asked: Value = serde_json::from_str(body).ok()?;
    let queries = &mut world.kept().queries;
    Some(Answer::json(&match call.operation.as_str() {
        "ListNamedQueries" => {
            let ids: Vec<String> = (0..queries.len()).map(|id| id.to_string()).collect();
            json!({ "NamedQueryIds": ids })
        }
        "CreateNamedQuery" => {
            let id = queries.len().to_string();
            let mut query = asked;
            query["NamedQueryId"] = json!(id);
            queries.push(query);
            json!({ "NamedQueryId": id })
        }
        "BatchGetNamedQuery" => {
            let ids = asked["NamedQueryIds"].as_array()?.iter();
            let found = ids.filter_map(|id| queries.get(id.as_str()?.parse::<usize>().ok()?));
            json!({ "NamedQueries": found.collect::<Vec<_>>(), "UnprocessedNamedQueryIds": [] })
        }
        _ => return None,
    }))
}

fn object(world: &World, call: &Call, body: &str) -> Answer {
    let mut kept = world.kept();
    let path = call.operation.split(' ').nth(1).unwrap_or_default().to_owned();
    match call.method.as_str() {
        "PUT" => {
            // Zips are large, and nobody asks for them.
            let is_read = path.contains("/templates/") || path.contains(".json");
            kept.objects
                .insert(path, if is_read { body.to_owned() } else { String::new() });
            Answer::object(200)
        }
        "GET" => match kept.objects.get(&path) {
            Some(text) => Answer {
                text: text.clone(),
                ..Answer::object(200)
            },
            None => Answer {
                kind: "text/xml",
                text: "<Error><Code>NoSuchKey</Code><Message>there is none</Message></Error>".to_owned(),
                ..Answer::object(404)
            },
        },
        _ if kept.objects.contains_key(&path) => Answer::object(200),
        _ => Answer::object(404),
    }
}
