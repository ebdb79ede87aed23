//! The tally does not overlook what is not there.

use std::collections::BTreeMap;

use pipetrail_tests::ids::uuid_of;
use pipetrail_tests::names;
use pipetrail_tests::organization::HOME;
use pipetrail_tests::player::Played;
use pipetrail_tests::relay::{Outcome, Trace};
use pipetrail_tests::tally::tally;

use crate::{lake, org};

const EVENT: &str = include_str!("../../fixtures/stage/failed.json");

#[test]
fn a_swallowed_event_and_a_row_without_partition_are_missing() {
    org::with(|organization| async move {
        let member = organization.members[org::MISSING].id.clone();
        // An id of its own: other tests leave this fixture in dead-letter queues.
        let id = uuid_of("missing");
        let event = org::moved(EVENT, ("111122223333", &member), (HOME, HOME)).with("id", &id)?;
        let bus = "arn:aws:events:eu-central-1:000000000000:event-bus/gone".to_owned();
        let swallowed = Played {
            given: org::emit(&event),
            trace: Trace {
                outcomes: vec![Outcome::Swallowed { bus }],
                ..Trace::default()
            },
        };
        let missing = tally(&organization, BTreeMap::new(), &[swallowed]).await?.missing;
        assert_eq!(missing, std::slice::from_ref(&id));

        let played = org::play_all(&organization, vec![org::emit(&event)]).await?;
        assert_eq!(tally(&organization, BTreeMap::new(), &played).await?.missing, [""; 0]);
        let month = lake::rows(&organization, "stage_executions", &member).await?[0]["month"].clone();
        let glue = aws_sdk_glue::Client::new(&organization.audit().await?);
        let delete = glue
            .delete_partition()
            .database_name(names::DATABASE)
            .table_name("stage_executions");
        delete.partition_values(&member).partition_values(month).send().await?;
        assert_eq!(tally(&organization, BTreeMap::new(), &played).await?.missing, [id]);
        Ok(())
    });
}
