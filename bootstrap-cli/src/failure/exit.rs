//! Exit codes: one place decides them.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: it did what it should, or had nothing to do.
    Ok,
    /// 1: it failed and changed nothing.
    Failed,
    /// 2: wrong usage or configuration; nothing was changed.
    Usage,
    /// 3: there is something to do, and `plan --check` asked.
    Pending,
    /// 4: a part of it is done.
    Partly,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Ok => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Pending => 3,
            Exit::Partly => 4,
        })
    }
}
