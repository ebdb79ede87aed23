//! Answers that AWS would give, made up by the proxy: errors and empty pages, in the protocol that
//! the call speaks (Query/XML for forms, else JSON).

use anyhow::{Result, bail};
use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use serde_json::{Value, json};

use super::Call;

/// The token of an empty page. The emulators never see it.
const TOKEN: &str = "after-an-empty-page";

pub(super) fn error(call: &Call, code: &str) -> Result<Response<Full<Bytes>>> {
    // AWS answers most of its conflicts with 409, its throttles with 400.
    let status = match code {
        "OperationInProgressException" | "OperationIdAlreadyExistsException" | "StaleRequestException" => 409,
        _ => 400,
    };
    let message = format!("{code}, made up by the test");
    let text = if call.form.is_empty() {
        json!({"__type": code, "message": message, "Message": message}).to_string()
    } else {
        format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
             <RequestId>00000000-0000-4000-8000-000000000000</RequestId></ErrorResponse>"
        )
    };
    answer(call, status, text)
}

/// No items, but a token. Every list call that pages with `NextToken` takes it.
pub(super) fn empty_page(call: &Call) -> Result<Response<Full<Bytes>>> {
    if !call.operation.starts_with("List") {
        bail!("{} has no pages that could be empty", call.operation);
    }
    let text = if call.form.is_empty() {
        json!({"NextToken": TOKEN}).to_string()
    } else {
        let name = &call.operation;
        format!(
            "<{name}Response><{name}Result><Summaries/><NextToken>{TOKEN}</NextToken></{name}Result></{name}Response>"
        )
    };
    answer(call, 200, text)
}

/// The body as it would have been without the empty page before.
pub(super) fn without_made_up_token(call: &Call, body: Bytes) -> Bytes {
    let text = match std::str::from_utf8(&body) {
        Ok(text) if text.contains(TOKEN) => text,
        _ => return body,
    };
    if !call.form.is_empty() {
        let pairs = text.split('&').filter(|pair| *pair != format!("NextToken={TOKEN}"));
        return pairs.collect::<Vec<_>>().join("&").into();
    }
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(mut fields)) => {
            fields.remove("NextToken");
            Value::Object(fields).to_string().into()
        }
        _ => body,
    }
}

fn answer(call: &Call, status: u16, text: String) -> Result<Response<Full<Bytes>>> {
    let kind = if call.form.is_empty() {
        "application/x-amz-json-1.1"
    } else {
        "text/xml"
    };
    let answer = Response::builder().status(status).header("content-type", kind);
    Ok(answer.body(Full::new(text.into()))?)
}
