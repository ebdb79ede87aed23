//! Reads a deployed CloudFormation template and resolves what the relay needs from it.
//!
//! Resources have fixed names, so a name, an ARN and a `Ref` follow from the template and its
//! parameters alone. Anything that does not is an error.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::{Map, Value, json};

use super::yaml;

/// A deployed stack: its template, its parameters and where it stands.
#[derive(Clone, Debug)]
pub struct Stack {
    pub account: String,
    pub region: String,
    pub parameters: BTreeMap<String, String>,
    template: Value,
}

impl Stack {
    /// Reads a template in YAML or JSON.
    ///
    /// # Errors
    /// When the text is neither.
    pub fn new(account: &str, region: &str, body: &str, given: BTreeMap<String, String>) -> Result<Self> {
        let template = yaml::read(body).context("cannot read the template")?;
        let mut parameters = BTreeMap::new();
        if let Some(stated) = template.get("Parameters").and_then(Value::as_object) {
            for (name, parameter) in stated {
                if let Some(default) = parameter.get("Default") {
                    parameters.insert(name.clone(), scalar(default)?);
                }
            }
        }
        parameters.extend(given);
        Ok(Self {
            account: account.to_owned(),
            region: region.to_owned(),
            parameters,
            template,
        })
    }

    /// The properties of every resource of a type that this stack has, resolved.
    ///
    /// # Errors
    /// When a property cannot be resolved.
    pub fn resources(&self, kind: &str) -> Result<Vec<Value>> {
        let resources = self.template.get("Resources").and_then(Value::as_object);
        let mut found = Vec::new();
        for (name, resource) in resources.into_iter().flatten() {
            if resource.get("Type").and_then(Value::as_str) == Some(kind) && self.exists(resource)? {
                let properties = resource.get("Properties").cloned().unwrap_or_default();
                found.push(
                    self.resolve(&properties)
                        .with_context(|| format!("in the resource {name}"))?,
                );
            }
        }
        Ok(found)
    }

    fn exists(&self, resource: &Value) -> Result<bool> {
        let condition = resource.get("Condition").and_then(Value::as_str);
        condition.map_or(Ok(true), |name| self.condition(&json!({"Condition": name})))
    }

    /// The template with short forms written out, nothing resolved.
    #[must_use]
    pub fn template(&self) -> &Value {
        &self.template
    }

    /// Resolves the intrinsic functions in a value.
    ///
    /// # Errors
    /// When something follows neither from the template nor from its parameters.
    pub fn resolve(&self, value: &Value) -> Result<Value> {
        match value {
            Value::Array(items) => {
                let items = items
                    .iter()
                    .map(|item| self.resolve(item))
                    .collect::<Result<Vec<_>>>()?;
                Ok(items.into_iter().filter(|item| !item.is_null()).collect())
            }
            Value::Object(fields) => {
                if let Some((name, argument)) = function(fields) {
                    return self
                        .call(name, argument)
                        .with_context(|| format!("in {name} {argument}"));
                }
                let mut resolved = Map::new();
                for (name, field) in fields {
                    let field = self.resolve(field)?;
                    if !field.is_null() {
                        resolved.insert(name.clone(), field);
                    }
                }
                Ok(Value::Object(resolved))
            }
            scalar => Ok(scalar.clone()),
        }
    }

    fn call(&self, name: &str, argument: &Value) -> Result<Value> {
        match name {
            "Ref" if argument == "AWS::NoValue" => Ok(Value::Null),
            "Ref" if self.is_list(argument) => {
                let list = self.reference(text(argument)?)?;
                Ok(list.split(',').map(Value::from).collect())
            }
            "Ref" => self.reference(text(argument)?).map(Value::from),
            "Fn::Sub" => self.sub(argument).map(Value::from),
            "Fn::GetAtt" => self.get_att(argument).map(Value::from),
            "Fn::Join" => {
                let parts = self.resolve(argument)?;
                let glue = text(parts.get(0).context("Join needs a delimiter")?)?.to_owned();
                let list = parts.get(1).and_then(Value::as_array).context("Join needs a list")?;
                let list = list.iter().map(scalar).collect::<Result<Vec<_>>>()?;
                Ok(Value::from(list.join(&glue)))
            }
            "Fn::If" => {
                let [condition, yes, no] = argument.as_array().map(Vec::as_slice).unwrap_or_default() else {
                    bail!("If needs three arguments");
                };
                let holds = self.condition(&json!({"Condition": condition}))?;
                self.resolve(if holds { yes } else { no })
            }
            "Fn::ToJsonString" => Ok(Value::from(self.resolve(argument)?.to_string())),
            "Fn::Select" => {
                let parts = self.resolve(argument)?;
                let at: usize = scalar(parts.get(0).context("Select needs an index")?)?.parse()?;
                let item = parts.get(1).and_then(|list| list.get(at));
                item.cloned().context("Select reaches past the list")
            }
            "Fn::FindInMap" => {
                let keys = self.resolve(argument)?;
                let [map, first, second] = keys.as_array().map(Vec::as_slice).unwrap_or_default() else {
                    bail!("FindInMap needs three arguments");
                };
                let found = &self.template["Mappings"][text(map)?][text(first)?][text(second)?];
                ensure!(!found.is_null(), "there is no such value");
                Ok(found.clone())
            }
            "Fn::Split" => {
                let parts = self.resolve(argument)?;
                let (at, whole) = (text(&parts[0])?, text(&parts[1])?);
                Ok(whole.split(at).map(Value::from).collect())
            }
            other => bail!("cannot resolve {other}"),
        }
    }

