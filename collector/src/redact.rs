//! What must not be stored or logged in clear.
//!
//! - The **approval token**, and the action execution id of an approval action, which is the same
//!   UUID: whoever has it and the permission can decide the gate. Stored as SHA-256, so that the two
//!   still join by equality. Wherever else in the event the same UUID stands, in whatever form, it is
//!   replaced too, but for what says who called: a caller chooses his token, and must not erase
//!   himself with it.
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
        let mut walk = Walk::of(self);
        walk.event(&mut self.json);
        let Some(detail) = self.json.get_mut("detail") else {
            return;
        };
        let has_request = matches!(detail.get("requestParameters"), Some(Json::Object(_)));
        let Some(Json::String(message)) = detail.get_mut("errorMessage") else {
            return;
        };
        if let Some(unquoting) = message::without(message, &walk.blanked) {
            *message = Cow::Owned(unquoting);
        }
        if !has_request {
            *message = Cow::Owned(message::unquoted(message));
        }
    }
}
