//! Fixed names of the project (docs/reference.md) that the local organization asks for. They are written
//! out here again, so that a name that changes fails the tests. The relay uses none of them.

/// Glue database and Athena workgroup.
pub const DATABASE: &str = "pipetrail";
/// Topic of the alerts.
pub const ALERTS: &str = "pipetrail-alerts";
/// Prefix of the lake under which records lie that became no row.
pub const ERRORS: &str = "errors/";

/// Name of a bucket of the audit account: `lake` or `evidence`.
#[must_use]
pub fn bucket(kind: &str, account: &str, region: &str) -> String {
    format!("pipetrail-{kind}-{account}-{region}")
}

/// ARN of a table's delivery stream.
#[must_use]
pub fn stream(table: &str, account: &str, region: &str) -> String {
    let name = table.replace('_', "-");
    format!("arn:aws:firehose:{region}:{account}:deliverystream/pipetrail-{name}")
}