    fn is_list(&self, parameter: &Value) -> bool {
        let stated = parameter
            .as_str()
            .map(|name| &self.template["Parameters"][name]["Type"]);
        stated.is_some_and(|kind| kind == "CommaDelimitedList")
    }

    fn reference(&self, name: &str) -> Result<String> {
        Ok(match name {
            "AWS::AccountId" => self.account.clone(),
            "AWS::Region" => self.region.clone(),
            "AWS::Partition" => "aws".to_owned(),
            "AWS::URLSuffix" => "amazonaws.com".to_owned(),
            _ => match self.parameters.get(name) {
                Some(value) => value.clone(),
                None if self.kind(name)? == "AWS::SNS::Topic" => self.get_att(&json!([name, "Arn"]))?,
                None => self.physical_name(name)?,
            },
        })
    }

    fn sub(&self, argument: &Value) -> Result<String> {
        let (pattern, own) = match argument {
            Value::Array(parts) => (text(&parts[0])?, parts.get(1).and_then(Value::as_object)),
            whole => (text(whole)?, None),
        };
        let mut out = String::new();
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, tail) = after.split_once('}').context("Sub without a closing brace")?;
            out.push_str(before);
            if let Some(literal) = name.strip_prefix('!') {
                out.push_str(&format!("${{{literal}}}"));
            } else if let Some(value) = own.and_then(|own| own.get(name)) {
                out.push_str(&scalar(&self.resolve(value)?)?);
            } else if name.contains('.') {
                out.push_str(&self.get_att(&Value::from(name))?);
            } else {
                out.push_str(&self.reference(name)?);
            }
            rest = tail;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn get_att(&self, argument: &Value) -> Result<String> {
        let path = match argument {
            Value::Array(parts) => parts.iter().map(scalar).collect::<Result<Vec<_>>>()?.join("."),
            whole => text(whole)?.to_owned(),
        };
        let (resource, attribute) = path.split_once('.').context("GetAtt needs an attribute")?;
        ensure!(attribute == "Arn", "cannot resolve the attribute {attribute}");
        let (kind, name) = (self.kind(resource)?, self.physical_name(resource)?);
        let (account, region) = (&self.account, &self.region);
        Ok(match kind {
            "AWS::SQS::Queue" => format!("arn:aws:sqs:{region}:{account}:{name}"),
            "AWS::SNS::Topic" => format!("arn:aws:sns:{region}:{account}:{name}"),
            "AWS::IAM::Role" => format!("arn:aws:iam::{account}:role/{name}"),
            "AWS::Events::EventBus" => format!("arn:aws:events:{region}:{account}:event-bus/{name}"),
            "AWS::Events::Rule" => format!("arn:aws:events:{region}:{account}:rule/{}", name.replace('|', "/")),
            "AWS::Lambda::Function" => format!("arn:aws:lambda:{region}:{account}:function:{name}"),
            "AWS::KinesisFirehose::DeliveryStream" => {
                format!("arn:aws:firehose:{region}:{account}:deliverystream/{name}")
            }
            "AWS::S3::Bucket" => format!("arn:aws:s3:::{name}"),
            "AWS::Logs::LogGroup" => format!("arn:aws:logs:{region}:{account}:log-group:{name}:*"),
            "AWS::Scheduler::Schedule" => format!("arn:aws:scheduler:{region}:{account}:schedule/default/{name}"),
            other => bail!("cannot resolve the ARN of a {other}"),
        })
    }

    fn kind(&self, resource: &str) -> Result<&str> {
        let resource = self.template.get("Resources").and_then(|all| all.get(resource));
        let kind = resource.and_then(|r| r.get("Type")).and_then(Value::as_str);
        kind.ok_or_else(|| anyhow!("no such resource"))
    }

