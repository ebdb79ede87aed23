//! What a run may use.

use std::path::PathBuf;

/// How much of the machine is used.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Worker threads.
    pub jobs: usize,
    /// Bytes of rows that are held in memory.
    pub memory: usize,
    /// Folder of the temporary file for those beyond.
    pub temp: PathBuf,
}
