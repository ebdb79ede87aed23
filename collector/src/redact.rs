//! What must not be stored or logged in clear.
//!
//! - The **approval token**, and the action execution id of an approval action, which is the same
//!   UUID: whoever has it and the permission can decide the gate. Stored as SHA-256 of the form that AWS
//!   sends, so that every form of the two joins by equality. Wherever else in the event the same UUID
//!   stands, in whatever form, it is replaced too, but for what says who called: a caller chooses his
//!   token, and must not erase himself with it. For the same reason a name of a pipeline, a stage or an
//!   action stays that is the base64 of its bytes.
//! - **Values that customers may have put secrets in**: pipeline variables, action configuration,
//!   environment variables, commands and what they print, and credentials in the job and webhook
//!   calls. Replaced by [`REDACTED`].
//!
//! What a person wrote is evidence: it is never read as configuration. Field names are compared
//! without regard to case.

mod documents;
mod encodings;
mod fields;
mod marks;
mod message;
mod secrets;
mod shapes;
#[cfg(test)]
mod tests;
mod walk;
mod webhook;
mod written;

use std::borrow::Cow;

use crate::event::Event;
use crate::json::Json;
pub(crate) use marks::HIDDEN;
pub use marks::REDACTED;
use walk::Walk;

impl Event<'_> {
    /// Redacts the event in place, in time linear in its length. The event key must be computed before.
    pub fn redact(&mut self) {
        self.redact_by(Walk::of(self));
    }

    /// Redacts an event that was redacted before, as the column `raw` keeps it: the hash of a token stays.
    pub fn redact_again(&mut self) {
        self.redact_by(Walk::of_redacted(self));
    }

    fn redact_by(&mut self, mut walk: Walk) {
        walk.event(&mut self.json);
        // Before the tokens are replaced, because a value may contain one.
        message::without(&mut messages(&mut self.json), &walk.blanked);
        walk.replace_tokens(&mut self.json);
        if !matches!(self.at(&["detail", "requestParameters"]), Some(Json::Object(_))) {
            for message in messages(&mut self.json) {
                *message = Cow::Owned(message::unquoted(message));
            }
        }
    }
}

/// The error message of an event, and each of them where the name is given more than once.
fn messages<'e, 'a>(envelope: &'e mut Json<'a>) -> Vec<&'e mut Cow<'a, str>> {
    let Some(Json::Object(fields)) = envelope.get_mut("detail") else {
        return Vec::new();
    };
    let texts = fields.iter_mut().filter_map(|(name, value)| match value {
        Json::String(text) if name == "errorMessage" => Some(text),
        _ => None,
    });
    texts.collect()
}
