//! What else stands in an organization's trail: calls to other services, in the shapes that fill
//! real log files, and CodePipeline's own read-only calls now and then.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::random::Random;
use crate::day::state::seconds;

/// How many different records there are per place; the rest differ in ids and time.
const SHAPES: u64 = 7;
const ID: &str = "00000000-0000-4000-8000-000000000000";
const TIME: &str = "0000-00-00T00:00:00Z";

pub(super) struct Noise {
    random: Random,
    each: usize,
    /// Texts of the place that was last asked for, cut where ids and times stand.
    place: (String, String),
    cut: Vec<Vec<String>>,
}

impl Noise {
    pub(super) fn new(seed: u64, each: u32) -> Self {
        Self {
            random: Random::new(seed, "noise"),
            each: usize::try_from(each).unwrap_or_default(),
            place: (String::new(), String::new()),
            cut: Vec::new(),
        }
    }

    /// How many for each record of CodePipeline.
    pub(super) fn each(&self) -> usize {
        self.each
    }

    /// Before which of them that one stands.
    pub(super) fn before(&mut self) -> usize {
        let each = u64::try_from(self.each).unwrap_or_default();
        usize::try_from(self.random.below(each)).unwrap_or_default()
    }

    /// One more of an account and Region.
    pub(super) fn record(&mut self, place: (&str, &str), at: Timestamp) -> String {
        if self.place.0 != place.0 || self.place.1 != place.1 {
            self.place = (place.0.to_owned(), place.1.to_owned());
            self.cut = (0..SHAPES)
                .map(|shape| cut(&shape_of(shape, place.0, place.1).to_string()))
                .collect();
        }
        let shape = usize::try_from(self.random.below(SHAPES)).unwrap_or_default();
        let (time, pieces) = (seconds(at), &self.cut[shape]);
        let mut text = String::with_capacity(2048);
        for piece in pieces {
            match piece.as_str() {
                ID => text.push_str(&self.random.uuid()),
                TIME => text.push_str(&time),
                piece => text.push_str(piece),
            }
        }
        text
    }
}

/// Cuts a text before and behind every id and time.
fn cut(mut text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    while let Some((at, length)) = [ID, TIME]
        .iter()
        .filter_map(|mark| Some((text.find(mark)?, mark.len())))
        .min()
    {
        pieces.push(text[..at].to_owned());
        pieces.push(text[at..at + length].to_owned());
        text = &text[at + length..];
    }
    pieces.push(text.to_owned());
    pieces
}

fn shape_of(shape: u64, account: &str, region: &str) -> Value {
    let role = "workload-role";
    let arn = |service: &str, what: &str| format!("arn:aws:{service}:{region}:{account}:{what}");
    let identity = json!({"type": "AssumedRole", "principalId": format!("AROAEXAMPLEROLEID0009:{ID}"),
        "arn": format!("arn:aws:sts::{account}:assumed-role/{role}/{ID}"), "accountId": account,
        "accessKeyId": "ASIAEXAMPLEKEYID00009",
        "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": "AROAEXAMPLEROLEID0009",
            "arn": format!("arn:aws:iam::{account}:role/{role}"), "accountId": account, "userName": role},
            "attributes": {"creationDate": TIME, "mfaAuthenticated": "false"}}});
    let mut record = json!({"eventVersion": "1.11", "userIdentity": identity, "eventTime": TIME, "awsRegion": region,
        "sourceIPAddress": "198.51.100.17", "userAgent": "aws-sdk-java/2.31.9 Linux/6.1 OpenJDK_64-Bit_Server_VM/21",
        "requestID": ID, "eventID": ID, "readOnly": true, "eventType": "AwsApiCall", "managementEvent": true,
        "recipientAccountId": account, "eventCategory": "Management",
        "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": format!("service.{region}.amazonaws.com")}});
    let mut is = |source: &str, name: &str, request: Value, response: Value| {
        record["eventSource"] = json!(source);
        record["eventName"] = json!(name);
        record["requestParameters"] = request;
        record["responseElements"] = response;
    };
    match shape {
        0 => is(
            "kms.amazonaws.com",
            "Decrypt",
            json!({"encryptionContext": {"aws:s3:arn": format!("arn:aws:s3:::data-{account}/part/{ID}.parquet")},
                "encryptionAlgorithm": "SYMMETRIC_DEFAULT"}),
            Value::Null,
        ),
        1 => is(
            "sts.amazonaws.com",
            "AssumeRole",
            json!({"roleArn": format!("arn:aws:iam::{account}:role/{role}"), "roleSessionName": ID, "durationSeconds": 3600}),
            json!({"credentials": {"accessKeyId": "ASIAEXAMPLEKEYID00010", "sessionToken": "IQoJb3JpZ2luX2VjEXAMPLE",
                "expiration": TIME}, "assumedRoleUser": {"assumedRoleId": format!("AROAEXAMPLEROLEID0009:{ID}"),
                "arn": format!("arn:aws:sts::{account}:assumed-role/{role}/{ID}")}}),
        ),
        2 => is(
            "ec2.amazonaws.com",
            "DescribeInstances",
            json!({"instancesSet": {"items": [{"instanceId": "i-0123456789abcdef0"}]}, "filterSet": {"items": [
                {"name": "tag:service", "valueSet": {"items": [{"value": "a \"quoted\" name with \\ and {braces}"}]}}]}}),
            Value::Null,
        ),
        3 => is(
            "logs.amazonaws.com",
            "CreateLogStream",
            json!({"logGroupName": "/aws/lambda/worker", "logStreamName": format!("2026/11/20/[$LATEST]{ID}")}),
            Value::Null,
        ),
        4 => is(
            "secretsmanager.amazonaws.com",
            "GetSecretValue",
            // Its text names CodePipeline, and still it is another service's.
            json!({"secretId": arn("secretsmanager", "secret:codepipeline.amazonaws.com/token-a1b2c3")}),
            Value::Null,
        ),
        5 => is(
            "ecs.amazonaws.com",
            "RegisterTaskDefinition",
            json!({"family": "worker", "containerDefinitions": [{"name": "app", "image": format!("{account}.dkr.ecr/app:{ID}"),
                "environment": [{"name": "MODE", "value": "{\"eventSource\":\"codepipeline.amazonaws.com\"}"}],
                "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/worker", "awslogs-region": region}}}]}),
            json!({"taskDefinition": {"taskDefinitionArn": arn("ecs", "task-definition/worker:17"), "family": "worker",
                "revision": 17, "status": "ACTIVE", "registeredAt": TIME, "compatibilities": ["EC2", "FARGATE"]}}),
        ),
        _ => is(
            "dynamodb.amazonaws.com",
            "DescribeTable",
            json!({"tableName": "sessions"}),
            json!({"table": {"tableArn": arn("dynamodb", "table/sessions"), "itemCount": 120_034, "tableStatus": "ACTIVE"}}),
        ),
    }
    record
}
