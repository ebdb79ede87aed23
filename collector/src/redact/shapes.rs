//! The forms in which a UUID stands in a text.
//!
//! A UUID is 128 bits, so a text is looked through once for what may be one, and each candidate is
//! looked up: the time does not depend on how many are known. Found are
//!
//! - 32 hex digits in either case, with hyphens anywhere among them or without;
//! - the same percent-encoded, up to three times over;
//! - the same inside base64 or base64url, at whatever place of the encoded text;
//! - base64 or base64url of the 16 bytes themselves, where no further character of base64 stands around
//!   it: 22 characters among others are as likely a piece of a name, and a caller chooses his token.

use std::ops::Range;

use super::encodings::{PAIRS, Runs, base64_decoded, hex_value, nibble, percent_decoded, sextet};

/// The UUID that a text is: 8-4-4-4-12 with hyphens, or 32 hex digits.
pub(super) fn uuid(text: &str) -> Option<u128> {
    of_bytes(text.as_bytes())
}

fn of_bytes(bytes: &[u8]) -> Option<u128> {
    // Both halves have 16 digits.
    let half = match bytes.len() {
        DIGITS => 16,
        HYPHENATED if [8, 13, 18, 23].iter().all(|at| bytes[*at] == b'-') => 19,
        _ => return None,
    };
    let (upper, lower) = bytes.split_at(half);
    match (hex_value(upper)?, hex_value(lower)?) {
        ((upper, 16), (lower, 16)) => Some(u128::from(upper) << 64 | u128::from(lower)),
        _ => None,
    }
}

/// The UUID as AWS writes it: in lower case, with hyphens.
pub(super) fn hyphenated(uuid: u128) -> [u8; HYPHENATED] {
    let mut text = [b'-'; HYPHENATED];
    for (byte, at) in uuid
        .to_be_bytes()
        .into_iter()
        .zip([0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34])
    {
        text[at..at + 2].copy_from_slice(&PAIRS[usize::from(byte)]);
    }
    text
}

/// The UUIDs that stand in a text, percent-encoded or not: 8-4-4-4-12 with hyphens wherever that is, 32
/// hex digits where they are no part of a longer row, half of a hash for one.
pub(super) fn written(text: &str) -> Vec<u128> {
    let mut found = written_in(text.as_bytes());
    let mut decoded = percent_decoded(text.as_bytes(), &|at| at);
    for _ in 0..TIMES_PERCENT_ENCODED {
        let Some((bytes, _)) = decoded else { break };
        found.extend(written_in(&bytes));
        decoded = percent_decoded(&bytes, &|at| at);
    }
    found
}

fn written_in(bytes: &[u8]) -> Vec<u128> {
    let with_hyphens = bytes.windows(HYPHENATED);
    let rows = bytes.split(|byte| nibble(*byte).is_none());
    let digits = rows.filter(|row| row.len() == DIGITS);
    with_hyphens.chain(digits).filter_map(of_bytes).collect()
}

/// Fewest bytes of a text with a UUID in it: the base64 of its 16 bytes.
pub(super) const SHORTEST: usize = RAW;

const DIGITS: usize = 32;
const HYPHENATED: usize = 36;
const RAW: usize = 22;
/// Fewest characters of base64 that hold 32 bytes.
const ENCODED_DIGITS: usize = 43;
const TIMES_PERCENT_ENCODED: usize = 3;

/// Every place of a text where a UUID stands that `known` knows, from left to right. None overlaps
/// another. In a name, the base64 of the 16 bytes is not looked for: every name of 22 characters could
/// be one.
pub(super) fn find<T>(text: &str, in_name: bool, known: &impl Fn(u128) -> Option<T>) -> Vec<(Range<usize>, T)> {
    let mut found = Found {
        known,
        in_name,
        places: Vec::new(),
    };
    let bytes = text.as_bytes();
    found.scan(bytes, &|at| at);
    let mut decoded = percent_decoded(bytes, &|at| at);
    for _ in 0..TIMES_PERCENT_ENCODED {
        let Some((bytes, places)) = decoded else { break };
        found.scan(&bytes, &|at| places[at]);
        decoded = percent_decoded(&bytes, &|at| places[at]);
    }
    found.in_order()
}

