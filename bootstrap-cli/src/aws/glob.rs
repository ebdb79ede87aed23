//! Patterns with `*` and `?`, as policies write them, against texts that are known in part only.

/// How a pattern relates to a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overlap {
    /// It matches everything that the subject may be.
    Covers,
    /// It matches a part of that.
    Touches,
    /// It matches nothing of it.
    Apart,
}

/// How `pattern` relates to `subject`, in which `#` stands for a digit and `*` for any rest of a name, up
/// to the next `/` or `:`: what is not known.
pub(crate) fn overlap(pattern: &str, subject: &str) -> Overlap {
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

    /// All texts of that length at most.
    fn texts(alphabet: &[char], length: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..length {
            last = last
                .iter()
                .flat_map(|text| alphabet.iter().map(move |c| format!("{text}{c}")))
                .collect();
            all.extend(last.iter().cloned());
        }
        all
    }

    fn matches(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            ([b'*', rest @ ..], _) => matches(rest, text) || matches!(text, [_, text @ ..] if matches(pattern, text)),
            ([b'?', rest @ ..], [_, text @ ..]) => matches(rest, text),
            ([one, rest @ ..], [other, text @ ..]) if one == other => matches(rest, text),
            _ => false,
        }
    }

    #[test]
    fn apart_and_covers_hold_for_everything_that_a_subject_may_stand_for() {
        let rests = texts(&['a', 'b'], 2);
        for subject in ["a*", "*a", "a*/*", "*", "#*", "a/*b"] {
            let digits = ['0', '7'].map(|digit| subject.replace('#', &digit.to_string()));
            let filled = digits.iter().flat_map(|subject| {
                rests.iter().flat_map(|one| {
                    let first = subject.replacen('*', one, 1);
                    rests.iter().map(move |other| first.replacen('*', other, 1))
                })
            });
            let filled: Vec<String> = filled.collect();
            for pattern in texts(&['a', '/', '*', '?', '7'], 4) {
                let hits = filled
                    .iter()
                    .filter(|text| matches(pattern.as_bytes(), text.as_bytes()))
                    .count();
                match overlap(&pattern, subject) {
                    Overlap::Covers => assert_eq!(hits, filled.len(), "{pattern} covers {subject}"),
                    Overlap::Apart => assert_eq!(hits, 0, "{pattern} is apart from {subject}"),
                    Overlap::Touches => {}
                }
            }
        }
    }
}
