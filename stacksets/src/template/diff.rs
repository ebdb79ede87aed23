//! The difference between two texts of a template, as people read it.

use std::fmt;

use serde::Serialize;
use similar::{Algorithm, DiffTag, capture_diff_slices, group_diff_ops};

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
    pub(super) fn between(deployed: &str, wanted: &str) -> Self {
        let (old, new): (Vec<String>, Vec<String>) = (comparable(deployed).collect(), comparable(wanted).collect());
        let (old_lines, new_lines): (Vec<&str>, Vec<&str>) = (deployed.lines().collect(), wanted.lines().collect());
        let mut diff = TemplateDiff::default();
        for hunk in group_diff_ops(capture_diff_slices(Algorithm::Myers, &old, &new), CONTEXT) {
            let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else {
                continue;
            };
            let (before, after) = (
                first.old_range().start..last.old_range().end,
                first.new_range().start..last.new_range().end,
            );
            diff.line(&format!(
                "@@ -{},{} +{},{} @@",
                before.start + 1,
                before.len(),
                after.start + 1,
                after.len()
            ));
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
pub(super) fn comparable(text: &str) -> impl Iterator<Item = String> {
    text.trim_end()
        .lines()
        .map(|line| line.trim_end().chars().filter(|c| c.is_ascii() && *c != '?').collect())
}

#[cfg(test)]
mod tests {
    use super::*;

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