struct Found<'k, K, T> {
    known: &'k K,
    in_name: bool,
    places: Vec<(Range<usize>, T)>,
}

impl<T, K: Fn(u128) -> Option<T>> Found<'_, K, T> {
    /// Looks through bytes of which `place` gives the place in the text.
    fn scan(&mut self, bytes: &[u8], place: &dyn Fn(usize) -> usize) {
        let runs = Runs::of(bytes);
        if runs.digits >= DIGITS {
            self.digits(bytes, place);
        }
        if runs.base64 < RAW {
            return;
        }
        let mut at = 0;
        for run in bytes.split(|byte| sextet(*byte).is_none()) {
            let begin = at;
            at += run.len() + 1;
            if run.len() == RAW && !self.in_name {
                self.raw(run, &|i| place(begin + i));
            }
            if run.len() >= ENCODED_DIGITS {
                // Where the encoding began is unknown: a word may stand right before it.
                for skipped in 0..4 {
                    let decoded = base64_decoded(&run[skipped..]);
                    // A byte that ends in the middle of a character takes that character.
                    self.bounded_digits(&decoded, &|i| (i * 8 / 6, (i * 8).div_ceil(6)), &|i| {
                        place(begin + skipped + i)
                    });
                }
            }
        }
    }

    fn digits(&mut self, bytes: &[u8], place: &dyn Fn(usize) -> usize) {
        self.bounded_digits(bytes, &|i| (i, i), place);
    }

    /// Looks for digits; `bounds` gives the character in which a byte begins, and the one before
    /// which the bytes before it end.
    fn bounded_digits(
        &mut self,
        bytes: &[u8],
        bounds: &dyn Fn(usize) -> (usize, usize),
        place: &dyn Fn(usize) -> usize,
    ) {
        let mut value: u128 = 0;
        let mut count = 0;
        for (i, byte) in bytes.iter().enumerate() {
            match nibble(*byte) {
                Some(digit) => {
                    value = value << 4 | u128::from(digit);
                    count += 1;
                }
                None if *byte == b'-' => continue,
                None => count = 0,
            }
            if count >= DIGITS
                && let Some(known) = (self.known)(value)
            {
                let first = first_of_the_last_digits(&bytes[..=i]);
                let range = place(bounds(first).0)..place(bounds(i + 1).1);
                self.places.push((range, known));
            }
        }
    }

    /// Looks whether a run is the base64 of the 16 bytes: 21 characters and the upper two bits of one
    /// more, of which the others are zero.
    fn raw(&mut self, run: &[u8], place: &dyn Fn(usize) -> usize) {
        let mut sextets = run.iter().filter_map(|byte| sextet(*byte)).map(u128::from);
        let last = sextets.next_back().unwrap_or_default();
        let value = sextets.fold(0, |value, sextet| value << 6 | sextet);
        if last & 15 == 0
            && let Some(known) = (self.known)(value << 2 | last >> 4)
        {
            self.places.push((place(0)..place(run.len()), known));
        }
    }

    fn in_order(mut self) -> Vec<(Range<usize>, T)> {
        self.places.sort_by_key(|(range, _)| range.start);
        let mut apart: Vec<(Range<usize>, T)> = Vec::with_capacity(self.places.len());
        for (range, known) in self.places {
            match apart.last_mut() {
                Some((last, _)) if range.start < last.end => last.end = last.end.max(range.end),
                _ => apart.push((range, known)),
            }
        }
        apart
    }
}

