//! Gates of pipelines: what a call took away from them or changed, as subscribers hear of it.
//!
//! A gate is a manual approval action, or a rule that a stage checks on entry or after success. Pure:
//! [`call`] reads a message, [`outline`] keeps of a structure what gates need, [`compare`] tells two of them apart,
//! [`history`] puts the calls of a pipeline in order whatever the order of their delivery, and [`change`] is what is
//! recorded and published.

pub mod call;
pub mod change;
pub mod compare;
pub mod history;
pub mod outline;
