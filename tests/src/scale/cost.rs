//! What an installation costs a month, by item: computed, from list prices and from what was measured.

use std::fmt::Write as _;

/// List prices of us-east-1 in USD, as of March to November 2026: public reproductions of AWS's price list, since
/// none of AWS's own pages could be opened. Check them before quoting.
mod price {
    pub(super) const EVENT: f64 = 1.00 / 1e6; // put by us, or sent to another account: the sender pays
    pub(super) const ARCHIVED_GB: f64 = 0.10;
    pub(super) const ARCHIVE_GB_MONTH: f64 = 0.023;
    pub(super) const INGESTED_GB: f64 = 0.029; // each record counts as a multiple of 5 KB
    pub(super) const CONVERTED_GB: f64 = 0.018;
    pub(super) const GB_SECOND: f64 = 0.000_016_666_7; // x86_64; arm64 is a fifth less
    pub(super) const INVOCATION: f64 = 0.20 / 1e6;
    pub(super) const PUT: f64 = 0.005 / 1e3; // LIST too
    pub(super) const GET: f64 = 0.000_4 / 1e3; // HEAD too
    pub(super) const S3_GB_MONTH: f64 = 0.023;
    pub(super) const GLUE_OBJECT_MONTH: f64 = 1.00 / 1e5; // beyond a million
    pub(super) const SCANNED_TB: f64 = 5.00;
    pub(super) const ALARM: f64 = 0.10;
    pub(super) const METRIC: f64 = 0.30;
    pub(super) const BETWEEN_REGIONS_GB: f64 = 0.02;
    pub(super) const ANALYZED_ROLE: f64 = 0.20; // IAM Access Analyzer, unused access; a third party's figure
}

const GB: f64 = 1e9;
/// Firehose counts in these.
const STEP: f64 = 5.0 * 1024.0;
const DAYS: f64 = 30.0;
const TABLES: f64 = 7.0;
/// That `ingest` alone fills.
const INGESTED: f64 = 1.0;
/// An envelope as it goes over the bus.
const ENVELOPE: f64 = 1_100.0;
/// A row in a settled file (docs/performance.md).
const ROW: f64 = 304.0;
/// Of the archive (the configuration's default).
const ARCHIVE_DAYS: f64 = 7.0;
/// Seconds between two files of a stream (the configuration's default).
const BUFFER: f64 = 300.0;
/// Records in a call of λ transform: a megabyte.
const BATCH: f64 = 900.0;
/// Seconds of such a call, with 512 MB: an assumption, mostly of what Lambda adds.
const TRANSFORM: f64 = 0.06;
/// Seconds in which λ settle settles a day of one account, and closes its month (docs/performance.md, docs/scale.md).
const SETTLED: f64 = 254.0 / 5_000.0;
const CLOSED: f64 = (180.0 + 380.0 + 530.0 + 4.0 * 180.0) / 1_000.0;
/// Seconds of an hourly look of λ settle at one table: an assumption.
const LOOK: f64 = 3.0;
const SETTLE_GB: f64 = 1.769;
/// Of the pipeline stack: its alarms, and the metrics that the functions write in a month in which each is written.
const ALARMS: f64 = 54.0;
const METRICS: f64 = 24.0;
/// Comparisons a month: λ watch looks into all members every third hour, and asks the lake every hour.
const COMPARISONS: f64 = DAYS * 24.0 / 3.0;
/// Seconds of a look into an account and region, eleven calls of 50 ms, and the accounts that are looked into at a time.
const COMPARED: f64 = 0.55;
const AT_ONCE: f64 = 64.0;
/// Seconds of an hourly run beside that, mostly waiting for Athena: an assumption.
const ASKED: f64 = 15.0;
const WATCH_GB: f64 = 1.024;
/// Days of arrivals that lie in landing, on average: until two hours after their day, and six hours more.
const LANDS: f64 = 0.5 + 8.0 / 24.0;
/// Bytes that Athena reads of a heartbeat, and of an API call, and the share of those among the events: assumptions.
const BEAT_READ: f64 = 40.0;
const CALL_READ: f64 = 60.0;
const CALLS: f64 = 0.1;
/// Athena charges for so many bytes of a query at least.
const LEAST: f64 = 10e6;
/// Questions of people a month, an assumption: so many read every column of every row of a month, and so many the least
/// that Athena bills.
const WHOLE: f64 = 4.0;
const SMALL: f64 = 100.0;
/// Events of a day of which those in `action_executions` are one unit of λ settle, 512 MiB: 1,400 accounts with 4 regions
/// and 330 events (docs/scale.md). Each unit makes a file for each account.
const UNIT: f64 = 1_400.0 * 4.0 * 330.0;
/// Bytes that λ watch remembers of an account and region; each version stays for 30 days.
const REMEMBERED: f64 = 120.0;

