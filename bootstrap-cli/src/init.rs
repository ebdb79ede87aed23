//! Writing the first pipetrail.toml.
