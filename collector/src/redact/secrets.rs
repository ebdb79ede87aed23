//! The tokens of an event, and their hashes in their place.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use sha2::{Digest, Sha256};

use super::encodings::PAIRS;
use super::fields::Treatment;
use super::marks::REDACTED;
use super::shapes;
use super::written::Place;
use crate::json::Json;

/// Tokens of one event, which are UUIDs, each with the hash that is stored for it. Most events have none.
#[derive(Default)]
pub(super) struct Secrets(Option<HashMap<u128, Hash, Keyed>>);

impl Secrets {
    pub(super) fn learn(&mut self, uuid: u128) -> &str {
        let known = self.0.get_or_insert_default();
        known.entry(uuid).or_insert_with(|| Hash::of_token(uuid)).text()
    }

    /// Replaces the tokens in every text of an event but in what says who called and which call it was.
    pub(super) fn replace(&self, envelope: &mut Json<'_>, approval: bool) {
        if self.0.is_some() {
            let everywhere = Search {
                approval,
                in_name: false,
            };
            self.replace_at(envelope, Place::Envelope, everywhere);
        }
    }

    fn hash_of(&self, uuid: u128) -> Option<&str> {
        self.0.as_ref()?.get(&uuid).map(Hash::text)
    }

    fn replace_at(&self, json: &mut Json<'_>, place: Place, search: Search) {
        match json {
            Json::String(text) => self.replace_in(text, search.in_name),
            Json::Array(items) => items
                .iter_mut()
                .for_each(|item| self.replace_at(item, Place::Elsewhere, search)),
            Json::Object(fields) => {
                for (name, value) in fields {
                    self.replace_in(name, search.in_name);
                    let is_final = matches!(value, Json::String(_)) && is_final(name, place, search.approval);
                    if !is_final && !place.is_caller(name) {
                        let in_name = search.in_name || place.is_name(name);
                        self.replace_at(value, place.below(name), Search { in_name, ..search });
                    }
                }
            }
            _ => {}
        }
    }

    fn replace_in(&self, text: &mut Cow<'_, str>, in_name: bool) {
        if text.len() < shapes::SHORTEST {
            return;
        }
        // Most texts with a UUID are one.
        if let Some(uuid) = shapes::uuid(text) {
            if let Some(hash) = self.hash_of(uuid) {
                *text = Cow::Owned(hash.to_owned());
            }
            return;
        }
        let found = shapes::find(text, in_name, &|uuid| self.hash_of(uuid));
        if found.is_empty() {
            return;
        }
        let mut replaced = String::with_capacity(text.len() + 28 * found.len());
        let mut copied = 0;
        for (range, hash) in found {
            replaced.push_str(&text[copied..range.start]);
            replaced.push_str(hash);
            copied = range.end;
        }
        replaced.push_str(&text[copied..]);
        *text = Cow::Owned(replaced);
    }
}

#[derive(Clone, Copy)]
struct Search {
    /// Whether the action is an approval, or may be one.
    approval: bool,
    /// Whether the texts name what the event is about.
    in_name: bool,
}

/// What [`sha256_hex`](crate::sha256_hex) makes of a text, in half the instructions and without memory of
/// its own.
pub(super) struct Hash([u8; 64]);

impl Hash {
    /// Of the lower-case form with hyphens, in which AWS sends tokens: every other form joins with it.
    pub(super) fn of_token(uuid: u128) -> Self {
        Self::of(shapes::hyphenated(uuid))
    }

    fn of(text: impl AsRef<[u8]>) -> Self {
        let mut digits = [0; 64];
        for (pair, byte) in digits.as_chunks_mut().0.iter_mut().zip(&Sha256::digest(text)[..]) {
            *pair = PAIRS[usize::from(*byte)];
        }
        Self(digits)
    }

    pub(super) fn text(&self) -> &str {
        // Digits are always UTF-8.
        std::str::from_utf8(&self.0).unwrap_or(REDACTED)
    }
}

/// Whether the text of a field stays: the id of the call, and what is a hash already.
fn is_final(name: &str, place: Place, approval: bool) -> bool {
    place.is_call_id(name) || Treatment::of(name).is_some_and(|treatment| treatment.is_hash(approval))
}

/// Hashes a UUID by one multiplication, under a key of its own for each event: whoever chooses the
/// tokens cannot choose them to collide. The standard library's hasher takes ten times as long, which is
/// a tenth of an event full of tokens.
struct Keyed(u64, u64);

impl Default for Keyed {
    fn default() -> Self {
        let random = RandomState::new();
        Self(random.hash_one(0), random.hash_one(1))
    }
}

impl BuildHasher for Keyed {
    type Hasher = Folded;

    fn build_hasher(&self) -> Folded {
        Folded(self.0, self.1)
    }
}

struct Folded(u64, u64);

impl Hasher for Folded {
    fn write(&mut self, bytes: &[u8]) {
        for eight in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..eight.len()].copy_from_slice(eight);
            self.0 = fold(self.0 ^ u64::from_le_bytes(word), self.1);
        }
    }

    fn write_u128(&mut self, uuid: u128) {
        self.0 = fold(self.0 ^ low(uuid), self.1 ^ low(uuid >> 64));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    low(product) ^ low(product >> 64)
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
fn low(n: u128) -> u64 {
    n as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::sha256_hex;

    proptest::proptest! {
        #[test]
        fn a_hash_is_that_of_the_rest_of_the_lake(text: String) {
            let hash = Hash::of(&text);
            proptest::prop_assert_eq!(hash.text(), sha256_hex(&text));
        }
    }

    #[test]
    fn parts_of_what_is_hashed_and_the_key_both_count() {
        let (one, other) = (Keyed::default(), Keyed::default());
        let hashes: std::collections::HashSet<u64> = (0..1_000_u128)
            .flat_map(|n| [n, n << 64, (n % 256) << 120])
            .flat_map(|n| [one.hash_one(n), other.hash_one(n)])
            .collect();
        assert!(hashes.len() > 4_500, "{}", hashes.len());
    }
}
