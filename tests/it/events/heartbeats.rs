//! The deployed schedules prove the path from every account and Region.

use std::collections::BTreeSet;

use pipetrail_tests::tally::query;

use crate::org;

#[test]
fn every_enrolled_account_and_region_has_a_heartbeat() {
    org::with(|organization| async move {
        let time = "2026-11-20T23:00:00Z";
        let (mut given, mut wanted) = (Vec::new(), BTreeSet::new());
        for member in &organization.members {
            for region in &organization.enrolment.regions {
                let events = organization.relay.scheduled(&member.id, region, time).await?;
                assert_eq!(events.len(), 1, "{} {region}", member.id);
                given.extend(events.iter().map(org::emit));
                wanted.insert(vec![Some(member.id.clone()), Some(region.clone())]);
            }
        }
        // The unit that is not enrolled has no schedule.
        let unenrolled = &organization.unenrolled.id;
        assert!(
            organization
                .relay
                .scheduled(unenrolled, "eu-central-1", time)
                .await?
                .is_empty()
        );
        let twice = given.iter().chain(&given).cloned().collect();
        org::play_all(&organization, twice).await?;
        let sql = format!("SELECT account_id, region FROM landing_heartbeats WHERE scheduled_time = '{time}'");
        let rows = query(&organization.audit().await?, &format!("{sql} GROUP BY 1, 2")).await?;
        assert_eq!(rows.into_iter().collect::<BTreeSet<_>>(), wanted);
        let keys = "SELECT count(DISTINCT event_key) FROM landing_heartbeats";
        let keys = query(
            &organization.audit().await?,
            &format!("{keys} WHERE scheduled_time = '{time}'"),
        )
        .await?;
        assert_eq!(keys, [[Some(wanted.len().to_string())]]);
        Ok(())
    });
}
