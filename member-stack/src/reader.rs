//! The way into members: the audit account's reader, then the role of its name in the member.

use aws_config::sts::AssumeRoleProvider;
use aws_config::{Region as AwsRegion, SdkConfig};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use pipetrail_names::audit::reader;
use pipetrail_names::{AccountId, Region, chain, member, partition};

/// What the session of a reader is called in CloudTrail.
const SESSION_NAME: &str = "pipetrail-reader";

/// Codes by which AWS refuses, wherever in an error they are. Whatever else fails may pass.
const REFUSALS: [&str; 8] = [
    "AccessDenied",
    "AuthorizationError",
    "InvalidClientTokenId",
    "NotAuthorized",
    "OptInRequired",
    "RegionDisabled",
    "UnauthorizedOperation",
    "UnrecognizedClient",
];

/// Whether an error, in words, says that AWS refused.
#[must_use]
pub fn is_refusal(why: &str) -> bool {
    REFUSALS.iter().any(|code| why.contains(code))
}

/// The audit account's reader, by which members are looked into.
#[derive(Clone, Debug)]
pub struct Reader {
    config: SdkConfig,
    /// The regions whose member stacks may have the role, the newest first: two while it moves.
    regions: Vec<Region>,
    external_id: String,
}

impl Reader {
    /// The reader of the audit account `audit` with its home region, from a caller of that account who may assume
    /// it. In members it takes the role that the stack of one of `regions` makes. Nothing is asked yet.
    pub async fn new(caller: &SdkConfig, audit: (&AccountId, &Region), regions: &[Region], external_id: &str) -> Self {
        let (account, home) = audit;
        let arn = format!("arn:{}:iam::{account}:role/{}", partition(home), reader(home));
        Reader {
            config: assume(caller, &arn, None).await,
            regions: regions.to_vec(),
            external_id: external_id.to_owned(),
        }
    }

    /// For clients of a member, in all of its regions: the first role that lets the reader in.
    ///
    /// # Errors
    /// Why no role does, in words.
    pub async fn enter(&self, account: &AccountId) -> Result<SdkConfig, String> {
        let mut why = "no region is known whose stack makes the reader's role".to_owned();
        for region in &self.regions {
            let name = member::reader(region.as_str());
            let arn = format!("arn:{}:iam::{account}:role/{name}", partition(region));
            let member = assume(&self.config, &arn, Some(&self.external_id)).await;
            let Some(provider) = member.credentials_provider() else {
                continue;
            };
            match provider.provide_credentials().await {
                Ok(credentials) => {
                    let once = SharedCredentialsProvider::new(credentials);
                    return Ok(member.into_builder().credentials_provider(once).build());
                }
                Err(error) => {
                    why = format!(
                        "cannot assume the reader's role in account {account}: {}",
                        chain(&error)
                    );
                    if !is_refusal(&why) {
                        break;
                    }
                }
            }
        }
        Err(why)
    }
}

/// The same account in another region.
pub(crate) fn in_region(config: &SdkConfig, region: &Region) -> SdkConfig {
    config.to_builder().region(AwsRegion::new(region.to_string())).build()
}

async fn assume(config: &SdkConfig, role_arn: &str, external_id: Option<&String>) -> SdkConfig {
    let mut provider = AssumeRoleProvider::builder(role_arn)
        .configure(config)
        .session_name(SESSION_NAME);
    if let Some(id) = external_id {
        provider = provider.external_id(id);
    }
    let provider = SharedCredentialsProvider::new(provider.build().await);
    config.to_builder().credentials_provider(provider).build()
}

#[cfg(test)]
mod tests {
    use aws_config::BehaviorVersion;
    use aws_credential_types::Credentials;
    use pipetrail_unit::answers::{answering, each_once};

    use super::*;

    const GIVEN: &str = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>A</AccessKeyId>\
        <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>\
        </Credentials></AssumeRoleResult></AssumeRoleResponse>";
    const REFUSED: &str = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>is not authorized to perform: \
        sts:AssumeRole</Message></Error></ErrorResponse>";

    async fn entered(answers: &[(&str, u16, &str)]) -> Result<String, String> {
        let config = aws_config::defaults(BehaviorVersion::latest())
            .region(AwsRegion::new("eu-central-1"))
            .credentials_provider(Credentials::new("a", "b", None, None, "test"))
            .http_client(answering(each_once(answers)))
            .load()
            .await;
        let (account, home) = ("999988887777".parse().unwrap(), "eu-central-1".parse().unwrap());
        let regions = ["eu-west-1", "eu-central-1"].map(|region| region.parse().unwrap());
        let reader = Reader::new(&config, (&account, &home), &regions, "o-abcdefghij").await;
        let member = reader.enter(&"111122223333".parse().unwrap()).await?;
        let credentials = member.credentials_provider().unwrap().provide_credentials().await;
        Ok(credentials.unwrap().access_key_id().to_owned())
    }

    #[tokio::test]
    async fn the_reader_enters_by_the_newest_role_that_lets_it_in() {
        let of_audit = ("role%2Fpipetrail-audit-reader-eu-central-1", 200, GIVEN);
        let new = |status, answer| ("111122223333%3Arole%2Fpipetrail-reader-eu-west-1", status, answer);
        let old = |status, answer| ("111122223333%3Arole%2Fpipetrail-reader-eu-central-1", status, answer);
        assert_eq!(entered(&[of_audit, of_audit, new(200, GIVEN)]).await.unwrap(), "A");
        let moving = [of_audit, of_audit, new(403, REFUSED), old(200, GIVEN)];
        assert_eq!(entered(&moving).await.unwrap(), "A");
        let gone = [of_audit, of_audit, new(403, REFUSED), old(403, REFUSED)];
        let why = entered(&gone).await.unwrap_err();
        assert!(is_refusal(&why) && why.contains("account 111122223333"), "{why}");
        // What may pass says nothing of the other role.
        let why = entered(&[
            of_audit,
            new(400, "<ErrorResponse><Error><Code>Other</Code></Error></ErrorResponse>"),
        ])
        .await;
        assert!(!is_refusal(&why.unwrap_err()));
    }
}
