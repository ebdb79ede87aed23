//! Ids of AWS. A value of one of these types has the form that AWS documents for it, so nobody behind
//! the edge checks it again.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A text that is no such id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected {expected}")]
pub struct IdError {
    /// The form that it should have, with an example.
    pub expected: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $admits:path, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
        pub struct $name(String);

        impl $name {
            /// Whether a text has the form: for who has no use for a copy of it.
            #[must_use]
            pub fn admits(text: &str) -> bool {
                $admits(text)
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::try_from(text.to_owned())
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                Self::admits(&text).then_some(Self(text)).ok_or(IdError { expected: $expected })
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        /// Collections of ids can be asked with a `&str`: equality and hash are the text's own.
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl serde::de::Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expected)
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        let unexpected = serde::de::Unexpected::Str(text);
                        text.parse().map_err(|_| E::invalid_value(unexpected, &self))
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }
    };
}

id! {
    /// An account: 12 digits. A text, because leading zeros are real.
    AccountId, is_account, "12 digits in quotes, for example \"111122223333\""
}

id! {
    /// An organizational unit, or the root, which takes a unit's place wherever one is named:
    /// `ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}` or `r-[0-9a-z]{4,32}` (Organizations API).
    OuId, is_ou, "an organizational unit like \"ou-ab12-cdefgh34\" or the root like \"r-ab12\", by its id"
}

id! {
    /// A region: lower-case words and a number, `us-gov-west-1` among them. Whether AWS has it is
    /// another question.
    Region, is_region, "the name of a region, for example \"eu-central-1\""
}

id! {
    /// The ARN of an IAM role.
    RoleArn, is_role_arn, "the ARN of a role, for example \"arn:aws:iam::111122223333:role/pipetrail\""
}

/// The partition in ARNs of a region, by the region's name.
#[must_use]
pub fn partition(region: &Region) -> &'static str {
    match region.as_str().split_once('-') {
        Some(("cn", _)) => "aws-cn",
        Some(("us", rest)) if rest.starts_with("gov-") => "aws-us-gov",
        _ => "aws",
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_ou(text: &str) -> bool {
    let part = |text: &str, least: usize| {
        let is_part = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_lowercase();
        (least..=32).contains(&text.len()) && text.bytes().all(is_part)
    };
    if let Some(root) = text.strip_prefix("r-") {
        return part(root, 4);
    }
    let unit = text.strip_prefix("ou-").and_then(|unit| unit.split_once('-'));
    unit.is_some_and(|(root, unit)| part(root, 4) && part(unit, 8))
}

fn is_region(text: &str) -> bool {
    let Some((words, number)) = text.rsplit_once('-') else {
        return false;
    };
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    words.contains('-')
        && words.split('-').all(is_word)
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_role_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", partition, "iam", "", account, resource]
        if partition.starts_with("aws") && is_account(account) && resource.strip_prefix("role/").is_some_and(|name| !name.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all<I: FromStr>(texts: &[&str], right: bool) {
        for text in texts {
            assert_eq!(text.parse::<I>().is_ok(), right, "{text}");
        }
    }

    #[test]
    fn ids_have_the_form_that_aws_documents() {
        all::<AccountId>(&["000000000001", "111122223333"], true);
        all::<AccountId>(&["", "12", "1111222233334", "11112222333x", "１１１１22223333"], false);
        all::<OuId>(&["r-ab12", "ou-ab12-cdefgh34"], true);
        all::<OuId>(
            &["", "payments", "r-a", "ou-ab12", "ou-ab12-short", "OU-ab12-cdefgh34"],
            false,
        );
        all::<Region>(&["eu-central-1", "us-gov-west-1", "ap-southeast-10"], true);
        all::<Region>(
            &["", "Frankfurt", "eu-central", "eu-1", "eu--1", "eu-central-1 "],
            false,
        );
        all::<RoleArn>(
            &[
                "arn:aws:iam::111122223333:role/a",
                "arn:aws-cn:iam::111122223333:role/p/a",
            ],
            true,
        );
        all::<RoleArn>(
            &[
                "",
                "arn:aws:iam::111122223333:role/",
                "arn:aws:iam::1:role/a",
                "arn:aws:iam::111122223333:user/a",
            ],
            false,
        );
    }

    #[test]
    fn an_error_says_what_the_form_is() {
        let error = "12".parse::<AccountId>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected 12 digits in quotes, for example \"111122223333\""
        );
    }

    #[test]
    fn a_region_says_which_partition_its_arns_have() {
        for (region, partition) in [
            ("eu-central-1", "aws"),
            ("cn-north-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
        ] {
            assert_eq!(super::partition(&region.parse().unwrap()), partition);
        }
    }
}