/// How much happens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) accounts: f64,
    pub(super) regions: f64,
    /// Of CodePipeline, an account, region and day.
    pub(super) events: f64,
}

/// USD a month.
pub(super) struct Item {
    pub(super) name: &'static str,
    pub(super) of_audit: bool,
    pub(super) cost: f64,
}

/// The bill of the twelfth month.
pub(super) fn bill(size: Size) -> Vec<Item> {
    let Size { accounts, regions, .. } = size;
    // A record of CloudTrail a day, which is forwarded like any other event.
    let canaries = accounts * regions * DAYS;
    let events = accounts * regions * size.events * DAYS + canaries;
    let beats = accounts * regions * 24.0 * DAYS;
    let records = events + beats;
    let billed = records * STEP / GB;
    let landed = TABLES * DAYS * 86_400.0 / BUFFER;
    // Heartbeats have one partition a day for all.
    let units = (accounts * regions * size.events / UNIT).ceil();
    let daily = accounts * (TABLES - 2.0 + units) * DAYS + DAYS;
    let closed = accounts * (TABLES - 1.0);
    let calls = (records / BATCH).max(TABLES * DAYS * 86_400.0 / 60.0);
    let hourly = (TABLES + INGESTED) * DAYS * 24.0;
    let seconds = accounts * (SETTLED * DAYS + CLOSED) + hourly * LOOK;
    // Each file is looked at until its day is settled.
    let looks = landed * 12.0;
    // What was landed and settled stays for 30 days as an old version.
    let stored = records * ROW * (12.0 + 2.0) / GB;
    let places = accounts * regions;
    let runs = DAYS * 24.0;
    let watched = runs * ASKED + COMPARISONS * places * COMPARED / AT_ONCE;
    let read = places * LANDS * (24.0 * BEAT_READ + size.events * CALLS * CALL_READ);
    let asked = runs * read.max(LEAST) / 1e12 * price::SCANNED_TB;
    // Two tables' files, each hour.
    let opened = runs * 2.0 * LANDS * 86_400.0 / BUFFER;
    let remembered = runs * places * REMEMBERED / GB;
    let partitions = (closed * 12.0 + 365.0 - 1e6).max(0.0);
    let member = |name, cost| Item {
        name,
        of_audit: false,
        cost,
    };
    let audit = |name, cost| Item {
        name,
        of_audit: true,
        cost,
    };
    let between = records * ENVELOPE * (regions - 1.0) / regions / GB;
    vec![
        member("forwarding", (records - canaries) * price::EVENT),
        member("canary", canaries * price::EVENT),
        member("heartbeats, put", beats * price::EVENT),
        member("transfer between regions", between * price::BETWEEN_REGIONS_GB),
        audit("Firehose, ingestion", billed * price::INGESTED_GB),
        audit("Firehose, conversion", billed * price::CONVERTED_GB),
        audit(
            "archive",
            events * ENVELOPE / GB * (price::ARCHIVED_GB + price::ARCHIVE_GB_MONTH * ARCHIVE_DAYS / DAYS),
        ),
        audit(
            "λ transform",
            calls * (price::INVOCATION + TRANSFORM * 0.5 * price::GB_SECOND),
        ),
        audit(
            "λ settle",
            hourly * price::INVOCATION + seconds * SETTLE_GB * price::GB_SECOND,
        ),
        audit("S3, PUT and LIST", (landed + daily + 2.0 * closed) * price::PUT),
        audit("S3, GET and HEAD", (looks + 2.0 * (landed + daily)) * price::GET),
        audit("S3, storage", stored * price::S3_GB_MONTH),
        audit("Glue, partitions", partitions * price::GLUE_OBJECT_MONTH),
        audit(
            "λ watch, comparison",
            runs * price::INVOCATION + watched * WATCH_GB * price::GB_SECOND,
        ),
        audit(
            "λ watch, silence",
            asked + opened * price::GET + runs * price::PUT + remembered * price::S3_GB_MONTH,
        ),
        audit(
            "queries",
            (WHOLE * records * ROW + SMALL * LEAST) / 1e12 * price::SCANNED_TB,
        ),
        audit("alarms and metrics", ALARMS * price::ALARM + METRICS * price::METRIC),
    ]
}

