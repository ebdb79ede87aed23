//! CloudFormation: the stack set with its instances, and plain stacks.

use std::fmt::Write;

use super::answer::Answer;
use crate::fault_proxy::Call;
use crate::scale::world::{AUDIT, Kept, Sent, World};

/// Items a page: AWS's most.
const INSTANCES_A_PAGE: usize = 100;

/// The answer; `None` to calls that are not known here.
pub(super) fn answer(world: &World, call: &Call) -> Option<Answer> {
    stack_set(world, call).or_else(|| stack(world, call))
}

/// The stack set, its instances and operations, and trusted access.
fn stack_set(world: &World, call: &Call) -> Option<Answer> {
    let mut kept = world.kept();
    let id = call.form.get("OperationId").cloned().unwrap_or_default();
    let result = match call.operation.as_str() {
        "DescribeOrganizationsAccess" => "<Status>ENABLED</Status>".to_owned(),
        "DescribeStackSet" => match &kept.stack_set {
            Some(set) => format!(
                "<StackSet><Status>ACTIVE</Status><PermissionModel>SERVICE_MANAGED</PermissionModel><AutoDeployment>\
                 <Enabled>true</Enabled><RetainStacksOnAccountRemoval>false</RetainStacksOnAccountRemoval>\
                 </AutoDeployment><ManagedExecution><Active>true</Active></ManagedExecution>{}</StackSet>",
                described(set, "TemplateBody")
            ),
            None => return Some(Answer::xml_error("StackSetNotFoundException", "no such stack set")),
        },
        "CreateStackSet" | "UpdateStackSet" => {
            kept.stack_set = Some(sent(call, &kept));
            format!("<OperationId>{id}</OperationId><StackSetId>pipetrail-member:1</StackSetId>")
        }
        "CreateStackInstances" | "UpdateStackInstances" => {
            let regions = call.list("Regions");
            for unit in call.list("DeploymentTargets.OrganizationalUnitIds") {
                kept.auto_targets
                    .extend(regions.iter().map(|region| (unit.to_owned(), (*region).to_owned())));
            }
            kept.instances = world.all_instances();
            kept.operations.push(id.clone());
            format!("<OperationId>{id}</OperationId>")
        }
        "DescribeStackSetOperation" => {
            format!("<StackSetOperation><OperationId>{id}</OperationId><Status>SUCCEEDED</Status></StackSetOperation>")
        }
        "ListStackSetOperations" => {
            let of =
                |id: &String| format!("<member><OperationId>{id}</OperationId><Status>SUCCEEDED</Status></member>");
            let members: String = kept.operations.iter().map(of).collect();
            format!("<Summaries>{members}</Summaries>")
        }
        "ListStackSetAutoDeploymentTargets" => {
            let members: String = kept.auto_targets.iter().map(|(unit, region)| format!(
                "<member><OrganizationalUnitId>{unit}</OrganizationalUnitId><Regions><member>{region}</member></Regions></member>"
            )).collect();
            format!("<Summaries>{members}</Summaries>")
        }
        "ListStackInstances" => page(call, &kept.instances, |number| {
            let (account, unit, region) = world.instance(number);
            format!(
                "<member><StackSetId>pipetrail-member:1</StackSetId><Account>{account}</Account><Region>{region}</Region>\
                 <OrganizationalUnitId>{unit}</OrganizationalUnitId><Status>CURRENT</Status><StackInstanceStatus>\
                 <DetailedStatus>SUCCEEDED</DetailedStatus></StackInstanceStatus>\
                 <StackId>arn:aws:cloudformation:{region}:{account}:stack/StackSet-pipetrail-member-{number}</StackId></member>"
            )
        })?,
        "ListStackSetOperationResults" => page(call, &kept.instances, |number| {
            let (account, unit, region) = world.instance(number);
            format!(
                "<member><Account>{account}</Account><Region>{region}</Region><Status>SUCCEEDED</Status>\
                 <OrganizationalUnitId>{unit}</OrganizationalUnitId></member>"
            )
        })?,
        _ => return None,
    };
    Some(Answer::xml(&call.operation, &result))
}

/// One page of a list; the token is where the next one begins.
fn page(call: &Call, numbers: &[usize], member: impl Fn(usize) -> String) -> Option<String> {
    let from: usize = call.form.get("NextToken").map_or(Some(0), |token| token.parse().ok())?;
    let rest = numbers.get(from..)?;
    let members: String = rest
        .iter()
        .take(INSTANCES_A_PAGE)
        .map(|number| member(*number))
        .collect();
    let token = match rest.len() > INSTANCES_A_PAGE {
        true => format!("<NextToken>{}</NextToken>", from + INSTANCES_A_PAGE),
        false => String::new(),
    };
    Some(format!("<Summaries>{members}</Summaries>{token}"))
}

