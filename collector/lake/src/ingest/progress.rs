//! Who is told how far a run has come.

/// Hears of bytes read, then of partitions written. Called by several threads at once.
pub trait Progress: Sync {
    /// So many bytes more are read, as they lie there: packed ones count packed.
    fn read(&self, bytes: u64);
    /// Reading is over, and so many partitions are to be written.
    fn partitions(&self, count: usize);
    /// One partition more is written.
    fn written(&self);
}
