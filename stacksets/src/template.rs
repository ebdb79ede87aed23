//! A CloudFormation template as it is compared, shown and sent.

use std::fmt;
use std::ops::Range;

use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};
use similar::{Algorithm, DiffTag, capture_diff_slices, group_diff_ops};

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

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

/// Unchanged lines around every change.
const CONTEXT: usize = 2;

/// What changes in a template's text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct TemplateDiff {
    /// How many lines come.
    pub added: usize,
    /// How many lines go.
    pub removed: usize,
    /// A unified diff, without file names, from the deployed text to the wanted one.
    pub diff: String,
}

impl TemplateDiff {
    /// Compares as a template with a deployed one; a line that differs only in what
    /// CloudFormation replaced is shown as it is wanted.
    fn between(deployed: &str, wanted: &str) -> Self {
        let (old, new): (Vec<String>, Vec<String>) = (comparable(deployed).collect(), comparable(wanted).collect());
        let (old_lines, new_lines): (Vec<&str>, Vec<&str>) = (deployed.lines().collect(), wanted.lines().collect());
        let mut diff = TemplateDiff::default();
        for hunk in group_diff_ops(capture_diff_slices(Algorithm::Myers, &old, &new), CONTEXT) {
            let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else {
                continue;
            };
            let lines = |range: Range<usize>| format!("{},{}", range.start + 1, range.len());
            let before = lines(first.old_range().start..last.old_range().end);
            let after = lines(first.new_range().start..last.new_range().end);
            diff.line(&format!("@@ -{before} +{after} @@"));
            for op in hunk {
                let (tag, gone, come) = op.as_tag_tuple();
                if tag == DiffTag::Equal {
                    diff.lines(' ', new_lines.get(come).unwrap_or_default());
                } else {
                    diff.removed += gone.len();
                    diff.added += come.len();
                    diff.lines('-', old_lines.get(gone).unwrap_or_default());
                    diff.lines('+', new_lines.get(come).unwrap_or_default());
                }
            }
        }
        diff
    }

    fn lines(&mut self, sign: char, lines: &[&str]) {
        for line in lines {
            self.line(format!("{sign}{line}").trim_end());
        }
    }

    fn line(&mut self, line: &str) {
        self.diff.push_str(line);
        self.diff.push('\n');
    }
}

impl fmt::Display for TemplateDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TemplateDiff { added, removed, diff } = self;
        write!(f, "template: +{added} -{removed} lines")?;
        diff.lines().try_for_each(|line| write!(f, "\n      {line}"))
    }
}

/// The lines of a template as they are compared: `GetTemplate` gives back `?` in the place of every
/// character outside of ASCII.
fn comparable(text: &str) -> impl Iterator<Item = String> {
    text.trim_end()
        .lines()
        .map(|line| line.trim_end().chars().filter(|c| c.is_ascii() && *c != '?').collect())
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

    #[test]
    fn a_diff_has_two_lines_of_context_and_ignores_what_cloudformation_replaced() {
        let deployed = "# trail ? pipetrail\nA: 1\nB: 2\nC: 3\nD: 4\nE: 5\nF: 6\n";
        let wanted = "# trail — pipetrail\nA: 1\nB: 2\nC: 3\nD: four\nD2: 4\nE: 5\nF: 6\nG: 7\n";
        let diff = TemplateDiff::between(deployed, wanted);
        assert_eq!((diff.added, diff.removed), (3, 1));
        assert_eq!(
            diff.diff,
            "@@ -3,5 +3,7 @@\n B: 2\n C: 3\n-D: 4\n+D: four\n+D2: 4\n E: 5\n F: 6\n+G: 7\n"
        );
        assert!(diff.to_string().starts_with("template: +3 -1 lines\n      @@ -3,5"));
    }

    #[test]
    fn the_same_template_has_no_diff() {
        let diff = TemplateDiff::between("A: ?  ", "A: é\n");
        assert_eq!((diff.added, diff.removed, diff.diff.as_str()), (0, 0, ""));
    }
}
