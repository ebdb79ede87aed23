//! What the run's own resources are called: its stack, bucket, queue and delivery stream. No installation has them, and
//! no policy names them.

/// The stack, the queue and the stream, and what the bucket's name begins with.
pub(super) const SMOKE: &str = "pipetrail-smoke";
