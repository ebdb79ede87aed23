//! Operation ids: StackSets' idempotency token, made from the desired state and an attempt number.
//!
//! The same id twice is refused (OperationIdAlreadyExists), so a second `pipetrail` running at the
//! same time joins the first one's operation; one that is still at work when a plan is made becomes a
//! step of it. A new id is what makes AWS try an instance again.

use crate::template::short_digest;

/// What our operations' ids begin with.
const PREFIX: &str = "pipetrail-";

/// An operation of the stack set, as listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Operation {
    pub(crate) id: String,
    /// `RUNNING`, `SUCCEEDED`, `FAILED`, `STOPPING`, `STOPPED` or `QUEUED`.
    pub(crate) status: String,
}

impl Operation {
    /// Whether a run of pipetrail began it.
    pub(crate) fn is_ours(&self) -> bool {
        self.id.starts_with(PREFIX)
    }

    /// Whether it will still change something.
    pub(crate) fn is_open(&self) -> bool {
        is_open(&self.status)
    }
}

/// Whether an operation of that status will still change something.
pub(crate) fn is_open(status: &str) -> bool {
    matches!(status, "RUNNING" | "QUEUED" | "STOPPING")
}

/// The id for bringing about the state that `parts` describe: `pipetrail-<16 hex digits>-<attempt>`.
///
/// An open operation for the same state is joined; else the attempt after the last one is next.
pub(crate) fn next_id(parts: &[&str], operations: &[Operation]) -> String {
    // The length in front keeps ["ab", "c"] and ["a", "bc"] apart.
    let text: String = parts.iter().map(|part| format!("{}:{part}", part.len())).collect();
    let prefix = format!("{PREFIX}{}-", short_digest(text.as_bytes()));
    let ours = operations.iter().filter_map(|operation| {
        let attempt: u32 = operation.id.strip_prefix(&prefix)?.parse().ok()?;
        Some((attempt, operation.is_open()))
    });
    let attempt = match ours.max() {
        Some((last, true)) => last,
        Some((last, false)) => last + 1,
        None => 1,
    };
    format!("{prefix}{attempt}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(id: &str, status: &str) -> Operation {
        Operation {
            id: id.into(),
            status: status.into(),
        }
    }

    #[test]
    fn the_same_state_gives_the_same_id_and_another_one_another() {
        let id = next_id(&["template", "ou-1"], &[]);
        assert!(id.starts_with("pipetrail-") && id.ends_with("-1") && id.len() <= 128);
        assert_eq!(id, next_id(&["template", "ou-1"], &[]));
        assert_ne!(id, next_id(&["templateo", "u-1"], &[]));
    }

    #[test]
    fn a_finished_attempt_is_followed_by_the_next_and_an_open_one_is_joined() {
        let first = next_id(&["x"], &[]);
        let second = first.replace("-1", "-2");
        assert!(next_id(&["x"], &[operation(&first, "FAILED")]).ends_with("-2"));
        assert_eq!(next_id(&["x"], &[operation(&first, "QUEUED")]), first);
        let both = [
            operation(&second, "RUNNING"),
            operation(&first, "FAILED"),
            operation("unrelated", "RUNNING"),
        ];
        assert_eq!(next_id(&["x"], &both).rsplit('-').next(), Some("2"));
    }
}
