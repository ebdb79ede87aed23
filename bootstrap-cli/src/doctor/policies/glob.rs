//! Patterns with `*` and `?`, as policies write them, against texts that are known in part only.

/// How a pattern relates to a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// It matches everything that the subject may be.
    Covers,
    /// It matches a part of that.
    Touches,
    /// It matches nothing of it.
    Apart,
}

/// How `pattern` relates to `subject`, in which `#` stands for a digit and `*` for any rest of a name, up to the next `/` or `:`: what
/// is not known.
pub fn overlap(pattern: &str, subject: &str) -> Overlap {
    let (pattern, subject): (Vec<char>, Vec<char>) = (pattern.chars().collect(), subject.chars().collect());
    if reaches(&pattern, &subject, false) {
        Overlap::Covers
    } else if reaches(&pattern, &subject, true) {
        Overlap::Touches
    } else {
        Overlap::Apart
    }
}

/// Whether `pattern` matches everything that `subject` may be, or with `some` anything of it.
fn reaches(pattern: &[char], subject: &[char], some: bool) -> bool {
    let same = |wanted: char, found: char| match found {
        // Covered by a `*` of the pattern only; touched by what `within` admits.
        '*' => false,
        '#' => wanted == '?' || (some && wanted.is_ascii_digit()),
        found => wanted == '?' || wanted == found,
    };
    // `row[j]`: the pattern so far matches the first `j` characters of the subject.
    let open = |j: usize| some && subject.get(j) == Some(&'*');
    let mut row = vec![false; subject.len() + 1];
    row[0] = true;
    spread(&mut row, &open);
    for wanted in pattern {
        let mut next = vec![false; subject.len() + 1];
        for j in 0..=subject.len() {
            let step = j > 0 && row[j - 1] && same(*wanted, subject[j - 1]);
            // A `*` of the pattern takes any number; a `*` of the subject may stand for this character.
            let star = *wanted == '*' && (row[j] || (j > 0 && next[j - 1]));
            let within = open(j) && row[j] && !matches!(wanted, '/' | ':');
            next[j] = step || star || within;
        }
        spread(&mut next, &open);
        row = next;
    }
    row[subject.len()]
}

/// A `*` of the subject may stand for nothing.
fn spread(row: &mut [bool], open: &dyn Fn(usize) -> bool) {
    for j in 0..row.len().saturating_sub(1) {
        if row[j] && open(j) {
            row[j + 1] = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_touches_or_misses() {
        let role = "arn:aws:iam::############:role/stacksets-exec-*";
        let cases = [
            ("*", role, Overlap::Covers),
            ("arn:aws:iam::*:role/stacksets-exec-*", role, Overlap::Covers),
            ("arn:*:iam::*:role/stacksets-*", role, Overlap::Covers),
            (
                "arn:aws:iam::111122223333:role/stacksets-exec-*",
                role,
                Overlap::Touches,
            ),
            ("arn:aws:iam::*:role/stacksets-exec-0123", role, Overlap::Touches),
            ("arn:aws:iam::*:role/admin", role, Overlap::Apart),
            ("arn:aws:iam::*:role/aws-service-role/*", role, Overlap::Apart),
            ("arn:aws:iam::????????????:role/stacksets-exec-*", role, Overlap::Covers),
            ("arn:aws:iam::*:role/stacksets-*c-", role, Overlap::Touches),
            ("events:Put*", "events:PutRule", Overlap::Covers),
            ("events:Put????", "events:PutRule", Overlap::Covers),
            ("events:Put???", "events:PutRule", Overlap::Apart),
            ("events:", "events:PutRule", Overlap::Apart),
            ("", "", Overlap::Covers),
            ("", "*", Overlap::Touches),
            ("a*", "", Overlap::Apart),
        ];
        for (pattern, subject, wanted) in cases {
            assert_eq!(overlap(pattern, subject), wanted, "{pattern} on {subject}");
        }
    }
}