/// Plain stacks, in whatever account and region.
fn stack(world: &World, call: &Call) -> Option<Answer> {
    let mut kept = world.kept();
    let asked = call.form.get("StackName").cloned().unwrap_or_default();
    // `arn:aws:cloudformation:<region>:<account>:stack/<name>/<uuid>`
    let name = asked.split('/').nth(1).unwrap_or(&asked).to_owned();
    let key = (call.access_key.clone(), call.region.clone(), name.clone());
    let id = format!(
        "arn:aws:cloudformation:{}:{}:stack/{name}/1",
        call.region, call.access_key
    );
    let result = match call.operation.as_str() {
        "CreateStack" | "UpdateStack" => {
            let stack = sent(call, &kept);
            kept.stacks.insert(key, stack);
            format!("<StackId>{id}</StackId>")
        }
        "UpdateTerminationProtection" => {
            kept.stacks.get_mut(&key)?.is_protected = true;
            format!("<StackId>{id}</StackId>")
        }
        "DescribeStacks" | "GetTemplate" => match kept.stacks.get(&key) {
            None => {
                let message = format!("Stack with id {name} does not exist");
                return Some(Answer::xml_error("ValidationError", &message));
            }
            Some(stack) if call.operation == "GetTemplate" => {
                format!("<TemplateBody>{}</TemplateBody>", escaped(&stack.template))
            }
            Some(stack) => format!(
                "<Stacks><member><StackId>{id}</StackId><StackName>{name}</StackName><StackStatus>CREATE_COMPLETE</StackStatus>\
                 <CreationTime>2026-11-21T00:00:00Z</CreationTime>\
                 <EnableTerminationProtection>{}</EnableTerminationProtection>{}</member></Stacks>",
                stack.is_protected,
                described(stack, "")
            ),
        },
        _ => return None,
    };
    Some(Answer::xml(&call.operation, &result))
}

/// What a creation or update brings. A large template was uploaded before.
fn sent(call: &Call, kept: &Kept) -> Sent {
    let pairs = |list: &str, name: &str, value: &str| {
        let key = |number: usize, field: &str| call.form.get(&format!("{list}.member.{number}.{field}")).cloned();
        (1..)
            .map_while(|number| Some((key(number, name)?, key(number, value)?)))
            .collect()
    };
    let template = call.form.get("TemplateBody").cloned().or_else(|| {
        let url = call.form.get("TemplateURL")?;
        let (_, path) = url.split_once("://")?;
        kept.objects.get(&path[path.find('/')?..]).cloned()
    });
    Sent {
        template: template.unwrap_or_default(),
        parameters: pairs("Parameters", "ParameterKey", "ParameterValue"),
        tags: pairs("Tags", "Key", "Value"),
        is_protected: false,
    }
}

/// Parameters, tags and outputs; the template in an element of that name, if it has one.
fn described(sent: &Sent, template: &str) -> String {
    let mut text = String::from("<Parameters>");
    // Writing to a String cannot fail.
    for (key, value) in &sent.parameters {
        let value = escaped(value);
        let _ = write!(
            text,
            "<member><ParameterKey>{key}</ParameterKey><ParameterValue>{value}</ParameterValue></member>"
        );
    }
    text.push_str("</Parameters><Tags>");
    for (key, value) in &sent.tags {
        let _ = write!(
            text,
            "<member><Key>{key}</Key><Value>{}</Value></member>",
            escaped(value)
        );
    }
    text.push_str("</Tags><Outputs>");
    for output in outputs(&sent.template) {
        let value = format!("pipetrail-{}-{AUDIT}", output.to_ascii_lowercase());
        let _ = write!(
            text,
            "<member><OutputKey>{output}</OutputKey><OutputValue>{value}</OutputValue></member>"
        );
    }
    text.push_str("</Outputs>");
    if !template.is_empty() {
        let _ = write!(text, "<{template}>{}</{template}>", escaped(&sent.template));
    }
    text
}

/// The names under `Outputs:` of a template.
fn outputs(template: &str) -> impl Iterator<Item = &str> {
    let lines = template.lines().skip_while(|line| *line != "Outputs:").skip(1);
    let lines = lines.take_while(|line| line.is_empty() || line.starts_with([' ', '#']));
    lines.filter_map(|line| {
        let name = line.strip_prefix("  ")?.strip_suffix(':')?;
        (!name.starts_with([' ', '#'])).then_some(name)
    })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
