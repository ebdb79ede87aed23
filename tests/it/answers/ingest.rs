//! `pipetrail ingest`: every input, every wrong input.
