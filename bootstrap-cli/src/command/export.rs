//! `pipetrail export`

use pipetrail_names::{Region, RoleArn, partition};
use serde_json::Value;

use crate::context::Context;
use crate::failure::{Exit, Result, UsageError};
use crate::terminal::printer;

/// Lets StackSets alone change the member stack. The ARNs are those of the partition `aws`.
const SCP: &str = include_str!("../../../member-stack/scp.json");

/// AWS takes no more characters.
const MOST: usize = 5_120;

/// Print policies for others to install
///
/// Installs nothing, and needs no network. The partition of the ARNs is that of --home-region or of the configuration's
/// home region, and `aws` without either.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipetrail export scp > scp.json\n  pipetrail export scp --except 'arn:aws:iam::*:role/break-glass' > scp.json"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Print a service control policy that keeps everybody in the members from changing pipetrail's resources there
    Scp(Scp),
}

#[derive(Debug, clap::Args)]
struct Scp {
    /// Role that may change them all the same, beside StackSets' own; `*` stands for any account or characters; may
    /// be repeated. Whoever can make or change a role of that name can change them too
    #[arg(long = "except", value_name = "ROLE-ARN", value_parser = pattern)]
    exceptions: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// A configuration that is there and wrong, or so many exceptions that AWS would refuse the policy.
pub(crate) fn run(context: &Context, args: &Args) -> Result<Exit> {
    let What::Scp(Scp { exceptions }) = &args.what;
    let configured = context.file.exists().then(|| context.configuration()).transpose()?;
    let configured = configured.map(|config| config.audit.region);
    let policy = scp(context.home_region.as_ref().or(configured.as_ref()), exceptions)?;
    if policy.len() > MOST {
        let message = format!("the policy has {} characters, and AWS takes {MOST}", policy.len());
        return Err(UsageError::new(message, "name fewer roles, or one pattern for several").into());
    }
    printer::verbatim(&policy);
    Ok(Exit::Ok)
}

/// The policy for the partition of a region, with more exceptions.
fn scp(home: Option<&Region>, exceptions: &[String]) -> serde_json::Result<String> {
    let partition = home.map_or("aws", partition);
    let mut policy: Value = serde_json::from_str(&SCP.replace("arn:aws:", &format!("arn:{partition}:")))?;
    let statements = policy["Statement"].as_array_mut();
    for statement in statements.into_iter().flatten() {
        let except = statement.pointer_mut("/Condition/ArnNotLike/aws:PrincipalArn");
        let except = except.and_then(Value::as_array_mut);
        except
            .into_iter()
            .for_each(|roles| roles.extend(exceptions.iter().cloned().map(Value::from)));
    }
    serde_json::to_string_pretty(&policy)
}

/// The ARN of a role, whose account may be `*`; not of every role.
fn pattern(text: &str) -> Result<String, String> {
    let known = text.replacen("::*:role/", "::000000000000:role/", 1);
    known.parse::<RoleArn>().map_err(|error| error.to_string())?;
    let name = text.rsplit('/').next().unwrap_or_default();
    if name.bytes().all(|byte| matches!(byte, b'*' | b'?')) {
        return Err("this is every role, name the beginning of its name at least".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use pipetrail_names::member;

    use super::*;

    #[test]
    fn it_protects_the_member_stacks_names_and_fits() {
        let except = ["arn:aws:iam::*:role/break-glass".to_owned()];
        let policy = scp(None, &except).unwrap();
        assert!(policy.len() < MOST, "{}", policy.len());
        let policy: Value = serde_json::from_str(&policy).unwrap();
        let statements = policy["Statement"].as_array().unwrap();
        let resources = statements.iter().flat_map(|one| match &one["Resource"] {
            Value::Array(several) => several.clone(),
            one => vec![one.clone()],
        });
        let resources: Vec<Value> = resources.collect();
        for (resource, end) in resources.iter().zip([
            format!(":rule/{}", member::FORWARD_RULE),
            format!(":{}", member::FORWARD_DLQ),
            format!(":schedule/default/{}", member::CANARY_SCHEDULE),
            format!(":schedule/default/{}", member::HEARTBEAT_SCHEDULE),
            format!(":role/{}", member::forwarder("*")),
            format!(":role/{}", member::reader("*")),
            format!(":stack/StackSet-{}-*/*", member::STACK),
            ":role/stacksets-exec-*".to_owned(),
        ]) {
            assert!(resource.as_str().unwrap().ends_with(&end), "{resource} {end}");
        }
        assert_eq!(resources.len(), 8);
        for statement in statements {
            let roles = &statement["Condition"]["ArnNotLike"]["aws:PrincipalArn"];
            assert_eq!(roles[0], "arn:aws:iam::*:role/stacksets-exec-*");
            assert_eq!(roles[1], except[0]);
        }
    }

    #[test]
    fn it_is_of_the_home_regions_partition() {
        let policy = scp(Some(&"cn-north-1".parse().unwrap()), &[]).unwrap();
        assert!(policy.contains("\"arn:aws-cn:sqs:") && !policy.contains("arn:aws:"));
    }

    #[test]
    fn an_exception_is_a_role() {
        for wrong in [
            "break-glass",
            "arn:aws:iam::*:user/x",
            "*",
            "arn:aws:iam::*:role/",
            "arn:aws:iam::*:role/p/*",
        ] {
            assert!(pattern(wrong).is_err(), "{wrong}");
        }
        for right in ["arn:aws:iam::*:role/x", "arn:aws:iam::111122223333:role/p/x*"] {
            assert_eq!(pattern(right).as_deref(), Ok(right));
        }
    }
}
