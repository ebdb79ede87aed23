//! Every call to AWS, by every client and every provider of credentials: a line of each for `--verbose`, a file of each
//! answer for whoever keeps [`Captures`].
//!
//! It stands around the HTTP client, because that is what all clients of an `SdkConfig` share; an
//! interceptor would have to be given to each client anew. So a line is one attempt, and what was
//! asked for is read off the signed request: never a parameter of it.

use std::sync::Arc;
use std::time::Instant;

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::{RuntimeComponents, RuntimeComponentsBuilder};
use aws_smithy_types::config_bag::ConfigBag;

use super::call::{Answer, Call};
use super::captures::{Asked, Captures};
use crate::terminal::printer;

/// Watches every call that goes through `http` on behalf of `account`: `tells` a line of it, and keeps its answer.
pub(super) fn watched(
    http: SharedHttpClient,
    account: &'static str,
    tells: bool,
    captures: Option<Arc<Captures>>,
) -> SharedHttpClient {
    SharedHttpClient::new(Watched {
        inner: http,
        account,
        tells,
        captures,
    })
}

#[derive(Debug)]
struct Watched<T> {
    inner: T,
    account: &'static str,
    tells: bool,
    captures: Option<Arc<Captures>>,
}

impl HttpClient for Watched<SharedHttpClient> {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Watched {
            inner: self.inner.http_connector(settings, components),
            account: self.account,
            tells: self.tells,
            captures: self.captures.clone(),
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
        let (tells, captures) = (self.tells, self.captures.clone());
        let asked = captures.is_some().then(|| Asked::of(&request));
        let began = Instant::now();
        let answer = self.inner.call(request);
        HttpConnectorFuture::new(async move {
            let mut answer = answer.await;
            let took = began.elapsed();
            if let (Some(captures), Some(asked)) = (captures, asked) {
                answer = captures.keep(&call, &asked, took, answer).await;
            }
            if !tells {
                return answer;
            }
            let (answer, outcome) = outcome(answer).await;
            printer::call(&call.line(took, &outcome));
            answer
        })
    }
}

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
    use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

    use super::*;

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
