//! What people and programs see: standard output and standard error, tables, questions, the prompt.

pub(crate) mod answer;
pub(crate) mod confirm;
pub(crate) mod listing;
pub(crate) mod printer;
pub(crate) mod progress;
pub(crate) mod prompt;
