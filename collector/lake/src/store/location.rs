//! Where a lake is.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where a lake is, as the command line names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A folder.
    Folder(PathBuf),
    /// A bucket and a prefix below it (without slashes at its ends; empty for the bucket itself).
    Bucket { bucket: String, prefix: String },
}

impl FromStr for Location {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected a folder or s3://bucket/prefix";
        let Some(rest) = text.strip_prefix("s3://") else {
            // Another scheme is a slip, not a folder's name.
            return match text.contains("://") || text.is_empty() {
                true => Err(EXPECTED),
                false => Ok(Location::Folder(text.into())),
            };
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if bucket.is_empty() || !bucket.bytes().all(is_name) {
            return Err(EXPECTED);
        }
        Ok(Location::Bucket {
            bucket: bucket.to_owned(),
            prefix: prefix.trim_matches('/').to_owned(),
        })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Location::Folder(path) => write!(f, "{}", path.display()),
            Location::Bucket { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Location::Bucket { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_folder_or_a_bucket_and_is_printed_as_it_was_named() {
        for place in ["lake", "/a/b c", "s3://bucket", "s3://bucket/a/b"] {
            assert_eq!(place.parse::<Location>().unwrap().to_string(), place);
        }
        let slashes: Location = "s3://bucket/a/".parse().unwrap();
        assert_eq!(slashes.to_string(), "s3://bucket/a");
        for wrong in [
            "",
            "s3://",
            "s3:///a",
            "s3://a b/c",
            "gs://bucket",
            "https://example.com/lake",
        ] {
            assert!(wrong.parse::<Location>().is_err(), "{wrong}");
        }
    }
}
