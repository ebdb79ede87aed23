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

impl Limits {
    /// Most partitions whose rows are held in memory, by all workers together; when more come, all go to the
    /// temporary file.
    pub const PARTITIONS: usize = 4096;
}
