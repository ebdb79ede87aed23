//! Whether a run has changed anything: what tells "failed" from "partly applied".

use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, Fault};

/// Whether a write call may have reached AWS.
#[derive(Debug, Default)]
pub(crate) struct Written(AtomicBool);

impl Written {
    /// Takes note of a write call's answer. Only a refusal is known to have changed nothing: a call
    /// without an answer may have been carried out.
    pub(crate) fn note<T>(&self, answer: Result<T, Error>) -> Result<T, Error> {
        let refused = matches!(
            answer,
            Err(Error::Aws {
                fault: Fault::Refused { .. },
                ..
            })
        );
        if !refused {
            self.0.store(true, Ordering::Relaxed);
        }
        answer
    }

    /// Whether anything was written since the last time this was asked.
    pub(crate) fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(fault: Fault) -> Result<(), Error> {
        Err(Error::Aws {
            action: "create stack x".into(),
            fault,
        })
    }

    #[test]
    fn only_a_refusal_is_known_to_have_changed_nothing() {
        let written = Written::default();
        let refused = Fault::Refused {
            code: "AccessDenied".into(),
            message: "no".into(),
        };
        assert!(written.note(fault(refused)).is_err() && !written.take());
        assert!(written.note(fault(Fault::Unanswered("timeout".into()))).is_err() && written.take());
        assert!(written.note(Ok(())).is_ok() && written.take() && !written.take());
    }
}
