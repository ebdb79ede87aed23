//! YAML of CloudFormation: short-form tags become their long form.
//!
//! What the functions mean is the business of [`super::template`].

use std::fmt;

use anyhow::Result;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Value, json};
use serde_saphyr::Tagged;

/// Reads a document; JSON is YAML too.
///
/// # Errors
/// When the text is no YAML.
pub(super) fn read(text: &str) -> Result<Value> {
    let Tagged(node, tag) = serde_saphyr::from_str::<Tagged<Node>>(text)?;
    node.value(tag)
}

/// A YAML node whose short-form tags (`!Ref`, `!Sub`, `!GetAtt`…) become their long form.
enum Node {
    Scalar(Value),
    List(Vec<Tagged<Node>>),
    Fields(Vec<(String, Tagged<Node>)>),
}

impl Node {
    fn value(self, tag: Option<String>) -> Result<Value> {
        let value = match self {
            Self::Scalar(value) => value,
            Self::List(items) => {
                let items = items.into_iter().map(|Tagged(node, tag)| node.value(tag));
                items.collect::<Result<Vec<_>>>().map(Value::from)?
            }
            Self::Fields(fields) => {
                let fields = fields
                    .into_iter()
                    .map(|(name, Tagged(node, tag))| Ok((name, node.value(tag)?)));
                Value::Object(fields.collect::<Result<_>>()?)
            }
        };
        Ok(match tag.as_deref().and_then(|tag| tag.strip_prefix('!')) {
            None | Some("") => value,
            Some(name @ ("Ref" | "Condition")) => json!({name: value}),
            Some(name) => json!({format!("Fn::{name}"): value}),
        })
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Node;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a YAML node")
            }
            fn visit_str<E>(self, value: &str) -> Result<Node, E> {
                Ok(Node::Scalar(Value::from(value)))
            }
            fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
                Ok(Node::Scalar(Value::from(value)))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
                Ok(Node::Scalar(Value::from(value)))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
                Ok(Node::Scalar(Value::from(value)))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
                Ok(Node::Scalar(Value::from(value)))
            }
            fn visit_unit<E>(self) -> Result<Node, E> {
                Ok(Node::Scalar(Value::Null))
            }
            fn visit_none<E>(self) -> Result<Node, E> {
                Ok(Node::Scalar(Value::Null))
            }
            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
                Node::deserialize(deserializer)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Node::List(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Node::Fields(fields))
            }
        }
        deserializer.deserialize_any(Any)
    }
}
