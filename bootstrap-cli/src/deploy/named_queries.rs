//! The audits as saved queries of Athena's workgroup `pipetrail`, for those who work in its console.
//!
//! `apply` makes those that are missing, puts a new one in the place of one that reads otherwise, and
//! takes away what is no audit any more. Only queries with our name and our first line are ours. The
//! workgroup takes them along when `destroy` deletes it.

use std::fmt;

use aws_sdk_athena::Client;
use jiff::Timestamp;
use pipetrail_lake::audits::{self, Audit, AuditError, Parameters};
use pipetrail_lake::tiers::over_glue;
use pipetrail_names::audit::{DATABASE, WORKGROUP};
use pipetrail_stacksets::{Error, from_sdk};
use serde::Serialize;

use crate::deploy::step::Step;
use crate::failure::Result;

/// What the names of ours begin with.
const NAME: &str = "pipetrail audit ";

/// How the text of each of ours begins.
const MARK: &str = "-- Published by `pipetrail apply`, which replaces whatever reads otherwise.\n";

/// Longest description that Athena takes.
const LONGEST: usize = 1024;

/// Most queries in one `BatchGetNamedQuery`.
const BATCH: usize = 50;

/// A saved query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NamedQuery {
    /// Athena's id; empty before it is made.
    pub id: String,
    /// Name.
    pub name: String,
    /// What it answers.
    pub description: String,
    /// Its SQL.
    pub sql: String,
}

/// What is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Changes {
    /// To be made, by name: they are missing, or read otherwise.
    pub publish: Vec<String>,
    /// To be removed, by name: no audit any more, or their new text has been made.
    pub remove: Vec<String>,
}

impl Changes {
    /// Whether nothing is to be done.
    pub(crate) fn is_empty(&self) -> bool {
        self.publish.is_empty() && self.remove.is_empty()
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (publish, remove) = (self.publish.len(), self.remove.len());
        write!(f, "~ named queries of Athena: {publish} to publish, {remove} to remove")
    }
}

/// Every audit that is published, as its query: over all that there is, so that its text stays the same.
///
/// # Errors
/// An audit that cannot be bound; a test binds all of them.
pub(crate) fn wanted() -> Result<Vec<NamedQuery>, AuditError> {
    let published = audits::all().iter().filter(|audit| audit.unpublished.is_none());
    published.map(query).collect()
}

fn query(audit: &Audit) -> Result<NamedQuery, AuditError> {
    // 2100-01-01
    let end = Timestamp::from_second(4_102_444_800).unwrap_or(Timestamp::MAX);
    let sql = audit.sql(&Parameters::window(Timestamp::UNIX_EPOCH, end))?;
    let sql = format!(
        "{MARK}-- {}: all that the lake holds. Of less it reads less, and costs less: the same text over a window\n\
         -- and for some accounts is what `pipetrail audit {} --sql --from … --to … --account …` writes.\n{}\n",
        audit.title,
        audit.name,
        over_glue(&sql),
    );
    Ok(NamedQuery {
        id: String::new(),
        name: format!("{NAME}{}", audit.name),
        description: audit.answers.chars().take(LONGEST).collect(),
        sql,
    })
}

/// What is to be made, and which of those that are there are to go.
fn difference(wanted: &[NamedQuery], found: &[NamedQuery]) -> (Vec<NamedQuery>, Vec<NamedQuery>) {
    let same = |a: &NamedQuery, b: &NamedQuery| (&a.name, &a.description, &a.sql) == (&b.name, &b.description, &b.sql);
    let has = |queries: &[NamedQuery], query: &NamedQuery| queries.iter().any(|other| same(other, query));
    let missing = wanted.iter().filter(|query| !has(found, query));
    let surplus = found.iter().enumerate().filter(|(i, there)| {
        let is_ours = there.name.starts_with(NAME) && there.sql.starts_with(MARK);
        is_ours && (has(&found[..*i], there) || !has(wanted, there))
    });
    let surplus = surplus.map(|(_, there)| there.clone());
    (missing.cloned().collect(), surplus.collect())
}

/// What is to be done where `found` is there.
fn changes(wanted: &[NamedQuery], found: &[NamedQuery]) -> Changes {
    let (publish, remove) = difference(wanted, found);
    let names = |queries: Vec<NamedQuery>| queries.into_iter().map(|query| query.name).collect();
    Changes {
        publish: names(publish),
        remove: names(remove),
    }
}

/// What is to be done; `None` for the client where there is no workgroup yet.
///
/// # Errors
/// A refused call.
pub(crate) async fn plan(client: Option<&Client>) -> Result<Changes> {
    let found = match client {
        Some(client) => read(client).await?,
        None => vec![],
    };
    Ok(changes(&wanted()?, &found))
}

