use super::*;

const QUEUE: &str = "arn:aws:sqs:eu-central-1:111122223333:alerts";
const FUNCTION: &str = "arn:aws:lambda:eu-central-1:111122223333:function:alerts";

fn refusal(protocol: Protocol, address: &str) -> String {
    Endpoint::parse(protocol, address).unwrap_err().message
}

#[test]
fn what_sns_takes_is_taken() {
    for (protocol, address) in [
        (Protocol::Email, "team@example.com"),
        (
            Protocol::Https,
            "https://user:secret@alerts.example.com:8443/in?token=x",
        ),
        (Protocol::Sqs, QUEUE),
        (Protocol::Sqs, "arn:aws-us-gov:sqs:us-gov-west-1:111122223333:a_b-c"),
        (Protocol::Lambda, FUNCTION),
        (Protocol::Lambda, &format!("{FUNCTION}:$LATEST")),
    ] {
        assert!(Endpoint::parse(protocol, address).is_ok(), "{address}");
    }
}

#[test]
fn what_sns_would_refuse_or_never_reach_is_refused() {
    for (protocol, address) in [
        (Protocol::Email, "team"),
        (Protocol::Email, "a b@example.com"),
        (Protocol::Email, "a@b@example.com"),
        (Protocol::Https, "https://"),
        (Protocol::Https, "https:///path"),
        (Protocol::Https, "ftp://example.com"),
        (
            Protocol::Sqs,
            "https://sqs.eu-central-1.amazonaws.com/111122223333/alerts",
        ),
        (Protocol::Sqs, "arn:aws:sqs:eu-central-1:1111:alerts"),
        (Protocol::Sqs, "arn:aws:sqs::111122223333:alerts"),
        (Protocol::Sqs, "arn:aws:sqs:eu-central-1:111122223333:"),
        (Protocol::Sqs, FUNCTION),
        (Protocol::Lambda, QUEUE),
        (Protocol::Lambda, "arn:aws:lambda:eu-central-1:111122223333:function:"),
        (
            Protocol::Lambda,
            "arn:aws:lambda:eu-central-1:111122223333:function:a:b:c",
        ),
    ] {
        assert!(Endpoint::parse(protocol, address).is_err(), "{address}");
    }
    assert!(refusal(Protocol::Https, "http://example.com/").contains("unencrypted"));
    assert!(refusal(Protocol::Sqs, &format!("{QUEUE}.fifo")).contains("is a FIFO queue"));
}

#[test]
fn neither_a_person_nor_a_secret_is_shown() {
    for (protocol, address, shown) in [
        ("email", "security@example.com", "s…@example.com"),
        ("email-json", "élan@example.com", "é…@example.com"),
        ("email", "broken", "…"),
        (
            "https",
            "https://user:secret@h.example:8443/in/T0KEN?k=v",
            "https://h.example:8443/…",
        ),
        ("https", "https://h.example?token=x", "https://h.example/…"),
        ("https", "https://h.example", "https://h.example"),
        ("sms", "+491701234567", "…"),
        ("sqs", QUEUE, QUEUE),
    ] {
        assert_eq!(masked(protocol, address), shown);
    }
    let refused = refusal(Protocol::Email, "someone at home@example.com");
    assert!(!refused.contains("someone"), "{refused}");
    let endpoint = Endpoint::parse(Protocol::Email, "someone@example.com").unwrap();
    assert_eq!(format!("{endpoint:?}"), "email s…@example.com");
}

#[test]
fn a_mail_address_is_the_same_in_capitals_and_a_url_is_not() {
    let mail = Endpoint::parse(Protocol::Email, "Team@example.com").unwrap();
    assert!(mail.is("email", "team@EXAMPLE.com") && !mail.is("email-json", "Team@example.com"));
    let url = Endpoint::parse(Protocol::Https, "https://example.com/A").unwrap();
    assert!(url.is("https", "https://example.com/A") && !url.is("https", "https://example.com/a"));
}
