//! The run's own stack. Its being there says that the audit account is being tried, and its tags say with which member;
//! it is made first and goes last. Beside what the run needs it has controls, resources as plain as can be.

use std::collections::BTreeMap;

use aws_sdk_s3::error::ProvideErrorMetadata;
use pipetrail_names::OUR_TAG;
use pipetrail_names::audit::ALERTS;
use pipetrail_stacksets::apply::apply;
use pipetrail_stacksets::{Error, ParameterValue, Plan, Stack, StackSpec, StepState, Template, from_sdk};

use super::ground::{Ground, Member};
use super::judge::Control;
use super::sample::SMOKE;
use crate::failure::{Problem, Result};

const TEMPLATE: &str = include_str!("scratch.yaml");

/// Tags of the stack: the member of the run, and the role that was assumed there.
const MEMBER: &str = "smoke-member";
const ROLE: &str = "smoke-member-role";

/// What the controls showed.
#[derive(Clone, Debug)]
pub(super) struct Controls {
    /// Whether policies of buckets count.
    pub(super) policies: Control,
    /// Whether CloudFormation makes buckets with Object Lock.
    pub(super) locks: Control,
}

/// The stack of a run that has begun and not ended.
///
/// # Errors
/// A stack of that name that is not ours, or a refused call.
pub(crate) async fn find(ground: &Ground) -> Result<Option<Stack>> {
    match Stack::describe(&ground.clients.audit, SMOKE).await? {
        Some(stack) if !stack.is_ours() => Err(Error::Foreign {
            what: "stack",
            name: SMOKE.to_owned(),
        }
        .into()),
        found => Ok(found),
    }
}

/// The member of that run.
pub(crate) fn member_of(stack: &Stack) -> Option<Member> {
    Some(Member {
        account: stack.tags.get(MEMBER)?.parse().ok()?,
        role: stack.tags.get(ROLE)?.clone(),
    })
}

/// Makes the stack.
///
/// # Errors
/// It cannot be made.
pub(crate) async fn create(ground: &Ground) -> Result<()> {
    let mut tags = BTreeMap::from([(OUR_TAG.0.to_owned(), OUR_TAG.1.to_owned())]);
    if let Some(Member { account, role }) = &ground.member {
        tags.insert(MEMBER.to_owned(), account.to_string());
        tags.insert(ROLE.to_owned(), role.clone());
    }
    let topic = ParameterValue::Text(ground.arn("sns", ALERTS));
    let spec = StackSpec {
        name: SMOKE.to_owned(),
        template: Template::new(TEMPLATE),
        parameters: BTreeMap::from([("AlertTopicArn".to_owned(), topic)]),
        tags,
        protect: false,
        retains: vec![],
    };
    let plan = Plan::creating(&spec, &ground.organization.id, &ground.scope);
    let results = apply(&plan, &ground.clients, &mut |_| {}).await;
    match results.into_iter().find(|result| result.state != StepState::Done) {
        None => Ok(()),
        Some(result) => Err(Problem {
            message: format!("cannot begin: {result}"),
            hint: Some("fix the reason, then rerun `pipetrail smoke`".to_owned()),
        }
        .into()),
    }
}

/// Tries the controls.
pub(super) async fn controls(ground: &Ground) -> Controls {
    let (s3, bucket) = (&ground.clients.s3, ground.scratch_bucket());
    let put = s3.put_object().bucket(&bucket).key("denied/control").send().await;
    let policies = match put {
        Ok(_) => Control::Lacks(format!(
            "bucket {bucket}, whose policy denies every PUT below denied/, took one too"
        )),
        Err(error) if status(error.raw_response()) == 403 => Control::Works,
        Err(error) => Control::Unknown(told(error, &bucket)),
    };
    let lock = s3.get_object_lock_configuration().bucket(&bucket).send().await;
    let locks = match lock {
        Ok(_) => Control::Works,
        Err(error) if error.code() == Some("ObjectLockConfigurationNotFoundError") => Control::Lacks(format!(
            "CloudFormation made bucket {bucket} without the Object Lock that its template has"
        )),
        Err(error) => Control::Unknown(told(error, &bucket)),
    };
    Controls { policies, locks }
}

/// The HTTP status of an answer; 0 where there was none.
pub(super) fn status(answer: Option<&aws_sdk_s3::config::http::HttpResponse>) -> u16 {
    answer.map_or(0, |answer| answer.status().as_u16())
}

fn told<E>(error: aws_sdk_s3::error::SdkError<E, aws_sdk_s3::config::http::HttpResponse>, bucket: &str) -> String
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    pipetrail_names::chain(&from_sdk(format!("try bucket {bucket}"))(error))
}
