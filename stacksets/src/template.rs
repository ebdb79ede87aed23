//! A CloudFormation template as it is compared, shown and sent.

mod diff;

pub use diff::TemplateDiff;
use diff::comparable;
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

/// Largest template that CloudFormation takes inline, in bytes; larger ones need `TemplateURL`.
pub const MAX_BODY_BYTES: usize = 51_200;

/// A template's text. Serialised as its size and SHA-256: a plan is read by people.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Template(String);

impl Template {
    pub fn new(body: impl Into<String>) -> Self {
        Template(body.into())
    }

    pub fn body(&self) -> &str {
        &self.0
    }

    /// The first 16 hexadecimal digits of the text's SHA-256.
    pub fn digest(&self) -> String {
        short_digest(self.0.as_bytes())
    }

    /// Whether a deployed text is the same template.
    ///
    /// `GetTemplate` gives back the text as it was sent, but with `?` in the place of every character
    /// outside of ASCII, so those and white space at line ends do not count.
    pub fn is_deployed_as(&self, deployed: &str) -> bool {
        comparable(&self.0).eq(comparable(deployed))
    }

    /// How the deployed text has to change to become this template.
    pub fn diff_from(&self, deployed: &str) -> TemplateDiff {
        TemplateDiff::between(deployed, &self.0)
    }
}

/// The first 16 hexadecimal digits of the SHA-256 of `bytes`.
pub(crate) fn short_digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Template({} bytes, {})", self.0.len(), self.digest())
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut out = serializer.serialize_struct("Template", 2)?;
        out.serialize_field("bytes", &self.0.len())?;
        out.serialize_field("sha256_16", &self.digest())?;
        out.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_cloudformation_replaces_do_not_count() {
        let template = Template::new("Description: every account’s trail — pipetrail\nResources: {}\n");
        assert!(template.is_deployed_as("Description: every account?s trail ? pipetrail\nResources: {}"));
        assert!(!template.is_deployed_as("Description: every account?s trail ? pipetrail\nResources: {A: 1}"));
    }

    #[test]
    fn a_plan_shows_size_and_digest_of_a_template_not_its_text() {
        let shown = serde_json::to_string(&Template::new("Resources: {}")).unwrap();
        assert_eq!(
            shown,
            r#"{"bytes":13,"sha256_16":"07dc1cea06b2e9d5"}"#
                .replace("07dc1cea06b2e9d5", &Template::new("Resources: {}").digest())
        );
    }
}
