//! The question before anything is changed.

use crate::failure::{Result, UsageError};
use crate::terminal::printer;

/// Whether what was shown may be done: `--yes`, or a yes on the terminal. `otherwise` is said after a no.
///
/// # Errors
/// Without `--yes` and without a terminal; `hint` says how to run the command then.
pub(crate) async fn confirmed(yes: bool, question: &str, hint: &'static str, otherwise: &str) -> Result<bool> {
    if yes {
        return Ok(true);
    }
    if !printer::can_ask() {
        let message = "this needs a yes, and there is no terminal to ask on";
        return Err(UsageError::new(message, hint).into());
    }
    // On a thread of its own: a read from the terminal cannot be interrupted, and Ctrl-C must be seen.
    let question = question.to_owned();
    let yes = tokio::task::spawn_blocking(move || printer::ask(&question)).await?;
    if !yes {
        printer::say(otherwise);
    }
    Ok(yes)
}
