//! API calls as CloudTrail records them and EventBridge delivers them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::state::{Execution, seconds};
use crate::ids::uuid_of;

pub(super) const PEOPLE: [&str; 3] = ["dana@example.com", "lee@example.com", "sam@example.com"];

impl Execution {
    /// A call that a person made with an Identity Center role.
    pub(super) fn call(&self, at: Timestamp, person: &str, name: &str, request: &Value, response: &Value) -> Value {
        let (account, region) = (&self.account, &self.region);
        let role = "AWSReservedSSO_ReleaseApprover_0123456789abcdef";
        let seed = format!("{account} {region} {name} {} {request}", seconds(at));
        json!({"version": "0", "id": uuid_of(&format!("envelope {seed}")),
            "detail-type": "AWS API Call via CloudTrail", "source": "aws.codepipeline",
            "account": account, "time": seconds(at), "region": region, "resources": [],
            "detail": {
                "eventVersion": "1.11",
                "userIdentity": {
                    "type": "AssumedRole",
                    "principalId": format!("AROAEXAMPLEROLEID0001:{person}"),
                    "arn": format!("arn:aws:sts::{account}:assumed-role/{role}/{person}"),
                    "accountId": account,
                    "accessKeyId": "ASIAEXAMPLEKEYID00001",
                    "sessionContext": {
                        "sessionIssuer": {"type": "Role", "principalId": "AROAEXAMPLEROLEID0001",
                            "arn": format!("arn:aws:iam::{account}:role/aws-reserved/sso.amazonaws.com/eu-central-1/{role}"),
                            "accountId": account, "userName": role},
                        "attributes": {"creationDate": seconds(self.started), "mfaAuthenticated": "false"}}},
                "eventTime": seconds(at), "eventSource": "codepipeline.amazonaws.com", "eventName": name,
                "awsRegion": region, "sourceIPAddress": "203.0.113.40",
                "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
                "requestParameters": request, "responseElements": response,
                "requestID": uuid_of(&format!("request {seed}")), "eventID": uuid_of(&format!("event {seed}")),
                "readOnly": false, "eventType": "AwsApiCall", "managementEvent": true,
                "recipientAccountId": account, "eventCategory": "Management",
                "sessionCredentialFromConsole": "true"}})
    }
}
