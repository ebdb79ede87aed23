//! What can happen to a call.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It never reaches the emulator; the caller gets HTTP 500.
    Refused,
    /// The emulator does its work, but the connection breaks before the answer.
    AnswerLost,
    /// The emulator does its work, and the answer waits for ever: the moment to kill the caller.
    Hangs,
    /// It never reaches the emulator, and no answer comes: the moment to kill the caller, one step
    /// earlier.
    Stalls,
    /// It never reaches the emulator; the caller gets AWS's error of that code, in the shape of the
    /// call's protocol.
    Error(&'static str),
    /// A list call gets a page without items and with a token; asked with that token, the emulator
    /// answers as to the first call.
    EmptyPage,
}
