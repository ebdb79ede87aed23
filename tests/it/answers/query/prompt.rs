//! The prompt in a pseudo-terminal, which Python's standard library opens and types into.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use pipetrail_tests::environment::{Ran, TestEnvironment};

use super::alone::alone;

/// Types line after line, each once the prompt waits for it, and writes what the terminal showed.
const TYPIST: &str = r#"
import fcntl, os, pty, select, struct, sys, termios, time
lines, command = sys.argv[1].split("\x1f"), sys.argv[2:]
child, terminal = pty.fork()
if child == 0:
    os.execv(command[0], command)
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 60, 0, 0))
shown, last, end = b"", time.time(), time.time() + 60
def until(done):
    global shown, last
    while time.time() < end and not done():
        if select.select([terminal], [], [], 0.05)[0]:
            try:
                read = os.read(terminal, 65536)
            except OSError:
                return
            if not read:
                return
            shown, last = shown + read, time.time()
# Bracketed paste is on while a line is read.
reads = lambda: shown.count(b"\x1b[?2004h") > shown.count(b"\x1b[?2004l") and time.time() > last + 0.3
for line in lines:
    # Ctrl-C alone is for a query that runs: three seconds later it does.
    begun = time.time()
    until((lambda: time.time() > begun + 3) if line == "\x03" else reads)
    count = len(shown)
    os.write(terminal, line.encode())
    until(lambda: len(shown) > count)
until(lambda: False)
_, status = os.waitpid(child, 0)
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(status))
"#;

/// What the terminal showed while these lines were typed into a command of the environment, and the
/// exit code.
pub(in crate::answers) fn typed(environment: &TestEnvironment, into: &Command, lines: &[&str]) -> (String, i32) {
    let mut command = environment.clone().with("TERM", "xterm").command("python3");
    command.args(["-c", TYPIST, &lines.join("\x1f")]);
    command.arg(into.get_program()).args(into.get_args());
    let ran = Ran::from(command.output().unwrap());
    (ran.stdout.replace('\r', "") + &ran.stderr, ran.code.unwrap())
}

#[test]
fn lines_become_statements_and_wrong_ones_do_not_end_the_prompt() {
    let alone = alone();
    let prompt = alone.command(&["query", "--lake", "lake"]);
    let (shown, code) = typed(
        &alone.environment,
        &prompt,
        &[
            "SELECT 40 + 2 AS answer,\r",
            "  ';' AS semicolon;\r",
            "DROP TABLE approval_calls;\r",
            "SELECT no_such_column FROM approval_calls;\r",
            "\\o csv\r",
            " SELECT 'not kept' AS secret;\r",
            "sel\t count(*) AS none from heartb\t;\r",
            "\\d heartb\t\r",
            "half a statement\x03",
            "\x04",
        ],
    );
    assert_eq!(code, 0, "{shown}");
    for expected in [
        "answer  semicolon\n    42  ;\n1 row in ",
        "error: only what reads is sent, and this begins with DROP\n",
        "secret\nnot kept\n",
        "none\n0\n1 row in ",
        "scheduled_time  string  ",
    ] {
        assert!(shown.contains(expected), "{expected:?} is not in {shown}");
    }

    // Typed, and said.
    assert!(shown.matches("no_such_column").count() > 1, "{shown}");

    let history = alone.path(".local/state/pipetrail/history");
    assert_eq!(fs::metadata(&history).unwrap().permissions().mode() & 0o777, 0o600);
    let kept = fs::read_to_string(history).unwrap();
    assert!(kept.contains("select count(*) AS none from heartbeats;"), "{kept}");
    assert!(
        kept.contains("SELECT 40 + 2 AS answer,\\n  ';' AS semicolon;"),
        "{kept}"
    );
    assert!(
        !kept.contains("not kept") && !kept.contains("half a statement"),
        "{kept}"
    );

    // What was typed comes back.
    let (shown, code) = typed(&alone.environment, &prompt, &["\x1b[A\x1b[A\r", "exit\r"]);
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("none\n") && shown.contains("   0\n1 row in "), "{shown}");
}
