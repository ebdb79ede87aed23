//! An error on one line.

use std::error::Error;

/// An error and its causes, joined by `: `.
///
/// A cause that the text before it repeats is left out, and so is the request that the SDK prints into
/// some errors: requests can hold secrets.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = told(error);
    for cause in std::iter::successors(error.source(), |&cause| cause.source()) {
        let next = told(cause);
        if !text.ends_with(&next) {
            text.extend([": ", &next]);
        }
    }
    text
}

fn told(error: &(dyn Error + 'static)) -> String {
    let text = error.to_string();
    match text.split_once(" to request `Request {") {
        Some((before, _)) => before.to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use thiserror::Error;

    use super::*;

    #[derive(Debug, Error)]
    #[error("{text}")]
    struct Link {
        text: &'static str,
        source: Option<Box<Link>>,
    }

    fn link(text: &'static str, source: Option<Link>) -> Link {
        let source = source.map(Box::new);
        Link { text, source }
    }

    #[test]
    fn a_cause_that_is_repeated_is_written_once() {
        let repeated = link("cannot read: no such file", Some(link("no such file", None)));
        assert_eq!(chain(&repeated), "cannot read: no such file");
        let new = link("cannot read", Some(link("no such file", None)));
        assert_eq!(chain(&new), "cannot read: no such file");
    }

    #[test]
    fn a_request_is_never_shown() {
        let error = link(
            "failed to apply endpoint `x` to request `Request { body: secret }`",
            None,
        );
        assert_eq!(chain(&error), "failed to apply endpoint `x`");
    }
}
