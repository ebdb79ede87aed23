//! An EventBridge envelope as it goes over the wire.
//!
//! Key order and number texts (`6.0`) stay as they came; only white space outside of strings goes,
//! because EventBridge sends compact JSON. What the fields mean is not this module's business.

use std::fmt;

use anyhow::{Context, Result, bail, ensure};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// The most EventBridge takes for one event, in bytes.
pub const MAX_EVENT_BYTES: usize = 1_048_576;

/// The Regions of the partition `aws` (AWS General Reference, November 2026).
const REGIONS: &[&str] = &[
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// A JSON object whose fields keep their order and their text.
#[derive(Clone)]
pub struct Envelope {
    fields: Vec<(String, Box<RawValue>)>,
}

impl Envelope {
    /// Reads one JSON object.
    ///
    /// # Errors
    /// When the bytes are not UTF-8, not JSON or not an object.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let text = std::str::from_utf8(bytes).context("not UTF-8")?;
        let value: &RawValue = serde_json::from_str(text).context("not JSON")?;
        ensure!(value.get().starts_with('{'), "not a JSON object");
        serde_json::from_str(&compact(text)).context("not JSON")
    }

    #[must_use]
    pub fn text(&self, key: &str) -> Option<String> {
        serde_json::from_str(self.raw(key)?).ok()
    }

    #[must_use]
    pub fn value(&self, key: &str) -> Option<Value> {
        serde_json::from_str(self.raw(key)?).ok()
    }

    fn raw(&self, key: &str) -> Option<&str> {
        let field = self.fields.iter().find(|(name, _)| name == key)?;
        Some(field.1.get())
    }

    /// The same envelope with another text in the field `key`.
    ///
    /// # Errors
    /// Never for a string; the type is what `serde_json` gives.
    pub fn with(&self, key: &str, text: &str) -> Result<Self> {
        let raw = serde_json::value::to_raw_value(text)?;
        let mut fields = self.fields.clone();
        match fields.iter_mut().find(|(name, _)| name == key) {
            Some(field) => field.1 = raw,
            None => fields.push((key.to_owned(), raw)),
        }
        Ok(Self { fields })
    }

    /// Whether EventBridge itself could carry this: all fields of its envelope, none of a wrong
    /// type, and not too big.
    ///
    /// # Errors
    /// Says what is wrong.
    pub fn carriable(&self) -> Result<()> {
        for key in ["id", "detail-type", "source", "account", "time", "region"] {
            match self.value(key) {
                None => bail!("no `{key}`"),
                Some(Value::String(text)) if text.is_empty() => bail!("`{key}` is empty"),
                Some(Value::String(_)) => {}
                Some(_) => bail!("`{key}` is not a string"),
            }
        }
        for (position, (key, _)) in self.fields.iter().enumerate() {
            let again = self.fields[..position].iter().any(|(earlier, _)| earlier == key);
            ensure!(!again, "`{key}` stands twice");
        }
        let account = self.text("account").unwrap_or_default();
        ensure!(is_account(&account), "`account` is not 12 digits");
        let region = self.text("region").unwrap_or_default();
        ensure!(
            REGIONS.contains(&region.as_str()),
            "`{region}` is no Region of the partition aws"
        );
        let time = self.text("time").unwrap_or_default();
        ensure!(time.parse::<jiff::Timestamp>().is_ok(), "`time` is not RFC 3339");
        ensure!(
            self.raw("detail").is_some_and(|raw| raw.starts_with('{')),
            "`detail` is not an object"
        );
        ensure!(
            matches!(self.value("resources"), None | Some(Value::Array(_))),
            "`resources` is not an array"
        );
        let bytes = self.to_string().len();
        ensure!(bytes <= MAX_EVENT_BYTES, "{bytes} bytes, more than EventBridge takes");
        Ok(())
    }
}

/// Whether this is an account id: twelve digits, leading zeros included.
#[must_use]
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Removes the white space outside of strings.
fn compact(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut in_string, mut escaped) = (false, false);
    for c in json.chars() {
        if in_string {
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
        } else if matches!(c, ' ' | '\n' | '\r' | '\t') {
            continue;
        } else {
            in_string = c == '"';
        }
        out.push(c);
    }
    out
}

/// The compact JSON that goes over the wire.
impl fmt::Display for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (position, (key, value)) in self.fields.iter().enumerate() {
            let comma = if position == 0 { "" } else { "," };
            write!(f, "{comma}{}:{}", Value::from(key.as_str()), value.get())?;
        }
        f.write_str("}")
    }
}

impl<'de> Deserialize<'de> for Envelope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Envelope;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Envelope, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Envelope { fields })
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_number_texts_survive() {
        let text = "{ \"z\": 6.0,\n \"a\": \"x \\\" y\", \"n\": [1, 2] }";
        let envelope = Envelope::parse(text.as_bytes()).unwrap();
        assert_eq!(envelope.to_string(), r#"{"z":6.0,"a":"x \" y","n":[1,2]}"#);
        assert_eq!(
            envelope.with("a", "é").unwrap().to_string(),
            r#"{"z":6.0,"a":"é","n":[1,2]}"#
        );
    }

    #[test]
    fn what_is_no_envelope_is_said() {
        let why = |text: &str| match Envelope::parse(text.as_bytes()) {
            Err(error) => format!("{error:#}"),
            Ok(envelope) => envelope.carriable().unwrap_err().to_string(),
        };
        assert!(why("not json").starts_with("not JSON"));
        assert_eq!(why("[1]"), "not a JSON object");
        assert_eq!(why("{}"), "no `id`");
        assert_eq!(why(r#"{"id":7}"#), "`id` is not a string");
        let whole = r#"{"id":"i","detail-type":"t","source":"s","account":"000000000001","account":"2",
            "time":"2026-11-20T09:00:00Z","region":"eu-central-1","detail":{}}"#;
        assert_eq!(why(whole), "`account` stands twice");
    }
}
