//! One call to AWS, as its signed request tells it: never a parameter of it.

use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;

/// What the client gets.
pub(super) type Answer = Result<HttpResponse, ConnectorError>;

/// What a request says about itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) service: String,
    pub(super) operation: String,
    pub(super) account: &'static str,
    pub(super) region: String,
    pub(super) attempt: String,
}

impl Call {
    pub(super) fn of(request: &HttpRequest, account: &'static str) -> Self {
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

    pub(super) fn line(&self, took: Duration, outcome: &str) -> String {
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

#[cfg(test)]
mod tests {
    use aws_sdk_s3::primitives::SdkBody;

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
}