fn first_of_the_last_digits(bytes: &[u8]) -> usize {
    let digits = bytes.iter().enumerate().rev().filter(|(_, byte)| **byte != b'-');
    digits.map(|(i, _)| i).nth(DIGITS - 1).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "0b6c1d2e-3f40-4a5b-8c6d-7e8f90a1b2c3";

    fn cut(text: &str) -> String {
        let secret = uuid(UUID).unwrap();
        let mut text = text.to_owned();
        for (range, ()) in find(&text.clone(), false, &|candidate| (candidate == secret).then_some(()))
            .into_iter()
            .rev()
        {
            text.replace_range(range, "#");
        }
        text
    }

    fn percent(text: &str) -> String {
        text.bytes().map(|byte| format!("%{byte:02X}")).collect()
    }

    #[test]
    fn a_uuid_is_found_in_each_of_its_forms_and_nothing_else_is_touched() {
        let digits = UUID.replace('-', "");
        let bytes = uuid(UUID).unwrap().to_be_bytes();
        let url = base64_simd::URL_SAFE_NO_PAD;
        for form in [
            UUID.to_owned(),
            UUID.to_uppercase(),
            digits.clone(),
            digits.to_uppercase(),
            UUID.replace('-', "--"),
            UUID.replace('-', "%2d"),
            percent(UUID),
            percent(&percent(UUID)),
            base64_simd::STANDARD_NO_PAD.encode_to_string(bytes),
            url.encode_to_string(bytes),
        ] {
            assert_eq!(cut(&form), "#");
            assert_eq!(cut(&format!("é {form} é")), "é # é");
            assert_eq!(cut(&format!("{form} {form}")), "# #");
            // What is encoded is decoded, so a `%` right before it takes part.
            let glued = if form.contains('%') { " " } else { "" };
            assert_eq!(cut(&format!("100%{glued}{form}%zz")), format!("100%{glued}#%zz"));
        }
        for text in [
            &UUID[1..],
            &digits[1..],
            &UUID.replace('c', "d"),
            "",
            "-",
            "%",
            "%2",
            "é",
        ] {
            assert_eq!(cut(text), *text);
        }
    }

    #[test]
    fn base64_is_read_from_every_place_of_the_encoded_text_and_of_the_run() {
        for form in [UUID.to_owned(), UUID.replace('-', ""), UUID.to_uppercase()] {
            for before in 0..4 {
                let plain = format!("{}{form}:x", &"key"[..before.min(3)]);
                let encoded = base64_simd::STANDARD.encode_to_string(&plain);
                for glued in ["", "a", "a/", "a/b", "Basic "] {
                    let text = cut(&format!("{glued}{encoded}"));
                    assert!(text.contains('#') && text.len() < glued.len() + 16, "{text}");
                    assert!(text.starts_with(glued), "{text}");
                }
            }
        }
    }

    #[test]
    fn the_base64_of_the_bytes_is_found_where_it_is_a_whole_run_and_no_name() {
        let secret = uuid(UUID).unwrap();
        let known = |candidate| (candidate == secret).then_some(());
        let form = base64_simd::STANDARD.encode_to_string(secret.to_be_bytes());
        assert_eq!(cut(&format!("t={form},")), "t=#==,");
        assert_eq!(cut(&percent(&form)), format!("#{}", percent("==")));
        assert_eq!(find(&form, true, &known), []);
        assert_eq!(find(UUID, true, &known).len(), 1);
        let bare = form.trim_end_matches('=');
        for neighbour in ["a", "0", "+", "/", "-", "_"] {
            for text in [format!("{neighbour}{bare}"), format!("{bare}{neighbour}")] {
                assert_eq!(cut(&text), text);
            }
        }
    }

    #[test]
    fn what_is_written_in_a_text_are_uuids_with_hyphens_and_rows_of_32_digits() {
        let (secret, digits) = (uuid(UUID).unwrap(), UUID.replace('-', ""));
        assert_eq!(hyphenated(secret), UUID.as_bytes());
        for text in [
            format!("{UUID}\n"),
            format!("a{UUID}0"),
            format!("-{digits}-"),
            format!("%7B{}%7D", UUID.to_uppercase()),
            UUID.replace('-', "%2D"),
            percent(&percent(&percent(UUID))),
        ] {
            let mut found = written(&text);
            found.dedup();
            assert_eq!(found, [secret], "{text}");
        }
        assert_eq!(written(&format!("{UUID} {UUID}")), [secret; 2]);
        for text in [
            "",
            "%",
            "%2",
            &UUID[1..],
            &format!("{digits}0"),
            &UUID.replace('-', "_"),
        ] {
            assert_eq!(written(text), [], "{text}");
        }
    }

    #[test]
    fn what_overlaps_goes_as_one() {
        let (a, b) = (0x1111_u128 << 112 | 7, 7_u128 << 112);
        let text = format!("<{a:032x}{:028x}>", 0);
        let places = find(&text, false, &|candidate| {
            (candidate == a || candidate == b).then_some(())
        });
        assert_eq!(places, [(1..61, ())]);
    }
}
