//! Bringing the configuration into the organization: what it asks for, what comes before and after a
//! plan, and carrying it out for people.

pub mod adopted_lake;
pub mod carry_out;
pub mod desired;
pub mod enrolment;
pub mod function_zips;
pub mod listing;
pub mod named_queries;
pub mod outcome;
pub mod plan_file;
pub mod prepare;
pub mod step;
