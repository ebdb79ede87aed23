//! The files of `audits/` and `audits/shared/` as the build embeds them: names and texts, by name.

include!(concat!(env!("OUT_DIR"), "/audits.rs"));
