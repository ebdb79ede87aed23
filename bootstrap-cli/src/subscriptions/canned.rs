//! A real SNS client against answers written down beforehand, for what the emulator does not show.

use aws_sdk_sns::Client;

use crate::canned::serve;

/// A client whose calls get these answers, status and body, one after the other.
pub(crate) fn sns(answers: &[(u16, &str)]) -> Client {
    let answers: Vec<_> = answers.iter().map(|(status, body)| ("", *status, *body)).collect();
    Client::new(&serve(&answers))
}

/// SNS's answer to a refused call.
pub(crate) fn error(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    )
}
