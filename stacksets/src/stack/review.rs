//! Whose a stack is that waits for its change set: only that change set says it.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::Client;

use super::convert::tags_from;
use crate::error::{Error, from_sdk};

/// What our change sets' names begin with.
pub(super) const PREFIX: &str = "pipetrail-";

/// The tags of a shell that waits for its change set to be executed: those of the change set, if it is
/// the only kind there and has a name of ours, else none.
pub(super) async fn tags(client: &Client, stack: &str) -> Result<BTreeMap<String, String>, Error> {
    let mut names = Vec::new();
    let list = client.list_change_sets().stack_name(stack);
    let mut pages = list.into_paginator().stop_on_duplicate_token(false).send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(from_sdk(format!("list the change sets of stack {stack}")))?;
        names.extend(
            page.summaries()
                .iter()
                .filter_map(|set| set.change_set_name().map(str::to_owned)),
        );
    }
    let (Some(name), true) = (names.first(), names.iter().all(|name| name.starts_with(PREFIX))) else {
        return Ok(BTreeMap::new());
    };
    let call = client.describe_change_set().stack_name(stack).change_set_name(name);
    let found = call.send().await;
    let found = found.map_err(from_sdk(format!("describe change set {name} of stack {stack}")))?;
    Ok(tags_from(found.tags()))
}
