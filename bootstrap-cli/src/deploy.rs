//! Bringing the configuration into the organization: what it asks for, what comes before and after a
//! plan, and carrying it out for people.

pub(crate) mod adopted_lake;
pub(crate) mod carry_out;
pub(crate) mod deployer;
pub(crate) mod desired;
pub(crate) mod enrolment;
pub(crate) mod function_zips;
pub(crate) mod listing;
pub(crate) mod losses;
pub(crate) mod named_queries;
pub(crate) mod plan_file;
pub(crate) mod prepare;
pub(crate) mod roster;
pub(crate) mod step;
