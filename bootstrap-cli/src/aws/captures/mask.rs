//! What of an answer nobody may read: credentials, approval tokens, addresses and names of accounts, events as they were
//! sent. Pure.
//!
//! Fields are found by their names, wherever they are: in XML, in JSON, and in JSON that is text inside of JSON.

use pipetrail_lake::hostile;

/// What is shown instead of a value.
const MASK: &str = "(masked)";

/// Fields whose values are masked in every answer; in lower case.
const ALWAYS: [&str; 15] = [
    "accesskeyid",
    // S3's errors.
    "awsaccesskeyid",
    "secretaccesskey",
    "sessiontoken",
    "securitytoken",
    "accesstoken",
    "refreshtoken",
    "idtoken",
    "clientsecret",
    "token",
    "externalid",
    // IAM's, percent-encoded: its conditions name external ids.
    "assumerolepolicydocument",
    "email",
    "masteraccountemail",
    "authorization",
];

/// Of Organizations, an account's name too.
const OF_ORGANIZATIONS: [&str; 1] = ["name"];

/// Of dead letters, the event.
const OF_DEAD_LETTERS: [&str; 1] = ["body"];

/// Whether nothing of the answer is kept: it gives credentials. What is not signed is asked for them.
pub(super) fn is_secret(service: &str, operation: &str) -> bool {
    let gives = [
        "AssumeRole",
        "GetSessionToken",
        "GetFederationToken",
        "GetRoleCredentials",
        "CreateToken",
    ];
    service == "-" || gives.iter().any(|name| operation.contains(name))
}

/// Whether an answer quotes the request that was signed, its session token among the headers: a refusal of the signature
/// does.
pub(super) fn quotes_request(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let quotes = [
        "signaturedoesnotmatch",
        "invalidsignatureexception",
        "<canonicalrequest>",
        "the canonical string for this request",
        "x-amz-security-token:",
    ];
    quotes.iter().any(|quote| text.contains(quote))
}

/// Which fields are masked beside those that always are.
pub(super) fn of(service: &str, dead_letters: bool) -> &'static [&'static str] {
    match (service, dead_letters) {
        ("organizations", _) => &OF_ORGANIZATIONS,
        ("sqs", true) => &OF_DEAD_LETTERS,
        _ => &[],
    }
}

/// The text without these secrets and without the names in mail addresses.
pub(super) fn known(text: &str, secrets: &[String]) -> String {
    let text = secrets
        .iter()
        .fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), MASK));
    hostile::masked(&text).into_owned()
}

/// The text without the values of these fields, and of those that are always masked.
pub(super) fn fields(text: &str, more: &[&str]) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((start, end)) = next(rest, more) {
        shown.push_str(&rest[..start]);
        shown.push_str(MASK);
        rest = &rest[end..];
    }
    shown + rest
}

/// Where the next value to mask begins and ends.
fn next(text: &str, more: &[&str]) -> Option<(usize, usize)> {
    let mut at = 0;
    while let Some(found) = text[at..].find(['"', '<']) {
        let start = at + found + 1;
        let name: &str = text[start..]
            .split(|c: char| !c.is_ascii_alphanumeric() && c != ':')
            .next()
            .unwrap_or_default();
        let end = start + name.len();
        // `sts:ExternalId`, or an XML name with its prefix.
        let lower = name.rsplit(':').next().unwrap_or_default().to_ascii_lowercase();
        let is_wanted = ALWAYS.contains(&lower.as_str()) || more.contains(&lower.as_str());
        let value = match text.as_bytes()[start - 1] {
            _ if !is_wanted => None,
            b'<' => xml(&text[end..], name),
            _ => json(&text[..start - 1], &text[end..]),
        };
        if let Some((from, to)) = value {
            return Some((end + from, end + to));
        }
        at = end;
    }
    None
}

/// The value of an element, behind its name. That may have a number: `<Token-0>`.
fn xml(rest: &str, name: &str) -> Option<(usize, usize)> {
    let head = &rest[..rest.find('>')?];
    if head.ends_with('/') {
        return None;
    }
    let start = head.len() + 1;
    let more = head.split(|c: char| c.is_ascii_whitespace()).next().unwrap_or_default();
    let end = start + rest[start..].find(&format!("</{name}{more}"))?;
    (end > start).then_some((start, end))
}

/// The string behind the name of a field, or all strings of a list there. The quotes of JSON in JSON have backslashes
/// before them, as many as those of the name.
fn json(before: &str, rest: &str) -> Option<(usize, usize)> {
    let slashes = before.len() - before.trim_end_matches('\\').len();
    let quote = format!("{}\"", "\\".repeat(slashes));
    let value = rest.strip_prefix(&quote)?.trim_start().strip_prefix(':')?.trim_start();
    let is_list = value.starts_with('[');
    let value = value.strip_prefix('[').unwrap_or(value).trim_start();
    let first = value.strip_prefix(&quote)?;
    let start = rest.len() - first.len();
    let mut end = start + end_of_string(first, &quote)?;
    // The quotes between the first string of a list and its last are masked with them.
    while is_list
        && let Some(next) = rest[end + quote.len()..].trim_start().strip_prefix(',')
        && let Some(string) = next.trim_start().strip_prefix(&quote)
        && let Some(length) = end_of_string(string, &quote)
    {
        end = rest.len() - string.len() + length;
    }
    (end > start).then_some((start, end))
}

