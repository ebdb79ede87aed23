//! Text of others where people look: names of branches, comments, error messages. Whoever wrote it must
//! not hide anything in it, turn a line around, move a terminal's cursor, or make a spreadsheet compute.
//! Pure.
//!
//! One table of characters ([`is_dangerous`]); all else here is a view of it.

mod addresses;
mod characters;
mod page;
mod terminal;

pub use addresses::masked;
pub use characters::is_dangerous;
pub use page::{inert, visible};
pub use terminal::{json, line, lines};
