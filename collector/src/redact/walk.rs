//! Redaction by field name, down the tree and into JSON that stands in texts.

use std::borrow::Cow;

use super::documents;
use super::fields::Treatment;
use super::marks::{HIDDEN, REDACTED};
use super::secrets::Secrets;
use super::shapes;
use super::webhook;
use super::written::{Place, Summary};
use crate::event::Event;
use crate::json::Json;
use crate::key::sha256_hex;

/// How many times a document may stand in a text of another: deeper ones are redacted unread.
const DEEPEST: usize = 8;

/// Shortest value that is looked for in an error message.
pub(super) const SHORTEST_QUOTED: usize = 6;

pub(super) struct Walk {
    /// Whether the event was redacted before.
    again: bool,
    /// Whether the action is an approval, or may be one.
    approval: bool,
    summary: Summary,
    /// Whether there is an error message, which may quote what is blanked.
    quoted: bool,
    /// In how many texts the document stands.
    depth: usize,
    changes: usize,
    secrets: Secrets,
    /// Values blanked, if there is an error message.
    pub(super) blanked: Vec<String>,
}

impl Walk {
    pub(super) fn of(event: &Event<'_>) -> Self {
        let detail = event.at(&["detail"]);
        let action_type = detail.and_then(|detail| detail.get("type"));
        let named = |field: &str| action_type.and_then(|action_type| action_type.get(field)?.as_str());
        let category = named("category");
        Self {
            again: false,
            approval: category.is_none_or(|category| category.eq_ignore_ascii_case("Approval")),
            summary: Summary::of(category, named("provider")),
            quoted: detail.is_some_and(has_message),
            depth: 0,
            changes: 0,
            secrets: Secrets::default(),
            blanked: Vec::new(),
        }
    }

    pub(super) fn of_redacted(event: &Event<'_>) -> Self {
        Self {
            again: true,
            ..Self::of(event)
        }
    }

    pub(super) fn event(&mut self, envelope: &mut Json<'_>) {
        self.value(envelope, Place::Envelope);
    }

    /// Replaces what the walk found to be tokens, wherever else it stands.
    pub(super) fn replace_tokens(&self, envelope: &mut Json<'_>) {
        self.secrets.replace(envelope, self.approval);
    }

    fn value(&mut self, json: &mut Json<'_>, place: Place) {
        match json {
            Json::Object(fields) => self.object(fields, place),
            Json::Array(items) => items.iter_mut().for_each(|item| self.value(item, Place::Elsewhere)),
            Json::String(text) if may_hold_something(text) => {
                self.documents(text);
                self.webhooks(text);
            }
            _ => {}
        }
    }

    fn object(&mut self, fields: &mut [(Cow<'_, str>, Json<'_>)], place: Place) {
        let mut is_declaration = None;
        for i in 0..fields.len() {
            let treatment = Treatment::of(&fields[i].0);
            let declared = treatment == Some(Treatment::OutputVariables)
                && *is_declaration.get_or_insert_with(|| declares_an_action(fields));
            let (name, value) = &mut fields[i];
            if place != Place::Elsewhere && self.by_place(name, value, place) {
                continue;
            }
            match treatment {
                Some(treatment) if treatment.is_hash(self.approval) => self.hash(value),
                Some(Treatment::OutputVariables) if declared => self.blank_all_but_names(value),
                Some(Treatment::Opaque | Treatment::OutputVariables) => self.blank(value),
                Some(Treatment::NamedValues) => self.blank_values(value),
                Some(Treatment::Token | Treatment::ActionExecutionId) | None => self.value(value, place.below(name)),
            }
        }
    }

    /// Whether the place of a field says all about it.
    fn by_place(&mut self, name: &str, value: &mut Json<'_>, place: Place) -> bool {
        if place.is_caller(name) {
            return true;
        }
        if place.is_summary(name) && self.summary == Summary::Commands {
            self.blank(value);
            return true;
        }
        let written = place.is_written(name) || place.is_summary(name) && self.summary == Summary::Person;
        match value {
            Json::String(text) if written => {
                self.webhooks(text);
                true
            }
            _ => false,
        }
    }

    fn documents(&mut self, text: &mut Cow<'_, str>) {
        let rewritten = documents::rewritten(text, &mut |json| {
            let before = self.changes;
            if self.depth == DEEPEST {
                self.put(json, REDACTED.to_owned());
            } else {
                self.depth += 1;
                self.value(json, Place::Elsewhere);
                self.depth -= 1;
            }
            self.changes != before
        });
        if let Some(rewritten) = rewritten {
            *text = Cow::Owned(rewritten);
            // Its budget may have run out without any change of a document in it.
            self.changes += 1;
        }
    }

    fn webhooks(&mut self, text: &mut Cow<'_, str>) {
        if let Some(redacted) = webhook::redacted(text) {
            *text = Cow::Owned(redacted);
            self.changes += 1;
        }
    }

