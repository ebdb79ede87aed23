//! What of an organization is enrolled.

/// The home Region, where the audit account's stacks stand.
pub const HOME: &str = "eu-central-1";
/// The other Region that is always enrolled.
pub const SECOND: &str = "eu-west-1";
/// How many members are enrolled at least.
pub const MEMBERS: usize = 6;

/// What is to be enrolled.
#[derive(Clone, Debug)]
pub struct Enrolment {
    pub members: usize,
    /// Regions, the home Region first.
    pub regions: Vec<String>,
    /// Members, by their index, that get an alert topic of their own.
    pub account_topics: Vec<usize>,
}

impl Default for Enrolment {
    fn default() -> Self {
        Self {
            members: MEMBERS,
            regions: vec![HOME.to_owned(), SECOND.to_owned()],
            account_topics: vec![],
        }
    }
}
