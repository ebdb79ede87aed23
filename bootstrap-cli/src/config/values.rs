//! The values of `pipetrail.toml`: each type admits what AWS admits, and says so in its error.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Unexpected, Visitor};

/// A string with a rule.
pub struct Text<R>(String, PhantomData<R>);

/// What a string must look like.
pub trait Rule {
    /// What to write instead, to follow "expected".
    const EXPECTED: &'static str;
    /// Whether the string is never to be shown, in errors neither.
    const PRIVATE: bool = false;
    /// Whether `text` follows the rule.
    fn admits(text: &str) -> bool;
}

impl<R> AsRef<str> for Text<R> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<R> Clone for Text<R> {
    fn clone(&self) -> Self {
        Text(self.0.clone(), PhantomData)
    }
}

/// For the command line: the same rule and the same words as in the file.
impl<R: Rule> FromStr for Text<R> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if R::admits(text) {
            Ok(Text(text.to_owned(), PhantomData))
        } else {
            Err(format!("expected {}", R::EXPECTED))
        }
    }
}

impl<R: Rule> fmt::Debug for Text<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if R::PRIVATE {
            return f.write_str("(private)");
        }
        write!(f, "{:?}", self.0)
    }
}

impl<R> PartialEq for Text<R> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<'de, R: Rule> Deserialize<'de> for Text<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Checked<R>(PhantomData<R>);
        impl<R: Rule> Visitor<'_> for Checked<R> {
            type Value = Text<R>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(R::EXPECTED)
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                if R::admits(text) {
                    Ok(Text(text.to_owned(), PhantomData))
                } else {
                    let found = if R::PRIVATE {
                        Unexpected::Other("a private string")
                    } else {
                        Unexpected::Str(text)
                    };
                    Err(E::invalid_value(found, &self))
                }
            }
        }
        deserializer.deserialize_str(Checked(PhantomData))
    }
}

/// An account id. A string, because leading zeros are real.
pub type AccountId = Text<Account>;
/// An organizational unit or a root.
pub type UnitId = Text<Unit>;
/// A region's name.
pub type RegionName = Text<Region>;
/// The ARN of a role.
pub type RoleArn = Text<Role>;
/// An e-mail address, never printed.
pub type Email = Text<Address>;
/// A schedule expression.
pub type Schedule = Text<Expression>;

impl Default for Schedule {
    fn default() -> Self {
        Text("rate(1 hour)".to_owned(), PhantomData)
    }
}

/// Rule of [`AccountId`].
pub enum Account {}
impl Rule for Account {
    const EXPECTED: &'static str = "12 digits in quotes, for example \"111122223333\"";
    fn admits(text: &str) -> bool {
        text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
    }
}

/// Rule of [`UnitId`], from the Organizations API: `r-[0-9a-z]{4,32}` and
/// `ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}`.
pub enum Unit {}
impl Rule for Unit {
    const EXPECTED: &'static str =
        "an organizational unit like \"ou-ab12-cdefgh34\" or the root like \"r-ab12\", by its id";
    fn admits(text: &str) -> bool {
        let part = |text: &str, least: usize| {
            (least..=32).contains(&text.len())
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
        };
        if let Some(root) = text.strip_prefix("r-") {
            return part(root, 4);
        }
        let unit = text.strip_prefix("ou-").and_then(|unit| unit.split_once('-'));
        unit.is_some_and(|(root, unit)| part(root, 4) && part(unit, 8))
    }
}

/// Rule of [`RegionName`]: lower-case words and a number, `us-gov-west-1` among them.
pub enum Region {}
impl Rule for Region {
    const EXPECTED: &'static str = "the name of a region, for example \"eu-central-1\"";
    fn admits(text: &str) -> bool {
        let parts: Vec<&str> = text.split('-').collect();
        let Some((number, words)) = parts.split_last() else {
            return false;
        };
        words.len() >= 2
            && words
                .iter()
                .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()))
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
    }
}

/// Rule of [`RoleArn`].
pub enum Role {}
impl Rule for Role {
    const EXPECTED: &'static str = "the ARN of a role, for example \"arn:aws:iam::111122223333:role/pipetrail\"";
    fn admits(text: &str) -> bool {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        matches!(parts.as_slice(), ["arn", partition, "iam", "", account, resource]
            if partition.starts_with("aws") && Account::admits(account) && resource.starts_with("role/") && resource.len() > 5)
    }
}

/// Rule of [`Email`].
pub enum Address {}
impl Rule for Address {
    const EXPECTED: &'static str = "an e-mail address, for example \"security@example.com\"";
    const PRIVATE: bool = true;
    fn admits(text: &str) -> bool {
        text.split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
            && !text.contains(char::is_whitespace)
    }
}

/// Rule of [`Schedule`], the member template's own.
pub enum Expression {}
impl Rule for Expression {
    const EXPECTED: &'static str = "a schedule expression, for example \"rate(1 hour)\" or \"cron(0 * * * ? *)\"";
    fn admits(text: &str) -> bool {
        let inner = text.strip_prefix("rate(").or_else(|| text.strip_prefix("cron("));
        inner
            .and_then(|inner| inner.strip_suffix(')'))
            .is_some_and(|inner| !inner.is_empty())
    }
}

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number<const MIN: u32, const MAX: u32>(pub u32);

impl<'de, const MIN: u32, const MAX: u32> Deserialize<'de> for Number<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Range<const MIN: u32, const MAX: u32>;
        impl<const MIN: u32, const MAX: u32> Visitor<'_> for Range<MIN, MAX> {
            type Value = Number<MIN, MAX>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a whole number from {MIN} to {MAX}")
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
                match u32::try_from(number) {
                    Ok(admitted) if (MIN..=MAX).contains(&admitted) => Ok(Number(admitted)),
                    _ => Err(E::invalid_value(Unexpected::Signed(number), &self)),
                }
            }
        }
        deserializer.deserialize_i64(Range::<MIN, MAX>)
    }
}

/// What the Lambda zips were built for.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
pub enum Architecture {
    /// Intel and AMD.
    #[default]
    #[serde(rename = "x86_64")]
    X86,
    /// Graviton.
    #[serde(rename = "arm64")]
    Arm,
}

impl Architecture {
    /// Lambda's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Architecture::X86 => "x86_64",
            Architecture::Arm => "arm64",
        }
    }
}

/// Object Lock's retention mode.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
pub enum RetentionMode {
    /// Whoever holds `s3:BypassGovernanceRetention` may delete.
    #[default]
    #[serde(rename = "GOVERNANCE")]
    Governance,
    /// Nobody may, the root user included.
    #[serde(rename = "COMPLIANCE")]
    Compliance,
}

impl RetentionMode {
    /// S3's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            RetentionMode::Governance => "GOVERNANCE",
            RetentionMode::Compliance => "COMPLIANCE",
        }
    }
}
