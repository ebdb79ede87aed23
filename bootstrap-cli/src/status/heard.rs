//! What to do where the lake cannot say what it has heard.

pub(crate) use pipetrail_lake::heard::{Heard, HeardError, Question, Signs, Topic, ask};

use pipetrail_lake::engine::{AthenaError, EngineError};

use crate::failure::Explain;

/// The next thing to try.
pub(crate) fn hint(error: &HeardError) -> String {
    let otherwise = "`--no-lake` leaves the lake out";
    match error {
        // Nobody here wrote the query, or could name fewer months in it.
        HeardError::Engine(EngineError::Athena(error @ AthenaError::Ended { .. })) if error.is_over_limit() => {
            format!("raise athena.scan_limit_gb and run `pipetrail apply`; {otherwise}")
        }
        HeardError::Engine(EngineError::Athena(AthenaError::Ended { .. })) | HeardError::Columns(_) => {
            format!("`pipetrail apply` brings the tables up to date; {otherwise}")
        }
        HeardError::Engine(error) => match error.hint() {
            Some(hint) => format!("{hint}; {otherwise}"),
            None => otherwise.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use pipetrail_lake::engine::athena::Telling;
    use pipetrail_lake::engine::{Athena, Engine};

    use super::*;
    use crate::canned::serve;

    const STARTED: (u16, &str) = (200, r#"{"QueryExecutionId": "q"}"#);

    /// With the answers in turn, each a status and a body.
    async fn hints(answers: &[(u16, &str)]) -> String {
        let answers: Vec<_> = answers.iter().map(|(status, body)| ("", *status, *body)).collect();
        let engine = Engine::Athena(Athena::of(&serve(&answers), Telling::SILENT));
        let question = Question {
            topic: Topic::Everything,
            now: Timestamp::UNIX_EPOCH,
            silent_after: SignedDuration::ZERO,
        };
        hint(&ask(&engine, &question).await.unwrap_err())
    }

    #[tokio::test]
    async fn every_hint_says_how_to_do_without_the_lake() {
        let ended = |reason: &str| {
            format!(r#"{{"QueryExecution": {{"Status": {{"State": "FAILED", "StateChangeReason": "{reason}"}}}}}}"#)
        };
        for (reason, hint) in [
            ("Bytes scanned limit was exceeded", "athena.scan_limit_gb"),
            ("TABLE_NOT_FOUND", "pipetrail apply"),
        ] {
            let hints = hints(&[STARTED, (200, &ended(reason))]).await;
            assert!(hints.contains(hint) && hints.contains("--no-lake"), "{hints}");
        }
        for (code, hint) in [
            ("AccessDeniedException", "athena:StartQueryExecution"),
            ("InvalidRequestException", "makes workgroup"),
        ] {
            let refused = format!(r#"{{"__type": "{code}", "message": "no"}}"#);
            let hints = hints(&[(400, &refused)]).await;
            assert!(hints.contains(hint) && hints.contains("--no-lake"), "{code}: {hints}");
        }
    }
}
