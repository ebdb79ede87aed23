//! The built-in working day: what teams do with their pipelines, in the shapes of the real events.
//!
//! It is the same day every time. Where the events go is not this module's business.

mod api_call;
pub(crate) mod happening;
mod run;
pub(crate) mod state;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use self::happening::Happening;
use self::run::{Ending, Run};
use crate::organization::{HOME, Member, Organization, SECOND};
use crate::player::{Act, Given};
use crate::wire::Envelope;

const MORNING: &str = "2026-11-20T08:00:00Z";
/// An account of nobody in the organization; its leading zeros are real.
pub const STRANGER: &str = "000099998888";

/// The whole day of an organization.
///
/// # Errors
/// When the deployed schedules cannot be read.
pub async fn day(organization: &Organization) -> Result<Vec<Given>> {
    let morning: Timestamp = MORNING.parse()?;
    let mut sent = Vec::new();
    for (number, member) in organization.members.iter().take(6).enumerate() {
        sent.extend(of_member(member, number, morning));
    }
    // Last week's approval, delivered today, belongs to the month before.
    let late = Run::new(
        &organization.members[0].id,
        HOME,
        "ledger-export",
        morning - SignedDuration::from_hours(24 * 21),
    );
    sent.extend(
        late.events(&Ending::Approved("late but valid"))
            .into_iter()
            .map(|sent| Happening { at: morning, ..sent }),
    );
    // The member that is not enrolled and the stranger work too.
    let not_enrolled = Run::new(&organization.unenrolled.id, HOME, "try-out", morning);
    sent.extend(not_enrolled.events(&Ending::Approved("works")).into_iter().take(2));
    let stranger = Run::new(STRANGER, HOME, "payments-api", morning);
    sent.extend(
        stranger
            .events(&Ending::Approved("let me in"))
            .into_iter()
            .rev()
            .take(2),
    );

    sent.sort_by_key(|sent| sent.at);
    let mut given = sent
        .iter()
        .map(|sent| emitted(&sent.event))
        .collect::<Result<Vec<_>>>()?;
    // EventBridge delivers at least once.
    let twice: Vec<_> = given.iter().step_by(25).cloned().collect();
    given.extend(twice);
    for member in &organization.members {
        for region in &organization.enrolment.regions {
            for envelope in organization
                .relay
                .scheduled(&member.id, region, "2026-11-20T09:00:00Z")
                .await?
            {
                given.push(emit(envelope));
            }
        }
    }
    given.push(Given {
        label: "malformed record".to_owned(),
        act: Act::Put {
            table: "action_executions".to_owned(),
            data: b"{\"version\":\"0\",\"detail-type\":\"CodePipeline Action".to_vec(),
        },
    });
    Ok(given)
}

/// Two pipelines, one in each Region, with another outcome for every member.
fn of_member(member: &Member, number: usize, morning: Timestamp) -> Vec<Happening> {
    let minutes = |minutes: usize| SignedDuration::from_mins(i64::try_from(minutes).unwrap_or_default());
    let endings = [
        Ending::Approved("CAB-118 ok"),
        Ending::Rejected("missing test evidence"),
        Ending::ApprovedSilently,
        Ending::TimedOut,
        Ending::RejectedThenRetried("rollback plan missing", "plan attached"),
        Ending::Approved("\u{201e}geprüft\u{201c}\twith a tab"),
    ];
    let first = Run::new(&member.id, HOME, "payments-api", morning + minutes(3 * number));
    let second = Run::new(&member.id, SECOND, "web.shop", morning + minutes(60 + 2 * number));
    let mut sent = first.events(&endings[number % endings.len()]);
    sent.extend(second.events(&endings[(number + 2) % endings.len()]));
    sent
}

fn emitted(event: &Value) -> Result<Given> {
    Ok(emit(Envelope::parse(event.to_string().as_bytes())?))
}

fn emit(envelope: Envelope) -> Given {
    let text = |key: &str| envelope.text(key).unwrap_or_default();
    Given {
        label: text("id"),
        act: Act::Emit {
            account: text("account"),
            region: text("region"),
            envelope,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events() -> Vec<Value> {
        let member = |id: &str| Member {
            id: id.to_owned(),
            name: String::new(),
        };
        let morning = MORNING.parse().unwrap();
        let sent = (0..6).flat_map(|number| of_member(&member("000011112222"), number, morning));
        sent.map(|sent| sent.event).collect()
    }

    #[test]
    fn a_day_has_more_than_a_hundred_events_and_every_day_is_the_same() {
        let (first, second) = (events(), events());
        assert!(first.len() > 100, "{}", first.len());
        assert_eq!(first, second);
        for event in first {
            Envelope::parse(event.to_string().as_bytes())
                .unwrap()
                .carriable()
                .unwrap();
        }
    }

    #[test]
    fn a_token_is_the_action_execution_id_of_its_gate() {
        let events = events();
        let decisions = events
            .iter()
            .filter(|event| event["detail"]["eventName"] == "PutApprovalResult");
        for decision in decisions {
            let token = &decision["detail"]["requestParameters"]["token"];
            assert!(
                events
                    .iter()
                    .any(|event| event["detail"]["action-execution-id"] == *token)
            );
        }
    }

    #[test]
    fn numbers_are_floats_and_stages_of_a_first_run_say_zero() {
        let text = events().iter().map(Value::to_string).collect::<String>();
        assert!(text.contains("\"version\":7.0") && text.contains("\"pipeline-execution-attempt\":0.0"));
    }
}
