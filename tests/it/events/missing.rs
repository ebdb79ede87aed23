//! The tally does not overlook what is not there.

use std::collections::BTreeMap;

use pipetrail_tests::ids::uuid_of;
use pipetrail_tests::organization::HOME;
use pipetrail_tests::player::Played;
use pipetrail_tests::relay::{Outcome, Trace};
use pipetrail_tests::tally::tally;
use pipetrail_tests::{aws, names};

use crate::org;

const EVENT: &str = include_str!("../../fixtures/stage/failed.json");

#[test]
fn a_swallowed_event_and_a_row_that_somebody_took_away_are_missing() {
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
        // The emulator puts one row into a file, and the row's account stands in the footer.
        let bucket = names::bucket("lake", &organization.relay.cloud.audit, HOME);
        let client = aws::s3(&organization.audit().await?);
        for key in aws::object_keys(&client, &bucket, "landing/stage_executions/").await? {
            let object = client.get_object().bucket(&bucket).key(&key).send().await?;
            let bytes = object.body.collect().await?.into_bytes();
            if bytes.windows(member.len()).any(|digits| digits == member.as_bytes()) {
                client.delete_object().bucket(&bucket).key(key).send().await?;
            }
        }
        assert_eq!(tally(&organization, BTreeMap::new(), &played).await?.missing, [id]);
        Ok(())
    });
}
