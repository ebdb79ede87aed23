//! Calls of services that have no SDK here, signed and sent by hand: CloudWatch's SDK would bring a second major
//! version of the HTTP crates, and so compile everything of AWS anew; of Lambda and CloudWatch Logs one call each is
//! needed.

use std::time::SystemTime;

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use pipetrail_names::{Region, partition};
use serde::Deserialize;

use crate::error::{Error, Fault};

/// The services of an account in one region.
#[derive(Clone, Debug)]
pub struct Signed {
    pub http: SharedHttpClient,
    pub credentials: Option<SharedCredentialsProvider>,
    pub region: Option<Region>,
    /// Instead of AWS's own.
    pub endpoint_url: Option<String>,
}

/// A service: its name in signatures and addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    CloudWatch,
    Lambda,
    Logs,
}

/// A call.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    pub service: Service,
    pub operation: &'static str,
    /// What the service takes.
    pub input: Input<'a>,
    /// What it is for, as errors say it.
    pub action: &'a str,
}

/// What a service takes.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// JSON, of the services that speak AWS's JSON protocol.
    Json(&'a str),
    /// The path of what is read.
    Path(&'a str),
}

/// An answer that is no 200, as it came.
#[derive(Debug, thiserror::Error)]
#[error("HTTP status {status}: {body}")]
struct Refusal {
    status: u16,
    /// Of services that speak of resources.
    kind: Option<String>,
    body: String,
}

/// What such an answer says.
#[derive(Debug, Default, Deserialize)]
struct Refused {
    #[serde(rename = "__type")]
    kind: Option<String>,
    #[serde(alias = "Message")]
    message: Option<String>,
}

impl Service {
    fn name(self) -> &'static str {
        match self {
            Service::CloudWatch => "monitoring",
            Service::Lambda => "lambda",
            Service::Logs => "logs",
        }
    }

    /// Version of the JSON protocol, and what stands before an operation's name; `None` where calls are paths.
    fn json(self) -> Option<(&'static str, &'static str)> {
        match self {
            // One of the three protocols that CloudWatch's API model lists. That AWS answers so is unproven here.
            Service::CloudWatch => Some(("1.0", "GraniteServiceVersion20100801")),
            Service::Logs => Some(("1.1", "Logs_20140328")),
            Service::Lambda => None,
        }
    }

    /// Its own address; the partitions differ in their domain.
    fn endpoint(self, region: &Region) -> String {
        let domain = match partition(region) {
            "aws-cn" => "amazonaws.com.cn",
            _ => "amazonaws.com",
        };
        format!("https://{}.{region}.{domain}", self.name())
    }
}

impl Call<'_> {
    fn unanswered(&self, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::Aws {
            action: self.action.to_owned(),
            fault: Fault::Unanswered(error.into()),
        }
    }

    fn refused(&self, refusal: &Refusal) -> Option<Error> {
        let said = serde_json::from_str::<Refused>(&refusal.body).unwrap_or_default();
        let kind = refusal.kind.clone().or(said.kind)?;
        // `com.amazonaws.…#AccessDenied`, or `AccessDenied:http://…`
        let code = kind.rsplit('#').next().unwrap_or(&kind);
        let code = code.split(':').next().unwrap_or(code);
        Some(Error::Aws {
            action: self.action.to_owned(),
            fault: Fault::Refused {
                code: code.to_owned(),
                message: said.message.unwrap_or_else(|| "no message".to_owned()),
            },
        })
    }
}

impl Signed {
    /// Makes the call and gives the answer's body.
    ///
    /// # Errors
    /// A refused call, or an answer that is none.
    pub async fn ask(&self, call: Call<'_>) -> Result<Vec<u8>, Error> {
        let region = self.region.as_ref().ok_or_else(|| call.unanswered("no region"))?;
        let url = self.endpoint_url.clone();
        let url = url.unwrap_or_else(|| call.service.endpoint(region));
        let request = self.request(region, &url, call).await?;
        let operation = Operation::builder()
            .service_name(call.service.name())
            .operation_name(call.operation)
            .http_client(self.http.clone())
            .endpoint_url(&url)
            .no_auth()
            .standard_retry(&RetryConfig::standard())
            .retry_classifier(TransientErrorClassifier::<Refusal>::new())
            .retry_classifier(HttpStatusCodeClassifier::default())
            .timeout_config(TimeoutConfig::disabled())
            .serializer(move |(): ()| {
                let request = request.try_clone();
                request.ok_or_else(|| "the request cannot be sent twice".into())
            })
            .deserializer(|answer: &HttpResponse| {
                let body = answer.body().bytes().unwrap_or_default();
                if answer.status().is_success() {
                    return Ok(body.to_vec());
                }
                Err(OrchestratorError::operation(Refusal {
                    status: answer.status().as_u16(),
                    kind: answer.headers().get("x-amzn-errortype").map(str::to_owned),
                    body: String::from_utf8_lossy(body).into_owned(),
                }))
            })
            .build();
        operation.invoke(()).await.map_err(|error| {
            let refused = error.as_service_error().and_then(|refusal| call.refused(refusal));
            refused.unwrap_or_else(|| call.unanswered(error))
        })
    }

