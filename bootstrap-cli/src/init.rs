//! The first pipetrail.toml: what can be found out about an organization, the answers that are still
//! missing, and the file that follows from them.

mod answers;
mod file;
mod find;

pub use self::answers::{Given, Unanswered, complete};
pub use self::file::{Answers, render};
pub use self::find::{Found, find};