    /// What `Ref` gives for a resource with a fixed name; a queue's name stands for its URL.
    fn physical_name(&self, resource: &str) -> Result<String> {
        let kind = self.kind(resource)?;
        let property = match kind {
            "AWS::SQS::Queue" => "QueueName",
            "AWS::SNS::Topic" => "TopicName",
            "AWS::IAM::Role" => "RoleName",
            "AWS::Lambda::Function" => "FunctionName",
            "AWS::KinesisFirehose::DeliveryStream" => "DeliveryStreamName",
            "AWS::S3::Bucket" => "BucketName",
            "AWS::Logs::LogGroup" => "LogGroupName",
            "AWS::Logs::LogStream" => "LogStreamName",
            "AWS::Glue::Database" => "DatabaseInput",
            "AWS::Events::EventBus" | "AWS::Events::Rule" | "AWS::Scheduler::Schedule" => "Name",
            other => bail!("cannot resolve a reference to a {other}"),
        };
        let properties = &self.template["Resources"][resource]["Properties"];
        let name = properties
            .get(property)
            .with_context(|| format!("{resource} has no {property}"))?;
        // A database's name lies one deeper.
        let name = name.get("Name").unwrap_or(name);
        let name = scalar(&self.resolve(name)?)?;
        Ok(match properties.get("EventBusName") {
            Some(bus) if kind == "AWS::Events::Rule" => {
                let bus = scalar(&self.resolve(bus)?)?;
                let bus = bus.rsplit('/').next().unwrap_or_default();
                if bus == "default" {
                    name
                } else {
                    format!("{bus}|{name}")
                }
            }
            _ => name,
        })
    }

    fn condition(&self, value: &Value) -> Result<bool> {
        let (name, argument) = value.as_object().and_then(function).context("not a condition")?;
        let list = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        match name {
            "Condition" => {
                let stated = self
                    .template
                    .get("Conditions")
                    .and_then(|all| all.get(text(argument).ok()?));
                self.condition(stated.with_context(|| format!("no condition {argument}"))?)
            }
            "Fn::Equals" => match list {
                [left, right] => Ok(scalar(&self.resolve(left)?)? == scalar(&self.resolve(right)?)?),
                _ => bail!("Equals needs two arguments"),
            },
            "Fn::Not" => match list {
                [one] => Ok(!self.condition(one)?),
                _ => bail!("Not needs one argument"),
            },
            "Fn::And" => list.iter().try_fold(true, |all, one| Ok(all & self.condition(one)?)),
            "Fn::Or" => list.iter().try_fold(false, |any, one| Ok(any | self.condition(one)?)),
            other => bail!("cannot resolve the condition {other}"),
        }
    }
}

/// The function that an object calls, if it does.
fn function(fields: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, argument) = fields.iter().next().filter(|_| fields.len() == 1)?;
    let called = name == "Ref" || name.starts_with("Fn::") || (name == "Condition" && argument.is_string());
    called.then_some((name.as_str(), argument))
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().with_context(|| format!("{value} is not a string"))
}

fn scalar(value: &Value) -> Result<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        other => bail!("{other} is not a scalar"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = r#"
Parameters:
  OrganizationId: {Type: String}
  Archive: {Type: String, Default: "false"}
Conditions:
  HasArchive: !Equals [!Ref Archive, "true"]
  None: !Not [!Condition HasArchive]
Resources:
  Dlq:
    Type: AWS::SQS::Queue
    Properties: {QueueName: forward-dlq}
  Bus:
    Type: AWS::Events::EventBus
    Properties:
      Name: hub
      Policy:
        Statement:
          - Effect: Allow
            Resource: !Sub "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/hub"
            Condition: {StringEquals: {"aws:PrincipalOrgID": !Ref OrganizationId}}
          - !If [HasArchive, {Effect: Deny}, !Ref "AWS::NoValue"]
  Rule:
    Type: AWS::Events::Rule
    Properties: {Name: all, EventBusName: !Ref Bus}
  DlqPolicy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Dlq]
      PolicyDocument: {Statement: {Resource: !GetAtt Dlq.Arn, Condition: {ArnEquals: {"aws:SourceArn": {"Fn::GetAtt": [Rule, Arn]}}}}}
  Optional:
    Type: AWS::SQS::Queue
    Condition: HasArchive
"#;

    fn stack() -> Stack {
        let parameters = BTreeMap::from([("OrganizationId".to_owned(), "o-one".to_owned())]);
        Stack::new("000011112222", "eu-west-1", TEMPLATE, parameters).unwrap()
    }

    #[test]
    fn short_and_long_forms_resolve() {
        let policies = stack().resources("AWS::SQS::QueuePolicy").unwrap();
        let wanted = json!({"Queues": ["forward-dlq"], "PolicyDocument": {"Statement": {
            "Resource": "arn:aws:sqs:eu-west-1:000011112222:forward-dlq",
            "Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:events:eu-west-1:000011112222:rule/hub/all"}}}}});
        assert_eq!(policies, [wanted]);
    }

    #[test]
    fn conditions_take_out_what_they_guard() {
        let buses = stack().resources("AWS::Events::EventBus").unwrap();
        assert_eq!(
            buses[0]["Policy"]["Statement"],
            json!([{"Effect": "Allow",
            "Resource": "arn:aws:events:eu-west-1:000011112222:event-bus/hub",
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-one"}}}])
        );
        assert_eq!(stack().resources("AWS::SQS::Queue").unwrap().len(), 1);
    }
}