    async fn request(&self, region: &Region, url: &str, call: Call<'_>) -> Result<HttpRequest, Error> {
        let credentials = match &self.credentials {
            Some(provider) => provider
                .provide_credentials()
                .await
                .map_err(|error| call.unanswered(error))?,
            None => return Err(call.unanswered("no credentials")),
        };
        let identity = credentials.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(region.as_str())
            .name(call.service.name())
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| call.unanswered(error))?;
        let (method, path, body, headers) = match call.input {
            Input::Json(body) => {
                let protocol = call.service.json();
                let (version, prefix) = protocol.ok_or_else(|| call.unanswered("the service takes no JSON"))?;
                let target = format!("{prefix}.{}", call.operation);
                let content = format!("application/x-amz-json-{version}");
                (
                    "POST",
                    "/",
                    body,
                    vec![("content-type", content), ("x-amz-target", target)],
                )
            }
            Input::Path(path) => ("GET", path, "", vec![]),
        };
        let url = format!("{}{path}", url.trim_end_matches('/'));
        let signable = SignableRequest::new(
            method,
            url.as_str(),
            headers.iter().map(|(name, value)| (*name, value.as_str())),
            SignableBody::Bytes(body.as_bytes()),
        );
        let signable = signable.map_err(|error| call.unanswered(error))?;
        let signed = sign(signable, &parameters.into()).map_err(|error| call.unanswered(error))?;
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method(method).map_err(|error| call.unanswered(error))?;
        // The operation puts the endpoint before it.
        request.set_uri(path).map_err(|error| call.unanswered(error))?;
        for (name, value) in headers {
            request.headers_mut().insert(name, value);
        }
        for (name, value) in signed.output().headers() {
            request.headers_mut().insert(name.to_owned(), value.to_owned());
        }
        Ok(request)
    }
}

#[cfg(test)]
impl Signed {
    /// Over a client whose answers are written down.
    pub(crate) fn over(http: SharedHttpClient) -> Self {
        let credentials = aws_credential_types::Credentials::new("test", "test", None, None, "test");
        Signed {
            http,
            credentials: Some(SharedCredentialsProvider::new(credentials)),
            region: "eu-central-1".parse().ok(),
            endpoint_url: Some("http://aws.test".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::Answers;

    const JSON: Call<'static> = Call {
        service: Service::Logs,
        operation: "DescribeLogGroups",
        input: Input::Json("{}"),
        action: "look",
    };
    const PATH: Call<'static> = Call {
        service: Service::Lambda,
        operation: "GetFunctionConfiguration",
        input: Input::Path("/2015-03-31/functions/pipetrail-settle/configuration"),
        action: "look",
    };

    #[tokio::test]
    async fn a_call_is_signed_for_its_service_and_a_refusal_has_its_code() {
        let server = Answers::new(&[
            ("x-amz-target: Logs_20140328.DescribeLogGroups", 200, "{}"),
            ("GET /2015-03-31/functions/pipetrail-settle/configuration", 200, "{}"),
            (
                "",
                400,
                r#"{"__type": "com.amazonaws.logs#AccessDeniedException", "Message": "not authorized"}"#,
            ),
            ("", 200, "<html>"),
            ("", 503, "busy"),
        ]);
        let services = Signed::over(server.http());
        assert_eq!(services.ask(JSON).await.unwrap(), b"{}");
        assert_eq!(services.ask(PATH).await.unwrap(), b"{}");
        assert_eq!(server.count("eu-central-1/logs/aws4_request"), 1);
        assert_eq!(server.count("eu-central-1/lambda/aws4_request"), 1);
        assert_eq!(
            services.ask(JSON).await.unwrap_err().code(),
            Some("AccessDeniedException")
        );
        assert_eq!(services.ask(JSON).await.unwrap(), b"<html>");
        assert!(services.ask(JSON).await.unwrap_err().code().is_none());
    }

    #[test]
    fn the_code_of_a_refusal_is_in_a_header_or_in_the_body() {
        let code = |kind: Option<&str>, body: &str| {
            let refusal = Refusal {
                status: 404,
                kind: kind.map(str::to_owned),
                body: body.to_owned(),
            };
            PATH.refused(&refusal).and_then(|error| error.code().map(str::to_owned))
        };
        let message = r#"{"Type": "User", "Message": "Function not found"}"#;
        let found = code(Some("ResourceNotFoundException:http://internal.amazon.com/"), message);
        assert_eq!(found.as_deref(), Some("ResourceNotFoundException"));
        let found = code(None, r#"{"__type": "ResourceNotFoundException"}"#);
        assert_eq!(found.as_deref(), Some("ResourceNotFoundException"));
        assert_eq!(code(None, message), None);
        assert_eq!(code(None, "busy"), None);
        assert_eq!(
            code(Some("ThrottledException"), "").as_deref(),
            Some("ThrottledException")
        );
    }

    #[test]
    fn every_partition_has_its_domain() {
        for (region, url) in [
            ("eu-central-1", "https://monitoring.eu-central-1.amazonaws.com"),
            ("us-gov-west-1", "https://monitoring.us-gov-west-1.amazonaws.com"),
            ("cn-north-1", "https://monitoring.cn-north-1.amazonaws.com.cn"),
        ] {
            assert_eq!(Service::CloudWatch.endpoint(&region.parse().unwrap()), url);
        }
    }
}
