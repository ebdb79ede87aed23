//! What was typed at the prompt, for the next time: in `$XDG_STATE_HOME/pipetrail/history`, else
//! `~/.local/state/pipetrail/history`, readable by its owner alone. `PIPETRAIL_HISTORY` names another
//! file, or none when it is empty. A line that begins with a blank is not kept, answers never are.

use std::env;
use std::ffi::OsString;
use std::fs::{DirBuilder, OpenOptions};
use std::path::{Path, PathBuf};

use rustyline::Editor;
use rustyline::history::FileHistory;

use super::assistant::Assistant;
use crate::terminal::printer;

/// The prompt that a history belongs to.
pub(super) type Prompt = Editor<Assistant, FileHistory>;

/// Where the history is, if it is kept.
pub(super) fn path() -> Option<PathBuf> {
    path_of(
        env::var_os("PIPETRAIL_HISTORY"),
        env::var_os("XDG_STATE_HOME"),
        env::home_dir(),
    )
}

fn path_of(named: Option<OsString>, state: Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    if let Some(named) = named {
        return (!named.is_empty()).then(|| named.into());
    }
    // A relative path there is to be ignored, says the XDG specification.
    let state = state.map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || {
        home.filter(|path| path.is_absolute())
            .map(|home| home.join(".local/state"))
    };
    state.or_else(home).map(|state| state.join("pipetrail/history"))
}

/// The history as it is kept. What cannot be kept is said once and hinders nothing.
pub(super) struct Kept(Option<PathBuf>);

impl Kept {
    /// Reads what is kept in that file, or keeps nothing at all.
    pub(super) fn load(path: Option<PathBuf>, prompt: &mut Prompt) -> Self {
        let loaded = path.as_deref().map_or(Ok(()), |path| {
            make(path)?;
            prompt.load_history(path)
        });
        let mut kept = Kept(path);
        kept.noted(loaded);
        kept
    }

    /// Adds a line, at once: another prompt may be open.
    pub(super) fn add(&mut self, prompt: &mut Prompt, line: &str) {
        let added = prompt.add_history_entry(line).and_then(|is_new| match &self.0 {
            Some(path) if is_new => prompt.append_history(path),
            _ => Ok(()),
        });
        self.noted(added);
    }

    fn noted(&mut self, result: rustyline::Result<()>) {
        if let Err(error) = result
            && let Some(path) = self.0.take()
        {
            printer::say(&format!("no history is kept in {}: {error}", path.display()));
        }
    }
}

/// Makes the file, and its folder where it is missing, for their owner alone.
fn make(path: &Path) -> std::io::Result<()> {
    let mut folder = DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    if let Some(parent) = path.parent() {
        folder.create(parent)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_is_a_state_of_its_owner_and_can_be_elsewhere_or_nowhere() {
        let home = || Some(PathBuf::from("/home/jane"));
        let some = |text: &str| Some(OsString::from(text));
        let of = |named, state, home| path_of(named, state, home).map(|path| path.display().to_string());
        let default = Some("/home/jane/.local/state/pipetrail/history".to_owned());
        assert_eq!(of(None, None, home()), default);
        assert_eq!(
            of(None, some("/state"), home()),
            Some("/state/pipetrail/history".into())
        );
        assert_eq!(of(None, some("state"), home()), default);
        assert_eq!(of(some("h"), some("/state"), home()), Some("h".into()));
        assert_eq!(of(some(""), some("/state"), home()), None);
        assert_eq!(of(None, None, None), None);
    }
}