    fn put(&mut self, json: &mut Json<'_>, text: String) {
        *json = Json::String(Cow::Owned(text));
        self.changes += 1;
    }

    fn hash(&mut self, value: &mut Json<'_>) {
        match value {
            Json::Null => {}
            Json::String(text) if text == HIDDEN || text.is_empty() => {}
            // No token has one of these forms: AWS's are UUIDs.
            Json::String(text) if self.again && (is_hash(text) || text == REDACTED) => {}
            Json::String(text) => {
                let around = |c: char| c.is_whitespace() || matches!(c, '{' | '}');
                let hash = match shapes::uuid(text.trim_matches(around)) {
                    Some(uuid) => self.secrets.learn(uuid).to_owned(),
                    None => {
                        // Nothing else of it is looked for: a caller could choose a token that erases words.
                        for uuid in shapes::written(text) {
                            self.secrets.learn(uuid);
                        }
                        sha256_hex(text)
                    }
                };
                self.put(value, hash);
            }
            other => self.blank(other),
        }
    }

    /// Redacts every scalar below, keeping the names: that a setting was there is worth knowing.
    fn blank(&mut self, value: &mut Json<'_>) {
        match value {
            Json::Null => {}
            Json::Object(fields) => {
                for (name, value) in fields {
                    // Which function an action type runs is no secret.
                    if name != "lambdaFunctionArn" || !matches!(value, Json::String(_)) {
                        self.blank(value);
                    }
                }
            }
            Json::Array(items) => items.iter_mut().for_each(|item| self.blank(item)),
            Json::String(text) if text == REDACTED => {}
            scalar => {
                if self.quoted {
                    let text = scalar.text().filter(|text| text.len() >= SHORTEST_QUOTED);
                    self.blanked.extend(text.map(Cow::into_owned));
                }
                self.put(scalar, REDACTED.to_owned());
            }
        }
    }

    fn blank_all_but_names(&mut self, value: &mut Json<'_>) {
        let Json::Array(items) = value else {
            return self.blank(value);
        };
        for item in items {
            if !matches!(item, Json::String(_)) {
                self.blank(item);
            }
        }
    }

    /// Redacts a list of named values (`value`, `defaultValue`); names and descriptions stay. What is no
    /// such list, a map from name to value for one, is blanked.
    fn blank_values(&mut self, value: &mut Json<'_>) {
        let Json::Array(items) = value else {
            return self.blank(value);
        };
        for item in items {
            let Json::Object(fields) = item else {
                self.blank(item);
                continue;
            };
            for (name, value) in fields {
                let kept = ["name", "description", "type"]
                    .iter()
                    .any(|kept| kept.eq_ignore_ascii_case(name));
                if !(kept && matches!(value, Json::String(_))) {
                    self.blank(value);
                }
            }
        }
    }
}

/// Whether a text is a SHA-256 as the lake has it.
fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether the `detail` has an error message; the name may be given more than once.
fn has_message(detail: &Json<'_>) -> bool {
    let Json::Object(fields) = detail else { return false };
    let mut values = fields.iter().filter(|(name, _)| name == "errorMessage");
    values.any(|(_, value)| matches!(value, Json::String(_)))
}

fn declares_an_action(fields: &[(Cow<'_, str>, Json<'_>)]) -> bool {
    let action_type = fields
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("actionTypeId"));
    action_type.is_some_and(|(_, value)| matches!(value, Json::Object(_)))
}

/// Whether a text has a byte that every document, quoted document and webhook URL has: `{`, `\` or
/// `?`. Eight bytes at a time, the last eight of them maybe twice (Mycroft).
fn may_hold_something(text: &str) -> bool {
    const ONES: u64 = u64::MAX / 255;
    let marked = |eight: &[u8; 8]| {
        let eight = u64::from_le_bytes(*eight);
        let equal = |byte: u8| {
            let zero = eight ^ (ONES * u64::from(byte));
            zero.wrapping_sub(ONES) & !zero
        };
        (equal(b'{') | equal(b'\\') | equal(b'?')) & (ONES << 7) != 0
    };
    // Shorter than eight none of them is.
    text.as_bytes().last_chunk().is_some_and(marked) || text.as_bytes().as_chunks().0.iter().any(marked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_seen_at_every_place_and_nothing_else_is_one() {
        for byte in (0..0x80).map(char::from) {
            for at in 0..20 {
                let text = format!("{}{byte}{}", "z".repeat(at), "|".repeat(20 - at));
                assert_eq!(may_hold_something(&text), matches!(byte, '{' | '\\' | '?'), "{text}");
            }
        }
        assert!(!may_hold_something("é–\u{feff}ÿ") && !may_hold_something(""));
    }
}
