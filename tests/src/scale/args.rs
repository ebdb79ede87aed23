//! The arguments of `cargo local-org scale`.

/// Measure what planning for a large organization costs
///
/// Drives the real binary against a responder in AWS's shapes on loopback, in four situations: a
/// first enrolment, a steady state, every hundredth stack instance missing, and then a unit that is
/// taken out of the configuration.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Enrolled accounts
    #[arg(long, default_value_t = 5000)]
    pub accounts: usize,
    /// Regions, at most 8
    #[arg(long, default_value_t = 4)]
    pub regions: usize,
    /// OUs that the accounts are spread over
    #[arg(long = "ous", default_value_t = 20)]
    pub units: usize,
    /// How long every answer takes
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 0)]
    pub latency_ms: u64,
    /// Throttle Organizations as AWS does: ListAccounts 8 calls a second, 12 at once
    #[arg(long)]
    pub throttle: bool,
    /// Print what organizations of four sizes cost a month instead, computed from list prices
    #[arg(long)]
    pub cost: bool,
    /// Events of CodePipeline an account, region and day, for --cost
    #[arg(long, default_value_t = 330)]
    pub events: u32,
}