/// Does it, as one step: new texts first, so that there is never none.
pub(crate) async fn publish(client: &Client) -> Step {
    let done = bring(client).await;
    let done = done.map(|(publish, remove)| format!("{publish} published, {remove} removed"));
    let hint = "Athena's console lacks the audits until then: run `pipetrail apply` again";
    Step::own("named queries of the audits", done, hint)
}

/// Gives how many were published and removed.
async fn bring(client: &Client) -> Result<(usize, usize)> {
    let (missing, surplus) = difference(&wanted()?, &read(client).await?);
    for query in &missing {
        let call = client
            .create_named_query()
            .name(&query.name)
            .description(&query.description)
            .database(DATABASE)
            .query_string(&query.sql)
            .work_group(WORKGROUP);
        let made = call.send().await;
        made.map_err(from_sdk(format!("publish named query {:?}", query.name)))?;
    }
    for query in &surplus {
        let gone = client.delete_named_query().named_query_id(&query.id).send().await;
        gone.map_err(from_sdk(format!("delete named query {:?}", query.name)))?;
    }
    Ok((missing.len(), surplus.len()))
}

/// The queries of the workgroup.
async fn read(client: &Client) -> Result<Vec<NamedQuery>, Error> {
    let mut ids = Vec::new();
    let call = client.list_named_queries().work_group(WORKGROUP);
    let mut pages = call.into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(from_sdk("list the named queries of Athena"))?;
        ids.extend(page.named_query_ids.unwrap_or_default());
    }
    let mut found = Vec::new();
    for some in ids.chunks(BATCH) {
        let call = client.batch_get_named_query().set_named_query_ids(Some(some.to_vec()));
        let answer = call.send().await;
        let answer = answer.map_err(from_sdk("read the named queries of Athena"))?;
        // One that went meanwhile is not in the answer.
        found.extend(answer.named_queries.into_iter().flatten().map(|query| NamedQuery {
            id: query.named_query_id.unwrap_or_default(),
            name: query.name,
            description: query.description.unwrap_or_default(),
            sql: query.query_string,
        }));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there(id: &str, query: &NamedQuery) -> NamedQuery {
        NamedQuery {
            id: id.to_owned(),
            ..query.clone()
        }
    }

    #[test]
    fn every_audit_is_published_whose_answer_needs_no_window_and_its_text_is_the_same_every_time() {
        let queries = wanted().unwrap();
        let published = |audit: &&Audit| {
            queries
                .iter()
                .any(|query| query.name == format!("{NAME}{}", audit.name))
        };
        let (published, kept): (Vec<_>, Vec<_>) = audits::all().iter().partition(published);
        assert_eq!(published.len(), queries.len());
        let names: Vec<&str> = kept.iter().map(|audit| audit.name).collect();
        assert_eq!(names, ["coverage", "dora", "open-gates"]);
        assert_eq!(queries, wanted().unwrap());
        for query in &queries {
            assert!(query.sql.len() < 262_144 && query.name.len() <= 128 && !query.description.is_empty());
            // Glue has each tier by itself: whoever opens it in the console finds both named in its own text.
            assert!(
                query.sql.starts_with(MARK) && query.sql.contains("\nWITH every_"),
                "{}",
                query.sql
            );
            assert!(
                query.sql.contains(" FROM settled_") && query.sql.contains(" FROM landing_"),
                "{}",
                query.sql
            );
            assert_eq!(over_glue(&query.sql), query.sql, "{}", query.name);
        }
    }

    #[test]
    fn what_is_there_stays_and_what_reads_otherwise_is_replaced() {
        let queries = wanted().unwrap();
        assert_eq!(changes(&queries, &[]).publish.len(), queries.len());
        let mut found: Vec<_> = queries.iter().map(|query| there(&query.name, query)).collect();
        assert!(changes(&queries, &found).is_empty());
        found[0].sql.push_str("-- older");
        let to_do = changes(&queries, &found);
        assert_eq!(
            (to_do.publish, to_do.remove),
            (vec![queries[0].name.clone()], vec![queries[0].name.clone()])
        );
    }

    #[test]
    fn an_audit_that_is_gone_and_a_second_copy_go_and_whatever_others_saved_stays() {
        let queries = wanted().unwrap();
        let mut found: Vec<_> = queries.iter().map(|query| there(&query.name, query)).collect();
        found.push(there("again", &queries[0]));
        let gone = NamedQuery {
            name: format!("{NAME}of-yesterday"),
            ..there("gone", &queries[0])
        };
        found.push(gone);
        let by_hand = NamedQuery {
            name: format!("{NAME}of my own"),
            sql: "SELECT 1".to_owned(),
            ..NamedQuery::default()
        };
        found.push(by_hand);
        let (publish, remove) = difference(&queries, &found);
        assert!(publish.is_empty());
        let ids: Vec<&str> = remove.iter().map(|query| query.id.as_str()).collect();
        assert_eq!(ids, ["again", "gone"]);
    }
}