/// Where the quote is that ends a string, whose text follows.
fn end_of_string(text: &str, quote: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = text[from..].find(quote) {
        let end = from + found;
        let before = text[..end].len() - text[..end].trim_end_matches('\\').len();
        // One more backslash is a quote inside of the value.
        if before == 0 {
            return Some(end);
        }
        from = end + quote.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        fields(text, &["name"])
    }

    #[test]
    fn values_are_masked_in_xml_in_json_and_in_json_inside_of_json() {
        let cases = [
            (
                "<SecretAccessKey>abc</SecretAccessKey>",
                "<SecretAccessKey>(masked)</SecretAccessKey>",
            ),
            (r#"{"token":"0b6c","x":1}"#, r#"{"token":"(masked)","x":1}"#),
            (
                r#"{"Name" : "a \"b\" c", "Id": "1"}"#,
                r#"{"Name" : "(masked)", "Id": "1"}"#,
            ),
            (
                r#"{"Body":"{\"token\":\"0b6c\",\"y\":\"z\"}"}"#,
                r#"{"Body":"{\"token\":\"(masked)\",\"y\":\"z\"}"}"#,
            ),
            (
                r#"{"a":"{\"raw\":\"{\\\"token\\\":\\\"0b6c\\\"}\"}"}"#,
                r#"{"a":"{\"raw\":\"{\\\"token\\\":\\\"(masked)\\\"}\"}"}"#,
            ),
            (
                r#"{"NextToken":"t","token":null,"email":""}"#,
                r#"{"NextToken":"t","token":null,"email":""}"#,
            ),
            (
                "<Name>payroll</Name><NameOf>x</NameOf>",
                "<Name>(masked)</Name><NameOf>x</NameOf>",
            ),
            (r#"no field: "token" and <token"#, r#"no field: "token" and <token"#),
            // S3, where a token is invalid or has expired.
            (
                "<Code>ExpiredToken</Code><Token-0>IQoJ</Token-0><RequestId>x</RequestId>",
                "<Code>ExpiredToken</Code><Token-0>(masked)</Token-0><RequestId>x</RequestId>",
            ),
            (
                "<Token/><a:Token b='c'>IQoJ</a:Token>",
                "<Token/><a:Token b='c'>(masked)</a:Token>",
            ),
            (
                "<AWSAccessKeyId>ASIA</AWSAccessKeyId>",
                "<AWSAccessKeyId>(masked)</AWSAccessKeyId>",
            ),
            // IAM's GetRole, and a trust policy as text.
            (
                "<AssumeRolePolicyDocument>%22sts%3AExternalId%22%3A%22s3cret%22</AssumeRolePolicyDocument>",
                "<AssumeRolePolicyDocument>(masked)</AssumeRolePolicyDocument>",
            ),
            (
                r#"{"StringEquals":{"sts:ExternalId":"s3cret"}}"#,
                r#"{"StringEquals":{"sts:ExternalId":"(masked)"}}"#,
            ),
            (
                r#"{"a":"{\"sts:ExternalId\": [\"s3cret\", \"other\"], \"b\": \"c\"}"}"#,
                r#"{"a":"{\"sts:ExternalId\": [\"(masked)\"], \"b\": \"c\"}"}"#,
            ),
        ];
        for (text, shown) in cases {
            assert_eq!(masked(text), shown);
        }
    }

    #[test]
    fn no_cut_of_an_answer_is_read_beyond_its_end() {
        let text = r#"{"Körper":"ä","token":"ü\"","b":"{\"email\":\"é\"}","token":["ä", "ö"]}<Name>ß</Name><Token-0>é</Token-0>"#;
        for (end, _) in text.char_indices() {
            let _ = masked(&text[..end]);
        }
    }

    #[test]
    fn what_gives_credentials_is_not_kept_at_all() {
        assert!(is_secret("sts", "AssumeRole") && is_secret("-", "GET"));
        assert!(!is_secret("sts", "GetCallerIdentity"));
    }

    #[test]
    fn an_answer_that_quotes_the_signed_request_is_told_by_its_words() {
        for text in [
            "<Error><Code>SignatureDoesNotMatch</Code><AWSAccessKeyId>ASIA</AWSAccessKeyId></Error>",
            r#"{"__type":"InvalidSignatureException","message":"The request signature we calculated does not match"}"#,
            "<CanonicalRequest>PUT\n/key\n\nx-amz-security-token:IQoJ</CanonicalRequest>",
            "The Canonical String for this request should have been 'POST",
            "X-Amz-Security-Token:IQoJ",
        ] {
            assert!(quotes_request(text), "{text}");
        }
        assert!(!quotes_request("<Error><Code>AccessDenied</Code></Error>"));
    }

    #[test]
    fn names_are_masked_of_accounts_and_bodies_of_dead_letters() {
        assert_eq!(of("organizations", false), ["name"]);
        assert_eq!(of("sqs", true), ["body"]);
        assert!(of("sqs", false).is_empty());
    }

    #[test]
    fn known_secrets_and_addresses_go_wherever_they_stand() {
        let text = known("by dana@example.com with t0ken", &["t0ken".to_owned()]);
        assert_eq!(text, "by d…@example.com with (masked)");
    }
}
