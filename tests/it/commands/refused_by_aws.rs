//! What the command says and how it ends where AWS refuses before anything is changed. The answers
//! are canned, by the API's models; that AWS words them so is unproven.

use std::fs;

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming};
use pipetrail_tests::environment::{Ran, TestEnvironment};
use pipetrail_tests::loopback;
use tokio::process::Command;

use crate::built::built;

const SETTINGS: &str = "[organization]\nprofile = \"management\"\norganizational_units = [\"r-ab12\"]\n\
                        regions = [\"eu-central-1\"]\n[audit]\nprofile = \"audit\"\naccount = \"999988887777\"\n\
                        region = \"eu-central-1\"\n";

/// What AWS answers: to whom it belongs by the profile's key, and what of the organization.
#[derive(Clone, Copy)]
struct Aws {
    audit: Result<&'static str, &'static str>,
    organization: (u16, &'static str),
}

const RIGHT: Aws = Aws {
    audit: Ok("999988887777"),
    organization: (
        200,
        r#"{"Organization":{"Id":"o-abcdefghij","FeatureSet":"ALL","MasterAccountId":"000000000001"}}"#,
    ),
};

impl Aws {
    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
        let header = |name: &str| {
            let value = request
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap_or_default());
            value.unwrap_or_default().to_owned()
        };
        let (target, authorization) = (header("x-amz-target"), header("authorization"));
        let body = request.into_body().collect().await?.to_bytes();
        let (status, body) = if target.ends_with(".DescribeOrganization") {
            (self.organization.0, self.organization.1.to_owned())
        } else if body.starts_with(b"Action=GetCallerIdentity") {
            let of_audit = authorization.contains("Credential=audit/");
            match if of_audit { self.audit } else { Ok("000000000001") } {
                Ok(account) => (200, identity(account)),
                Err(code) => (
                    403,
                    format!("<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"),
                ),
            }
        } else {
            // Nothing else is to be asked for, let alone written.
            (599, format!("unexpected: {target}"))
        };
        Ok(Response::builder().status(status).body(Full::new(Bytes::from(body)))?)
    }
}

fn identity(account: &str) -> String {
    format!(
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>{account}</Account>\
         </GetCallerIdentityResult></GetCallerIdentityResponse>"
    )
}

/// Runs `status` there; gives back the exit code and standard error.
async fn run(aws: Aws) -> Result<(Option<i32>, String)> {
    let (address, server) = loopback::serve(move |request| aws.answer(request)).await?;
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("pipetrail.toml"), SETTINGS)?;
    let profile = |name: &str| {
        format!(
            "[profile {name}]\naws_access_key_id = {name}\naws_secret_access_key = secret\nendpoint_url = http://{address}\n"
        )
    };
    let aws_config = folder.path().join("aws");
    fs::write(&aws_config, profile("management") + &profile("audit"))?;
    let environment = TestEnvironment::new(folder.path()).aws_config(&aws_config);
    let mut command = Command::from(environment.command(&built().pipetrail));
    let ran = Ran::from(command.arg("status").output().await?);
    server.abort();
    Ok((ran.code, ran.stderr))
}

#[tokio::test]
async fn the_wrong_accounts_credentials_are_named_with_both_accounts() {
    let aws = Aws {
        audit: Ok("111122223333"),
        ..RIGHT
    };
    let (code, said) = run(aws).await.unwrap();
    let error = "error: the audit profile calls from account 111122223333, but pipetrail.toml has audit.account = \"999988887777\"\nhint: ";
    assert!(
        code == Some(1) && said.starts_with(error) && said.contains("--audit-profile"),
        "{said}"
    );
}

#[tokio::test]
async fn keys_that_aws_refuses_are_named_by_their_profile() {
    for (refusal, hint) in [
        ("InvalidClientTokenId", "aws sso login"),
        ("SignatureDoesNotMatch", "check the keys"),
    ] {
        let aws = Aws {
            audit: Err(refusal),
            ..RIGHT
        };
        let (code, said) = run(aws).await.unwrap();
        let error = format!("error: cannot ask who the audit profile belongs to: {refusal}: no\nhint: ");
        assert!(
            code == Some(1) && said.starts_with(&error) && said.contains(hint),
            "{said}"
        );
    }
}

#[tokio::test]
async fn an_organization_without_all_features_is_told_how_to_enable_them() {
    let body = r#"{"Organization":{"Id":"o-abcdefghij","FeatureSet":"CONSOLIDATED_BILLING","MasterAccountId":"000000000001"}}"#;
    let aws = Aws {
        organization: (200, body),
        ..RIGHT
    };
    let (code, said) = run(aws).await.unwrap();
    let error = "error: organization o-abcdefghij has consolidated billing only";
    assert!(
        code == Some(1) && said.starts_with(error) && said.contains("hint: enable them"),
        "{said}"
    );
}

#[tokio::test]
async fn no_permission_names_the_call_and_whose_permissions_to_check() {
    let aws = Aws {
        organization: (
            400,
            r#"{"__type":"AccessDeniedException","Message":"You don't have permissions"}"#,
        ),
        ..RIGHT
    };
    let (code, said) = run(aws).await.unwrap();
    let error = "error: cannot describe the organization: AccessDeniedException: You don't have permissions\nhint: ";
    assert!(
        code == Some(1) && said.starts_with(error) && said.contains("permissions of the profile"),
        "{said}"
    );
}
