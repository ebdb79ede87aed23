//! The values of `pipetrail.toml`: each type admits what AWS admits, and says so in its error.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Unexpected, Visitor};

/// A string with a rule.
#[derive(Clone, PartialEq)]
pub(crate) struct Text<R>(String, PhantomData<R>);

/// What a string must look like.
pub(crate) trait Rule {
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

impl<'de, R: Rule> Deserialize<'de> for Text<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Checked<R>(PhantomData<R>);
        impl<R: Rule> Visitor<'_> for Checked<R> {
            type Value = Text<R>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(R::EXPECTED)
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                let found = match R::PRIVATE {
                    true => Unexpected::Other("a private string"),
                    false => Unexpected::Str(text),
                };
                text.parse().map_err(|_| E::invalid_value(found, &self))
            }
        }
        deserializer.deserialize_str(Checked(PhantomData))
    }
}

/// An e-mail address, never printed.
pub(crate) type Email = Text<Address>;
/// A schedule expression.
pub(crate) type Schedule = Text<Expression>;

impl Default for Schedule {
    fn default() -> Self {
        Text("rate(1 hour)".to_owned(), PhantomData)
    }
}

/// Rule of [`Email`].
#[derive(Clone, PartialEq)]
pub(crate) enum Address {}
impl Rule for Address {
    const EXPECTED: &'static str = "an e-mail address, for example \"security@example.com\"";
    const PRIVATE: bool = true;
    fn admits(text: &str) -> bool {
        let parts = text.split_once('@').filter(|_| !text.contains(char::is_whitespace));
        parts.is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
    }
}

/// Rule of [`Schedule`], the member template's own.
#[derive(Clone, PartialEq)]
pub(crate) enum Expression {}
impl Rule for Expression {
    const EXPECTED: &'static str = "a schedule expression, for example \"rate(1 hour)\" or \"cron(0 * * * ? *)\"";
    fn admits(text: &str) -> bool {
        let call = text.strip_prefix("rate(").or_else(|| text.strip_prefix("cron("));
        call.is_some_and(|call| call.len() > 1 && call.ends_with(')'))
    }
}

/// A whole number from `MIN` to `MAX`; `DEFAULT` where the file names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number<const MIN: u32, const MAX: u32, const DEFAULT: u32>(pub u32);

impl<const MIN: u32, const MAX: u32, const DEFAULT: u32> Default for Number<MIN, MAX, DEFAULT> {
    fn default() -> Self {
        Number(DEFAULT)
    }
}

impl<'de, const MIN: u32, const MAX: u32, const DEFAULT: u32> Deserialize<'de> for Number<MIN, MAX, DEFAULT> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Checked<const MIN: u32, const MAX: u32, const DEFAULT: u32>;
        impl<const MIN: u32, const MAX: u32, const DEFAULT: u32> Visitor<'_> for Checked<MIN, MAX, DEFAULT> {
            type Value = Number<MIN, MAX, DEFAULT>;
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
        deserializer.deserialize_i64(Checked::<MIN, MAX, DEFAULT>)
    }
}

/// What the Lambda zips were built for.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
pub(crate) enum Architecture {
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
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Architecture::X86 => "x86_64",
            Architecture::Arm => "arm64",
        }
    }
}

/// Object Lock's retention mode.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
pub(crate) enum RetentionMode {
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
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            RetentionMode::Governance => "GOVERNANCE",
            RetentionMode::Compliance => "COMPLIANCE",
        }
    }
}
