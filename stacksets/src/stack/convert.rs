//! What calls on stacks carry: parameters and tags between the SDK's lists and maps, capabilities,
//! statuses and reasons.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::types::{Capability, Parameter, Tag};

pub(crate) fn parameters_from(parameters: &[Parameter]) -> BTreeMap<String, String> {
    let known = parameters.iter().filter_map(|parameter| {
        let value = parameter.parameter_value().unwrap_or_default();
        Some((parameter.parameter_key()?.to_owned(), value.to_owned()))
    });
    known.collect()
}

pub(crate) fn parameters_to(parameters: &BTreeMap<String, String>) -> Vec<Parameter> {
    let all = parameters.iter();
    all.map(|(key, value)| Parameter::builder().parameter_key(key).parameter_value(value).build())
        .collect()
}

pub(crate) fn tags_from(tags: &[Tag]) -> BTreeMap<String, String> {
    tags.iter()
        .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())))
        .collect()
}

pub(crate) fn tags_to(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    tags.iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}

/// Whether the tags say that pipetrail made what carries them.
pub(crate) fn is_ours(tags: &BTreeMap<String, String>) -> bool {
    let (key, value) = pipetrail_names::OUR_TAG;
    tags.get(key).map(String::as_str) == Some(value)
}

pub(super) fn capabilities() -> Vec<Capability> {
    // The audit account's templates name their roles and expand AWS::LanguageExtensions.
    vec![Capability::CapabilityNamedIam, Capability::CapabilityAutoExpand]
}

/// One of AWS's statuses as text; empty where the answer has none.
pub(crate) fn text_of(status: Option<&impl AsRef<str>>) -> String {
    status.map(|status| status.as_ref().to_owned()).unwrap_or_default()
}

/// AWS's reason, if there is one: it may be empty.
pub(crate) fn reason_of(reason: Option<&str>) -> Option<String> {
    reason.filter(|reason| !reason.is_empty()).map(str::to_owned)
}
