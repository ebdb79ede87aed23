//! What `ingest` writes, beside what the cloud path writes for the same events.