/// What each role costs where the organization analyzes unused access.
pub(super) fn roles(size: Size) -> f64 {
    // A forwarder in each region, and one reader an account.
    (size.accounts * (size.regions + 1.0) + 8.0) * price::ANALYZED_ROLE
}

/// A table of several sizes.
pub(super) fn table(sizes: &[Size]) -> String {
    let bills: Vec<Vec<Item>> = sizes.iter().map(|size| bill(*size)).collect();
    let mut out = String::new();
    let mut line = |name: &str, cells: Vec<String>| {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "| {name} | {} |", cells.join(" | "));
    };
    line(
        "USD a month",
        sizes.iter().map(|size| format!("{} accounts", size.accounts)).collect(),
    );
    line("---", sizes.iter().map(|_| "---:".to_owned()).collect());
    let dollars = |cost: f64| format!("{cost:.2}");
    let sum = |of_audit: bool| -> Vec<String> {
        let of = |bill: &Vec<Item>| {
            bill.iter()
                .filter(|item| item.of_audit == of_audit)
                .map(|item| item.cost)
                .sum()
        };
        bills.iter().map(|bill| dollars(of(bill))).collect()
    };
    for of_audit in [true, false] {
        for (index, item) in bills[0]
            .iter()
            .enumerate()
            .filter(|(_, item)| item.of_audit == of_audit)
        {
            line(item.name, bills.iter().map(|bill| dollars(bill[index].cost)).collect());
        }
        let whose = if of_audit {
            "**the audit account**"
        } else {
            "**all members together**"
        };
        line(whose, sum(of_audit));
    }
    line(
        "roles, where unused access is analyzed",
        sizes.iter().map(|size| dollars(roles(*size))).collect(),
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audit_account(accounts: f64) -> f64 {
        let size = Size {
            accounts,
            regions: 4.0,
            events: 330.0,
        };
        bill(size)
            .iter()
            .filter(|item| item.of_audit)
            .map(|item| item.cost)
            .sum()
    }

    #[test]
    fn the_doc_test_has_the_bill() {
        let sizes = [200.0, 2_000.0, 5_000.0, 20_000.0].map(|accounts| Size {
            accounts,
            regions: 4.0,
            events: 330.0,
        });
        pipetrail_unit::documents::part("docs/scale.md", "cost", &table(&sizes));
    }

    /// At 4 regions and 330 events a day (docs/scale.md).
    #[test]
    fn two_thousand_accounts_cost_at_most_sixty_dollars() {
        let cost = audit_account(2_000.0);
        assert!(cost <= 60.0, "{cost}");
    }

    #[test]
    fn nothing_grows_faster_than_the_accounts() {
        assert!(audit_account(20_000.0) <= 10.0 * audit_account(2_000.0));
    }
}
