//! Ids in AWS's answers, parsed where they come in.

use std::str::FromStr;

use pipetrail_names::{IdError, OuId};

use crate::error::Error;

/// What stands in a field that the contract of `action` promises.
pub(crate) fn answered<T>(action: &'static str, field: &'static str, value: Option<T>) -> Result<T, Error> {
    value.ok_or(Error::Incomplete { action, field })
}

/// The id in a field that the contract of `action` promises.
///
/// # Errors
/// There is none, or it has not the form that AWS documents.
pub fn answered_id<I>(action: &'static str, field: &'static str, text: Option<&str>) -> Result<I, Error>
where
    I: FromStr<Err = IdError>,
{
    let text = answered(action, field, text)?;
    text.parse().map_err(|error: IdError| Error::Malformed {
        action,
        field,
        text: text.to_owned(),
        expected: error.expected,
    })
}

/// The same where the field may be missing, or empty.
pub(crate) fn maybe_id<I>(action: &'static str, field: &'static str, text: Option<&str>) -> Result<Option<I>, Error>
where
    I: FromStr<Err = IdError>,
{
    let text = text.filter(|text| !text.is_empty());
    text.map(|text| answered_id(action, field, Some(text))).transpose()
}

/// Whether it is the organization's root, which takes an OU's place wherever one is named.
pub(crate) fn is_root(id: &OuId) -> bool {
    id.as_str().starts_with("r-")
}

/// An id of a test.
#[cfg(test)]
pub(crate) fn known<I: FromStr<Err = IdError>>(text: &str) -> I {
    text.parse().unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipetrail_names::AccountId;

    #[test]
    fn an_answer_that_breaks_its_contract_is_an_error_that_names_the_field() {
        let malformed = answered_id::<AccountId>("ListAccounts", "Id", Some("12")).unwrap_err();
        assert_eq!(
            malformed.to_string(),
            "the answer to ListAccounts has Id \"12\": expected 12 digits in quotes, for example \"111122223333\""
        );
        let missing = answered_id::<AccountId>("ListAccounts", "Id", None).unwrap_err();
        assert_eq!(missing.to_string(), "the answer to ListAccounts has no Id");
    }

    #[test]
    fn a_field_that_may_be_missing_may_be_empty_too() {
        assert_eq!(maybe_id::<OuId>("a", "b", Some("")).unwrap(), None);
        assert_eq!(maybe_id::<OuId>("a", "b", None).unwrap(), None);
        assert!(maybe_id::<OuId>("a", "b", Some("x")).is_err());
    }
}
