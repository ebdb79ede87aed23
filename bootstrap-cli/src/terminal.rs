//! What people and programs see: standard output and standard error, tables, questions, the prompt.

pub mod answer;
pub mod confirm;
pub mod listing;
pub mod printer;
pub mod progress;
pub mod prompt;
