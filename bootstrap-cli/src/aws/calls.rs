//! `--verbose`: a line for every call to AWS, by every client and every provider of credentials.
//!
//! It stands around the HTTP client, because that is what all clients of an `SdkConfig` share; an
//! interceptor would have to be given to each client anew. So a line is one attempt, and what was
//! asked for is read off the signed request: never a parameter of it.

use std::time::{Duration, Instant};

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::{RuntimeComponents, RuntimeComponentsBuilder};
use aws_smithy_types::config_bag::ConfigBag;

use crate::terminal::printer;

/// Writes a line for every call that goes through `http` on behalf of `account`.
pub(super) fn watched(http: SharedHttpClient, account: &'static str) -> SharedHttpClient {
    SharedHttpClient::new(Watched { inner: http, account })
}

#[derive(Debug)]
struct Watched<T> {
    inner: T,
    account: &'static str,
}

impl HttpClient for Watched<SharedHttpClient> {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Watched {
            inner: self.inner.http_connector(settings, components),
            account: self.account,
        })
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        cfg: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.inner.validate_base_client_config(components, cfg)
    }

    fn validate_final_config(&self, components: &RuntimeComponents, cfg: &ConfigBag) -> Result<(), BoxError> {
        self.inner.validate_final_config(components, cfg)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.inner.connector_metadata()
    }
}

impl HttpConnector for Watched<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let call = Call::of(&request, self.account);
        let began = Instant::now();
        let answer = self.inner.call(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await;
            let took = began.elapsed();
            let (answer, outcome) = outcome(answer).await;
            printer::call(&call.line(took, &outcome));
            answer
        })
    }
}

/// What a request says about itself.
#[derive(Debug, PartialEq, Eq)]
struct Call {
    service: String,
    operation: String,
    account: &'static str,
    region: String,
    attempt: String,
}

impl Call {
    fn of(request: &HttpRequest, account: &'static str) -> Self {
        let header = |name: &str| request.headers().get(name).unwrap_or_default();
        // AWS4-HMAC-SHA256 Credential=<key>/<date>/<region>/<service>/aws4_request, …
        let scope = header("authorization")
            .split_once("Credential=")
            .map_or("", |(_, rest)| rest);
        let mut scope = scope.split(',').next().unwrap_or_default().split('/').skip(2);
        let mut part = || scope.next().unwrap_or("-").to_owned();
        let (region, service) = (part(), part());
        let attempt = header("amz-sdk-request").split(';').next().unwrap_or_default();
        Call {
            operation: operation(request, &service),
            service,
            account,
            region,
            attempt: attempt.trim_start_matches("attempt=").to_owned(),
        }
    }

    fn line(&self, took: Duration, outcome: &str) -> String {
        let Call {
            service,
            operation,
            account,
            region,
            attempt,
        } = self;
        let took = took.as_millis();
        format!("{service} {operation}, {account}, {region}, attempt {attempt}, {took} ms, {outcome}")
    }
}

/// The operation's name, by the protocols of the services: JSON has a header, CBOR a path, Query a
/// first parameter. S3 names it in `x-id`, or else only by method and sub-resource.
fn operation(request: &HttpRequest, service: &str) -> String {
    if let Some((_, name)) = request
        .headers()
        .get("x-amz-target")
        .and_then(|target| target.rsplit_once('.'))
    {
        return name.to_owned();
    }
    let uri = request.uri().split_once("://").map_or(request.uri(), |(_, rest)| rest);
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    if let Some((_, name)) = path.rsplit_once("/operation/") {
        return name.to_owned();
    }
    let body = request.body().bytes().and_then(|body| std::str::from_utf8(body).ok());
    if let Some(action) = body.and_then(|body| body.strip_prefix("Action=")) {
        return action.split('&').next().unwrap_or_default().to_owned();
    }
    if let Some(name) = query.split('&').find_map(|pair| pair.strip_prefix("x-id=")) {
        return name.to_owned();
    }
    let method = request.method();
    match (service, path.split_once('/')) {
        // Unsigned: where credentials come from, a container's or a sign-in's. The path may name them.
        ("-", _) => method.to_owned(),
        // Bucket and key are parameters.
        ("s3", _) => match query.split(['&', '=']).next().unwrap_or_default() {
            "" => method.to_owned(),
            resource => format!("{method} ?{resource}"),
        },
        (_, Some((_, path))) => format!("{method} /{path}"),
        (_, None) => method.to_owned(),
    }
}

type Answer = Result<HttpResponse, ConnectorError>;

