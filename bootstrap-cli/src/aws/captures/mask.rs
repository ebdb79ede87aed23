//! What of an answer nobody may read: credentials, approval tokens, addresses and names of accounts, events as they were
//! sent. Pure.
//!
//! Fields are found by their names, wherever they stand: in XML, in JSON, and in JSON that is text inside of JSON.

use pipetrail_lake::hostile;

/// What stands in the place of a value.
const MASK: &str = "(masked)";

/// Fields whose values are masked in every answer; in lower case.
const ALWAYS: [&str; 13] = [
    "accesskeyid",
    "secretaccesskey",
    "sessiontoken",
    "securitytoken",
    "accesstoken",
    "refreshtoken",
    "idtoken",
    "clientsecret",
    "token",
    "externalid",
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
            .split(|c: char| !c.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default();
        let end = start + name.len();
        let lower = name.to_ascii_lowercase();
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

/// The value of an element, behind its name.
fn xml(rest: &str, name: &str) -> Option<(usize, usize)> {
    let start = rest.find('>')? + 1;
    let end = start + rest[start..].find(&format!("</{name}>"))?;
    (end > start).then_some((start, end))
}

/// The string behind the name of a field. The quotes of JSON in JSON have backslashes before them, as many as those
/// of the name.
fn json(before: &str, rest: &str) -> Option<(usize, usize)> {
    let slashes = before.len() - before.trim_end_matches('\\').len();
    let quote = format!("{}\"", "\\".repeat(slashes));
    let after = rest.strip_prefix(&quote)?;
    let value = after
        .trim_start()
        .strip_prefix(':')?
        .trim_start()
        .strip_prefix(&quote)?;
    let start = rest.len() - value.len();
    let mut from = 0;
    while let Some(found) = value[from..].find(&quote) {
        let end = from + found;
        let before = value[..end].len() - value[..end].trim_end_matches('\\').len();
        // One more backslash is a quote inside of the value.
        if before == 0 {
            return (end > 0).then_some((start, start + end));
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
        ];
        for (text, shown) in cases {
            assert_eq!(masked(text), shown);
        }
    }

    #[test]
    fn no_cut_of_an_answer_is_read_beyond_its_end() {
        let text = r#"{"Körper":"ä","token":"ü\"","b":"{\"email\":\"é\"}"}<Name>ß</Name>"#;
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
