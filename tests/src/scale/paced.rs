//! How fast AWS lets one call: token buckets with the published rates of Organizations.

use std::collections::BTreeMap;
use std::time::Instant;

/// Calls a second and calls at once, for one account (AWS Organizations, *Quotas*: throttling
/// limits).
const LIMITS: [(&str, f64, f64); 8] = [
    ("DescribeOrganization", 1.0, 2.0),
    ("DescribeOrganizationalUnit", 2.0, 2.0),
    ("ListAWSServiceAccessForOrganization", 1.0, 3.0),
    ("ListAccounts", 8.0, 12.0),
    ("ListAccountsForParent", 5.0, 8.0),
    ("ListDelegatedAdministrators", 5.0, 8.0),
    ("ListOrganizationalUnitsForParent", 5.0, 8.0),
    ("ListRoots", 1.0, 2.0),
];

#[derive(Debug, Default)]
pub(super) struct Buckets(BTreeMap<&'static str, (f64, Option<Instant>)>);

impl Buckets {
    /// Whether one more call of that operation is let through now.
    pub(super) fn take(&mut self, operation: &str, now: Instant) -> bool {
        let Some((name, rate, burst)) = LIMITS.iter().find(|(name, _, _)| *name == operation) else {
            return true;
        };
        let (tokens, last) = self.0.entry(name).or_insert((*burst, None));
        let since = last.map_or(0.0, |last| now.duration_since(last).as_secs_f64());
        *tokens = (*tokens + since * rate).min(*burst);
        *last = Some(now);
        if *tokens < 1.0 {
            return false;
        }
        *tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_bucket_lets_its_burst_through_and_then_its_rate() {
        let mut buckets = Buckets::default();
        let began = Instant::now();
        let taken = (0..20).filter(|_| buckets.take("ListAccounts", began)).count();
        assert_eq!(taken, 12);
        let later = began + Duration::from_millis(500);
        let taken = (0..20).filter(|_| buckets.take("ListAccounts", later)).count();
        assert_eq!(taken, 4);
        assert!(
            buckets.take("GetCallerIdentity", began),
            "what has no limit here is let through"
        );
    }
}
