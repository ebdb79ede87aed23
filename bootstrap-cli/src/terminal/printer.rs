//! Standard output and standard error: nothing else writes to them. Data goes to the former, all the
//! rest to the latter; a pipe that is closed early is no error. Nothing here is coloured; clap's help
//! is, and honours `NO_COLOR`. Mail addresses are masked here, whatever they came in with: AWS echoes
//! them, and the ARN of who signed in by SSO ends in one.

use std::io::{self, BufRead, ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use pipetrail_lake::hostile::{self, masked};
use serde::Serialize;

/// The form of the data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Output {
    /// Tables for people.
    #[default]
    Table,
    /// One JSON document for programs.
    Json,
    /// Comma-separated values with a header, where the data is rows (`query`, `audit`).
    Csv,
}

/// How much goes to standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Volume {
    /// Errors and their hints.
    Quiet,
    /// Plan and progress too.
    Normal,
    /// Every call to AWS too.
    Verbose,
}

static VOLUME: OnceLock<Volume> = OnceLock::new();

/// Says how much is written from here on; only the first one counts.
pub(crate) fn set(volume: Volume) {
    let _ = VOLUME.set(volume);
}

/// How much is written.
pub(crate) fn volume() -> Volume {
    *VOLUME.get().unwrap_or(&Volume::Normal)
}

/// Whether every call to AWS is to be told.
pub(crate) fn is_verbose() -> bool {
    volume() == Volume::Verbose
}

/// Whether data was lost: standard output could not be written to.
static LOST: AtomicBool = AtomicBool::new(false);

/// Whether the reader of standard output has closed it.
static CLOSED: AtomicBool = AtomicBool::new(false);

/// Whether there is any use in writing more data.
pub(crate) fn has_reader() -> bool {
    !CLOSED.load(Ordering::Relaxed) && !has_lost()
}

/// Whether data was lost on its way to standard output.
pub(crate) fn has_lost() -> bool {
    LOST.load(Ordering::Relaxed)
}

/// Writes one line of data.
pub(crate) fn data(text: &str) {
    verbatim(&masked(text));
}

/// Writes text of pipetrail's own, in which an example may look like an address.
pub(crate) fn verbatim(text: &str) {
    raw(&format!("{}\n", text.trim_end()));
}

/// Whether standard output is a terminal, and how many columns it has.
pub(crate) fn terminal() -> Option<usize> {
    let stdout = io::stdout();
    // One that does not say how wide it is has what terminals have always had.
    let width = || terminal_size::terminal_size_of(&stdout).map_or(80, |(width, _)| usize::from(width.0));
    stdout.is_terminal().then(width)
}

/// Clears a terminal, and separates what follows elsewhere.
pub(crate) fn clear() {
    raw(if terminal().is_some() { "\x1b[2J\x1b[H" } else { "\n" });
}

/// Writes rows of an answer as they are: they are evidence, and what was asked for. Nothing is masked,
/// trimmed or added; whoever calls ends the lines.
pub(crate) fn raw(text: &str) {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => {}
        // Whoever closed the pipe has read enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => CLOSED.store(true, Ordering::Relaxed),
        // A full disk, for example: said once.
        Err(cause) if !LOST.swap(true, Ordering::Relaxed) => {
            error(&format!("cannot write to standard output: {cause}"), None);
        }
        Err(_) => {}
    }
}

/// Writes data as one JSON document.
///
/// # Errors
/// The value cannot be serialised.
pub(crate) fn json(value: &impl Serialize) -> serde_json::Result<()> {
    data(&serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Writes a line for people, unless they asked for quiet.
pub(crate) fn say(text: &str) {
    if volume() != Volume::Quiet {
        line(text);
    }
}

/// Writes an error, and the next command where one is known.
pub(crate) fn error(text: &str, hint: Option<&str>) {
    line(&format!("error: {text}"));
    if let Some(text) = hint {
        self::hint(text);
    }
}

/// Writes the next command to try.
pub(crate) fn hint(text: &str) {
    line(&format!("hint: {text}"));
}

/// Writes what to do next where nothing is wrong, unless they asked for quiet.
pub(crate) fn advice(text: &str) {
    if volume() != Volume::Quiet {
        hint(text);
    }
}

/// Writes a line about a call to AWS.
pub(crate) fn call(text: &str) {
    line(&format!("aws: {text}"));
}

/// Writes what is wrong with the command line, as clap says it.
pub(crate) fn misuse(text: &str) {
    line(text);
}

/// Writes a line to standard error, however quiet it should be.
pub(crate) fn line(text: &str) {
    // An error may quote what somebody else wrote.
    let text = hostile::lines(text.trim_end());
    let _ = writeln!(io::stderr().lock(), "{}", masked(&text));
}

/// Whether a question can be asked: nobody is to agree to a plan that quiet has kept from them.
pub(crate) fn can_ask() -> bool {
    volume() != Volume::Quiet && io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for a line, and waits for it. `None` when there is no more to read.
fn answer(question: &str) -> Option<String> {
    // Nothing is locked while it waits: an interruption has to be told meanwhile.
    let _ = write!(io::stderr(), "{question}");
    let _ = io::stderr().flush();
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer).unwrap_or(0);
    (read > 0).then(|| answer.trim().to_owned())
}

/// Asks a question; only `y` and `yes` are a yes, and whatever cannot be read is none. Blocks until there
/// is a line.
pub(crate) fn ask(question: &str) -> bool {
    let answer = answer(&format!("{question} [y/N] ")).unwrap_or_default();
    matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes")
}

/// Asks for a line, the default in brackets; an empty line takes it. `None` when there is no more to read.
pub(crate) fn question(question: &str, default: &str) -> Option<String> {
    let offered = if default.is_empty() {
        String::new()
    } else {
        format!(" [{default}]")
    };
    let answer = answer(&format!("{question}{offered}: "))?;
    Some(if answer.is_empty() { default.to_owned() } else { answer })
}
