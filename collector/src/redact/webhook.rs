//! The token in a webhook's URL: whoever has it can start the pipeline.
//!
//! Source: `PutWebhook` answers `https://<region>.webhooks.domain.aws/trigger?t=<token>&v=1`.

use super::marks::REDACTED;

const TRIGGER: &str = "trigger?";

/// The text without the tokens of the webhook URLs in it; `None` where it has none.
pub(super) fn redacted(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut copied = 0;
    let mut from = 0;
    while let Some(at) = text[from..].find(TRIGGER) {
        let mut at = from + at + TRIGGER.len();
        let query = &text[at..];
        let query = &query[..query.find(ends_url).unwrap_or(query.len())];
        from = at + query.len();
        for parameter in query.split('&') {
            let token = token_of(parameter).filter(|token| *token != REDACTED);
            if let Some(token) = token {
                out.push_str(&text[copied..at + parameter.len() - token.len()]);
                out.push_str(REDACTED);
                copied = at + parameter.len();
            }
            at += parameter.len() + 1;
        }
    }
    if copied == 0 {
        return None;
    }
    out.push_str(&text[copied..]);
    Some(out)
}

fn ends_url(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>' | '\\' | '‘' | '’' | '“' | '”')
}

fn token_of(parameter: &str) -> Option<&str> {
    // In HTML the `&` before it is written `&amp;`.
    let parameter = parameter.strip_prefix("amp;").unwrap_or(parameter);
    let token = parameter.strip_prefix("t=").or_else(|| parameter.strip_prefix("T="))?;
    Some(token).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_goes_wherever_it_stands_and_the_rest_stays() {
        for (given, expected) in [
            (
                "https://eu-west-1.webhooks.domain.aws/trigger?t=eyJ4&v=1",
                "https://eu-west-1.webhooks.domain.aws/trigger?t=REDACTED&v=1",
            ),
            (
                "see 'https://x/trigger?v=1&t=s1' and <a href=\"/trigger?v=1&amp;t=s2\">",
                "see 'https://x/trigger?v=1&t=REDACTED' and <a href=\"/trigger?v=1&amp;t=REDACTED\">",
            ),
            (r#"{\"u\":\"/trigger?t=s\"}"#, r#"{\"u\":\"/trigger?t=REDACTED\"}"#),
            ("trigger?t=é ü", "trigger?t=REDACTED ü"),
        ] {
            assert_eq!(redacted(given).as_deref(), Some(expected), "{given}");
            assert_eq!(redacted(expected), None, "{given}");
        }
        for harmless in [
            "what did you trigger?",
            "/trigger?t=",
            "/trigger?v=1&tt=1",
            "a trigger? t=1",
        ] {
            assert_eq!(redacted(harmless), None, "{harmless}");
        }
    }
}
