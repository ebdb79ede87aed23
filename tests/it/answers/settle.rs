//! Landing to partitions by the real command: answers do not change on the way, and nothing is lost.

mod killed;
mod stages;
