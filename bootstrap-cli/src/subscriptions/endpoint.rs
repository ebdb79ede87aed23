//! Where alerts go: addresses are checked before SNS sees them, and never shown in full where they may
//! name a person or hold a secret. Pure.

#[cfg(test)]
mod tests;

use pipetrail_names::{AccountId, Region};

use crate::failure::UsageError;

/// The flags that name an endpoint.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct EndpointArgs {
    /// E-mail address; whoever reads there has to confirm
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,
    /// ARN of an SQS queue
    #[arg(long, value_name = "ARN")]
    pub sqs: Option<String>,
    /// HTTPS endpoint; it has to confirm
    #[arg(long, value_name = "URL")]
    pub https: Option<String>,
    /// ARN of a Lambda function
    #[arg(long, value_name = "ARN")]
    pub lambda: Option<String>,
}

impl EndpointArgs {
    /// The endpoint that was named; clap sees to it that there is one at most.
    ///
    /// # Errors
    /// SNS would not take the address.
    pub(crate) fn endpoint(&self) -> Result<Option<Endpoint>, UsageError> {
        let mut given = [
            (Protocol::Email, &self.email),
            (Protocol::Sqs, &self.sqs),
            (Protocol::Https, &self.https),
            (Protocol::Lambda, &self.lambda),
        ]
        .into_iter();
        let named = given.find_map(|(protocol, address)| Some(Endpoint::parse(protocol, address.as_ref()?)));
        named.transpose()
    }
}

/// How SNS delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// A short text by mail.
    Email,
    /// The full alert into a queue.
    Sqs,
    /// The full alert by POST.
    Https,
    /// The full alert to a function.
    Lambda,
}

impl Protocol {
    /// SNS's word for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Protocol::Email => "email",
            Protocol::Sqs => "sqs",
            Protocol::Https => "https",
            Protocol::Lambda => "lambda",
        }
    }
}

/// An endpoint that SNS takes.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// How.
    pub protocol: Protocol,
    /// Where, in full: for SNS only.
    pub address: String,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.protocol.as_str(), self.masked())
    }
}

impl Endpoint {
    /// Checks an address.
    ///
    /// # Errors
    /// SNS would not take it, or deliver nothing there.
    pub(crate) fn parse(protocol: Protocol, address: &str) -> Result<Self, UsageError> {
        match protocol {
            Protocol::Email => check_email(address)?,
            Protocol::Https => check_https(address)?,
            Protocol::Sqs => check_queue(address)?,
            Protocol::Lambda => check_function(address)?,
        }
        Ok(Endpoint {
            protocol,
            address: address.to_owned(),
        })
    }

    /// As it may be shown.
    pub(crate) fn masked(&self) -> String {
        masked(self.protocol.as_str(), &self.address)
    }

    /// Whether a listed subscription is of this endpoint. Mail does not tell capitals apart.
    pub(crate) fn is(&self, protocol: &str, address: &str) -> bool {
        protocol == self.protocol.as_str()
            && (address == self.address
                || self.protocol == Protocol::Email && address.eq_ignore_ascii_case(&self.address))
    }

    /// The account of a queue or function.
    pub(crate) fn account(&self) -> Option<&str> {
        match self.protocol {
            Protocol::Sqs | Protocol::Lambda => self.address.split(':').nth(4),
            Protocol::Email | Protocol::Https => None,
        }
    }
}

/// An endpoint as it may be shown: mail addresses name people, and URLs often hold a secret beside the
/// host. ARNs are shown in full.
pub(crate) fn masked(protocol: &str, address: &str) -> String {
    match protocol {
        "email" | "email-json" => match (address.chars().next(), address.rsplit_once('@')) {
            (Some(first), Some((_, host))) => format!("{first}…@{host}"),
            _ => "…".to_owned(),
        },
        "http" | "https" => {
            let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
            let more = if rest.contains(PATH) { "/…" } else { "" };
            format!("{protocol}://{}{more}", host(rest))
        }
        _ if address.starts_with("arn:") => address.to_owned(),
        // Telephone numbers, and what SNS may add.
        _ => "…".to_owned(),
    }
}

/// What a path, a query or a fragment begins with.
const PATH: [char; 3] = ['/', '?', '#'];

/// The host and port of a URL without its scheme.
fn host(rest: &str) -> &str {
    let authority = rest.split(PATH).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

fn check_email(address: &str) -> Result<(), UsageError> {
    let admitted = address
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@'));
    if !admitted || address.len() > 254 || !address.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(UsageError::new(
            "--email is not an e-mail address",
            "write it like team@example.com, in ASCII and without spaces",
        ));
    }
    Ok(())
}

fn check_https(url: &str) -> Result<(), UsageError> {
    if url.starts_with("http://") {
        return Err(UsageError::new(
            "--https is a plain http URL: alerts would travel unencrypted",
            "use an https URL",
        ));
    }
    let host = url.strip_prefix("https://").map_or("", host);
    if host.is_empty() || host.starts_with(':') || !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(UsageError::new(
            "--https is not an https URL",
            "write it like https://alerts.example.com/pipetrail",
        ));
    }
    Ok(())
}

fn check_queue(arn: &str) -> Result<(), UsageError> {
    let name = resource(arn, "sqs").unwrap_or_default();
    let stem = name.strip_suffix(".fifo").unwrap_or(name);
    let admitted = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.len() > 80 || stem.is_empty() || !stem.chars().all(admitted) {
        let hint = "write it like arn:aws:sqs:eu-central-1:111122223333:alerts";
        return Err(UsageError::new(format!("{arn} is not the ARN of a queue"), hint));
    }
    if stem != name {
        return Err(UsageError::new(
            format!("{arn} is a FIFO queue, which a standard topic does not deliver to"),
            "use a standard queue, and de-duplicate by event_key",
        ));
    }
    Ok(())
}

fn check_function(arn: &str) -> Result<(), UsageError> {
    let name = resource(arn, "lambda").and_then(|resource| resource.strip_prefix("function:"));
    let admitted = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '$');
    let fits = |part: &str| !part.is_empty() && part.len() <= 128 && part.chars().all(admitted);
    // A version or alias may follow the name.
    let mut parts = name.unwrap_or_default().split(':');
    if parts.clone().count() > 2 || !parts.all(fits) {
        return Err(UsageError::new(
            format!("{arn} is not the ARN of a Lambda function"),
            "write it like arn:aws:lambda:eu-central-1:111122223333:function:alerts",
        ));
    }
    Ok(())
}

/// What follows the account in an ARN of `service` with partition, region and account.
fn resource<'a>(arn: &'a str, service: &str) -> Option<&'a str> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, found, region, account, resource] = parts[..] else {
        return None;
    };
    let fits = partition.starts_with("aws") && found == service;
    (fits && Region::admits(region) && AccountId::admits(account)).then_some(resource)
}
