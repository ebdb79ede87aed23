//! What a proxy sees of a call.

use std::collections::BTreeMap;
use std::fmt;

use hyper::http::request::Parts;
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};

/// One AWS call as it arrived. Bodies are not kept: they may be large or private.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// From 1, over all proxies that share a count.
    pub number: usize,
    /// The emulator behind the proxy.
    pub emulator: &'static str,
    pub method: String,
    /// Service by the signature's scope, such as `cloudformation`; empty for unsigned calls.
    pub service: String,
    /// Region by the signature's scope.
    pub region: String,
    /// Such as `CreateStackSet`, or for S3 the method and the path, such as `HEAD /bucket/key`.
    pub operation: String,
    /// The access key. An account id for the audit account's long-lived keys.
    pub access_key: String,
    /// First 16 hex digits of the body's SHA-256.
    pub digest: String,
    /// Parameters of calls that are HTML forms (CloudFormation, SNS, SQS, STS, IAM).
    pub form: BTreeMap<String, String>,
}

impl Call {
    /// Reads head and body; the number comes later.
    pub(crate) fn parse(emulator: &'static str, head: &Parts, body: &[u8]) -> Self {
        let header = |name: &str| {
            let value = head.headers.get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        // `AWS4-HMAC-SHA256 Credential=<key>/<day>/<region>/<service>/aws4_request, …`
        let authorization = header("authorization");
        let scope = authorization.split("Credential=").nth(1).unwrap_or_default();
        let mut scope = scope.split([',', '/']);
        let access_key = scope.next().unwrap_or_default().to_owned();
        let region = scope.nth(1).unwrap_or_default().to_owned();
        let service = scope.next().unwrap_or_default().to_owned();
        let form = if header("content-type").starts_with("application/x-www-form-urlencoded") {
            parse_form(&String::from_utf8_lossy(body))
        } else {
            BTreeMap::new()
        };
        let target = header("x-amz-target");
        let operation = match (target.rsplit('.').next(), form.get("Action")) {
            (Some(operation), _) if !operation.is_empty() => operation.to_owned(),
            (_, Some(action)) => action.clone(),
            _ => format!("{} {}", head.method, head.uri.path()),
        };
        let digest = Sha256::digest(body);
        Call {
            number: 0,
            emulator,
            method: head.method.to_string(),
            service,
            region,
            operation,
            access_key,
            digest: hex::encode(&digest[..8]),
            form,
        }
    }

    /// The members of a list in the form, such as `DeploymentTargets.Accounts`, in their order.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<&str> {
        let member = |number: usize| self.form.get(&format!("{name}.member.{number}"));
        (1..).map_while(member).map(String::as_str).collect()
    }

    /// Whether the call can change anything, as far as its name tells.
    #[must_use]
    pub fn is_write(&self) -> bool {
        let reads = ["Describe", "List", "Get", "HEAD ", "GET ", "AssumeRole", "Validate"];
        !reads.iter().any(|prefix| self.operation.starts_with(prefix))
    }
}

fn parse_form(text: &str) -> BTreeMap<String, String> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

/// One line of the log.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Call {
            number,
            emulator,
            method: _,
            service,
            region: _,
            operation,
            access_key: _,
            digest,
            form,
        } = self;
        write!(f, "{number:>4} {emulator:<9} {service:<14} {operation} {digest}")?;
        match form.get("StackName").or_else(|| form.get("OperationId")) {
            Some(subject) => write!(f, " {subject}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(headers: &[(&str, &str)], body: &str) -> Call {
        let mut request = hyper::Request::builder().method("POST").uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        Call::parse("moto", &head, body.as_bytes())
    }

    const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=999988887777/20261121/eu-central-1/cloudformation/aws4_request, SignedHeaders=host";

    #[test]
    fn a_form_names_its_operation_and_its_lists() {
        let form = "application/x-www-form-urlencoded";
        let body = "Action=CreateStackInstances&DeploymentTargets.Accounts.member.1=1&DeploymentTargets.Accounts.member.2=2&A=x%2By+z";
        let call = parse(&[("content-type", form), ("authorization", SIGNED)], body);
        assert_eq!(
            (call.operation.as_str(), call.service.as_str(), call.region.as_str()),
            ("CreateStackInstances", "cloudformation", "eu-central-1")
        );
        assert_eq!(call.access_key, "999988887777");
        assert_eq!(call.list("DeploymentTargets.Accounts"), ["1", "2"]);
        assert_eq!(call.form["A"], "x+y z");
        assert!(call.is_write());
    }

    #[test]
    fn a_target_header_names_its_operation() {
        let call = parse(&[("x-amz-target", "AWSOrganizationsV20161128.ListAccounts")], "{}");
        assert_eq!(call.operation, "ListAccounts");
        assert!(!call.is_write());
    }
}