/// The answer as it came, and its status with AWS's error code.
async fn outcome(answer: Answer) -> (Answer, String) {
    let mut response = match answer {
        Ok(response) => response,
        Err(error) => {
            let why = if error.is_timeout() { "timed out" } else { "no answer" };
            return (Err(error), why.to_owned());
        }
    };
    let status = response.status().as_u16();
    if status < 400 {
        return (Ok(response), status.to_string());
    }
    let body = std::mem::replace(response.body_mut(), SdkBody::taken());
    match ByteStream::new(body).collect().await {
        Ok(body) => {
            let body = body.into_bytes();
            let code = code(
                response.headers().get("x-amzn-errortype"),
                &String::from_utf8_lossy(&body),
            );
            *response.body_mut() = SdkBody::from(body);
            (Ok(response), format!("{status} {code}").trim_end().to_owned())
        }
        Err(error) => (Err(ConnectorError::io(error.into())), format!("{status}, then no more")),
    }
}

/// AWS's error code, out of a header, an XML or a JSON body; empty where there is none.
fn code(header: Option<&str>, body: &str) -> String {
    let between = |from: &str, to: char| body.split_once(from)?.1.split(to).next();
    let json = || body.split_once("\"__type\"")?.1.split('"').nth(1);
    let code = header
        .or_else(|| between("<Code>", '<'))
        .or_else(json)
        .unwrap_or_default();
    // `com.amazonaws.organizations#AccessDeniedException:http://…`
    let code = code.split(':').next().unwrap_or_default();
    code.rsplit('#').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-central-1/SERVICE/aws4_request, SignedHeaders=x";

    fn call(method: &str, service: &str, uri: &str, target: Option<&'static str>, body: &str) -> Call {
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method(method).unwrap();
        request.set_uri(uri).unwrap();
        request
            .headers_mut()
            .insert("authorization", SIGNED.replace("SERVICE", service));
        request.headers_mut().insert("amz-sdk-request", "attempt=2; max=8");
        if let Some(target) = target {
            request.headers_mut().insert("x-amz-target", target);
        }
        Call::of(&request, "audit")
    }

    #[test]
    fn a_line_says_what_as_whom_where_how_often_how_long_and_with_which_result() {
        let call = call(
            "POST",
            "sts",
            "https://sts.eu-central-1.amazonaws.com/",
            None,
            "Action=AssumeRole&RoleArn=secret",
        );
        assert_eq!(
            call.line(Duration::from_millis(35), "403 AccessDenied"),
            "sts AssumeRole, audit, eu-central-1, attempt 2, 35 ms, 403 AccessDenied"
        );
    }

    #[test]
    fn operations_are_named_in_every_protocol_without_a_parameter() {
        let host = "https://host";
        let name =
            |method, service, path: &str, target| call(method, service, &format!("{host}{path}"), target, "").operation;
        let target = Some("AWSOrganizationsV20161128.ListRoots");
        assert_eq!(name("POST", "organizations", "/", target), "ListRoots");
        assert_eq!(name("POST", "x", "/service/X/operation/ListX", None), "ListX");
        assert_eq!(name("PUT", "s3", "/bucket/key?x-id=PutObject", None), "PutObject");
        assert_eq!(
            name("GET", "s3", "/bucket?list-type=2&prefix=secret", None),
            "GET ?list-type"
        );
        assert_eq!(name("HEAD", "s3", "/bucket/secret", None), "HEAD");
        assert_eq!(name("POST", "account", "/listRegions", None), "POST /listRegions");
        assert_eq!(name("GET", "-", "/v2/credentials/secret", None), "GET");
    }

    #[test]
    fn error_codes_are_read_in_every_protocol() {
        assert_eq!(code(None, "<Error><Code>Throttling</Code></Error>"), "Throttling");
        assert_eq!(
            code(None, r#"{"__type": "com.amazonaws#AccessDeniedException"}"#),
            "AccessDeniedException"
        );
        assert_eq!(
            code(Some("NotFoundException:http://internal"), "{}"),
            "NotFoundException"
        );
        assert_eq!(code(None, "gateway"), "");
    }

    #[test]
    fn the_error_that_was_read_is_still_there_for_the_client() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let body = "<Error><Code>Throttling</Code></Error>";
            let response = HttpResponse::new(400.try_into().unwrap(), SdkBody::from(body));
            let (answer, outcome) = outcome(Ok(response)).await;
            assert_eq!(outcome, "400 Throttling");
            assert_eq!(answer.unwrap().body().bytes(), Some(body.as_bytes()));
        });
    }
}
