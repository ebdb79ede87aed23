//! Who calls CodePipeline, and how CloudTrail describes them.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::random::Random;
use crate::day::state::seconds;

const BROWSER: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36";
const CLI: &str = "aws-cli/2.31.0 md/awscrt#0.27.6 ua/2.1 os/linux#6.1 lang/python#3.13.7 cfg/retry-mode#standard";
const FIRST: [&str; 24] = [
    "dana", "lee", "sam", "noor", "ines", "olek", "mira", "yuki", "tom", "ada", "karl", "zoe", "raj", "lena", "omar",
    "finn", "eva", "hugo", "iris", "jonas", "kofi", "lucia", "max", "nina",
];

/// How somebody comes in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    IdentityCenter,
    User { mfa: bool },
    Root,
    Saml,
    Function,
    EventBridge,
}

/// Somebody or something that calls.
#[derive(Clone)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) way: Way,
    address: String,
    console: bool,
}

/// The people of the whole organization, who work in any account.
pub(super) fn everybody(random: &mut Random, accounts: usize) -> Vec<Person> {
    let number = (accounts / 4).clamp(6, 60);
    (0..number)
        .map(|number| {
            let first = FIRST[number % FIRST.len()];
            let more = if number < FIRST.len() {
                String::new()
            } else {
                format!(".{number}")
            };
            let way = if random.chance(200) {
                Way::Saml
            } else {
                Way::IdentityCenter
            };
            person(random, format!("{first}{more}@example.com"), way)
        })
        .collect()
}

/// Who approves in one account, the busiest first: some of everybody, and now and then users of its
/// own, a function or, once, root.
pub(super) fn approvers(random: &mut Random, everybody: &[Person]) -> Vec<Person> {
    let number = random.between(2, 5);
    let mut approvers: Vec<Person> = (0..number).map(|_| random.of(everybody).clone()).collect();
    if random.chance(250) {
        let name = (*random.of(&FIRST)).to_owned();
        let way = Way::User {
            mfa: random.chance(500),
        };
        let user = person(random, name, way);
        approvers.push(user);
    }
    if random.chance(120) {
        let function = person(random, "approve-bot".to_owned(), Way::Function);
        approvers.insert(0, function);
    }
    if random.chance(30) {
        // A session name may be anything that begins like a formula.
        let odd = (*random.of(&["=1+2@example.com", "+sum@example.com", "-x,y@example.com", "@ops"])).to_owned();
        let odd = person(random, odd, Way::Saml);
        approvers.push(odd);
    }
    if random.chance(10) {
        let root = person(random, "root".to_owned(), Way::Root);
        approvers.push(root);
    }
    approvers
}

/// A rule of EventBridge that starts pipelines.
pub(super) fn eventbridge(random: &mut Random) -> Person {
    Person {
        name: random.hex(32),
        way: Way::EventBridge,
        address: "events.amazonaws.com".to_owned(),
        console: false,
    }
}

fn person(random: &mut Random, name: String, way: Way) -> Person {
    Person {
        name,
        way,
        address: match way {
            Way::Function => format!("198.51.100.{}", random.between(1, 254)),
            _ if random.chance(100) => format!("2001:db8::{:x}", random.between(1, 65535)),
            _ => format!("203.0.113.{}", random.between(1, 254)),
        },
        console: way != Way::Function && random.chance(700),
    }
}

impl Person {
    /// The caller's ARN in an account.
    pub(super) fn arn(&self, account: &str) -> String {
        match self.way {
            Way::Root => format!("arn:aws:iam::{account}:root"),
            Way::User { .. } => format!("arn:aws:iam::{account}:user/release/{}", self.name),
            _ => format!("arn:aws:sts::{account}:assumed-role/{}/{}", self.role(), self.name),
        }
    }

    fn role(&self) -> &'static str {
        match self.way {
            Way::IdentityCenter => "AWSReservedSSO_ReleaseApprover_0123456789abcdef",
            Way::Saml => "CorpSaml-ReleaseApprover",
            Way::Function => "approve-bot-role",
            _ => "eventbridge-start-pipeline",
        }
    }

    /// The fields of a CloudTrail record that describe the caller.
    pub(super) fn describe(&self, detail: &mut Value, account: &str, region: &str, at: Timestamp) {
        let since = seconds(at - SignedDuration::from_mins(50));
        let session = |mfa: bool| json!({"creationDate": since, "mfaAuthenticated": mfa.to_string()});
        let (arn, name) = (self.arn(account), &self.name);
        detail["userIdentity"] = match self.way {
            Way::Root => json!({"type": "Root", "principalId": account, "arn": arn, "accountId": account,
                "accessKeyId": "ASIAEXAMPLEKEYID00003", "sessionContext": {"attributes": session(true)}}),
            Way::User { mfa } => json!({"type": "IAMUser", "principalId": "AIDAEXAMPLEUSERID0001", "arn": arn,
                "accountId": account, "accessKeyId": "ASIAEXAMPLEKEYID00002", "userName": name,
                "sessionContext": {"attributes": session(mfa)}}),
            _ => {
                let role = self.role();
                let path = if self.way == Way::IdentityCenter {
                    "aws-reserved/sso.amazonaws.com/eu-central-1/"
                } else {
                    ""
                };
                let mut identity = json!({"type": "AssumedRole", "principalId": format!("AROAEXAMPLEROLEID0001:{name}"),
                    "arn": arn, "accountId": account, "accessKeyId": "ASIAEXAMPLEKEYID00001",
                    "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": "AROAEXAMPLEROLEID0001",
                        "arn": format!("arn:aws:iam::{account}:role/{path}{role}"), "accountId": account, "userName": role},
                        "attributes": session(false)}});
                if self.way == Way::EventBridge {
                    identity["invokedBy"] = json!("events.amazonaws.com");
                }
                identity
            }
        };
        detail["sourceIPAddress"] = json!(self.address);
        detail["userAgent"] = json!(match self.way {
            Way::EventBridge => "events.amazonaws.com",
            Way::Function => "Boto3/1.40.0 exec-env/AWS_Lambda_python3.13",
            _ if self.console => BROWSER,
            _ => CLI,
        });
        if self.console {
            detail["sessionCredentialFromConsole"] = json!("true");
        } else if self.way != Way::EventBridge {
            detail["tlsDetails"] = json!({"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256",
                "clientProvidedHostHeader": format!("codepipeline.{region}.amazonaws.com")});
        }
    }
}
