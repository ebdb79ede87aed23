//! What a plan would lose for good: events or rows.

use pipetrail_names::audit::PIPELINE_STACK;
use pipetrail_stacksets::Plan;

/// In words, one loss each. `kept` is for how many days after its end a month stays in the lake now, `wanted` afterwards; 0 is
/// for ever.
pub(crate) fn losses(plan: &Plan, kept: Option<&str>, wanted: u32) -> Vec<String> {
    let mut losses = Vec::new();
    let changes = plan.stacks.iter().any(|step| step.name == PIPELINE_STACK);
    // Where nothing is deployed there is nothing to compare with.
    let kept = kept.and_then(|days| days.parse::<u32>().ok());
    if let Some(kept) = kept.filter(|kept| changes && is_shorter(wanted, *kept)) {
        let until_now = match kept {
            0 => "for ever".to_owned(),
            days => format!("{days} days"),
        };
        losses.push(format!(
            "months of the lake that ended more than {wanted} days ago (retention.lake_days, until now {until_now})"
        ));
    }
    if plan.drain.as_ref().is_some_and(|drain| !drain.archived) {
        losses.push(
            "what CodePipeline does while the pipeline stack is replaced (delivery.archive_days = 0: no archive)"
                .to_owned(),
        );
    }
    losses
}

fn is_shorter(wanted: u32, kept: u32) -> bool {
    wanted > 0 && (kept == 0 || wanted < kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retention_is_shorter_if_months_go_earlier() {
        for (wanted, kept, shorter) in [
            (400, 0, true),
            (400, 401, true),
            (400, 400, false),
            (400, 30, false),
            (0, 400, false),
            (0, 0, false),
        ] {
            assert_eq!(is_shorter(wanted, kept), shorter, "{wanted} {kept}");
        }
    }
}
