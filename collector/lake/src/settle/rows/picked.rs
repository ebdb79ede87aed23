//! Values of a packed row: of some columns, or all of them as JSON.

use pipetrail_collector::columns::Visitor;
use pipetrail_collector::json::Json;

use crate::parquet::{Damaged, Form, unpack};

/// Which text columns are read, and in which order they are given.
#[derive(Clone, Debug)]
pub(super) struct Pick {
    /// For each column of the rows its place among those that are read.
    places: Vec<Option<usize>>,
    count: usize,
}

impl Pick {
    /// The columns of these names; one that the rows do not have reads NULL.
    pub(super) fn new(form: &Form, names: &[&str]) -> Self {
        let place = |column: &&str| names.iter().position(|name| name == column);
        Pick {
            places: form.names().iter().map(place).collect(),
            count: names.len(),
        }
    }

    /// Their values in a row.
    ///
    /// # Errors
    /// The bytes are no packed row.
    pub(super) fn texts(&self, form: &Form, packed: &[u8]) -> Result<Vec<Option<String>>, Damaged> {
        let mut picked = Picked {
            pick: self,
            next: 0,
            texts: vec![None; self.count],
        };
        unpack(form.types(), packed, &mut picked)?;
        Ok(picked.texts)
    }
}

struct Picked<'p> {
    pick: &'p Pick,
    next: usize,
    texts: Vec<Option<String>>,
}

impl Visitor for Picked<'_> {
    fn string(&mut self, value: Option<&str>) {
        let place = self.pick.places.get(self.next).copied().flatten();
        if let Some(text) = place.and_then(|place| self.texts.get_mut(place)) {
            *text = value.map(str::to_owned);
        }
        self.next += 1;
    }

    fn json(&mut self, value: Option<&Json<'_>>) {
        self.string(value.and_then(Json::text).as_deref());
    }

    fn bigint(&mut self, _: Option<i64>) {
        self.next += 1;
    }

    fn boolean(&mut self, _: Option<bool>) {
        self.next += 1;
    }
}

/// A row as one JSON object, in which NULL columns are absent.
///
/// # Errors
/// The bytes are no packed row.
pub(super) fn whole_row(form: &Form, packed: &[u8]) -> Result<String, Damaged> {
    let mut object = Object {
        names: form.names().iter(),
        out: String::from("{"),
    };
    unpack(form.types(), packed, &mut object)?;
    object.out.push('}');
    Ok(object.out)
}

struct Object<'f> {
    names: std::slice::Iter<'f, &'static str>,
    out: String,
}

impl Object<'_> {
    fn add(&mut self, value: Option<serde_json::Value>) {
        if let (Some(name), Some(value)) = (self.names.next(), value) {
            let comma = if self.out.len() > 1 { "," } else { "" };
            self.out.push_str(&format!("{comma}\"{name}\":{value}"));
        }
    }
}

impl Visitor for Object<'_> {
    fn string(&mut self, value: Option<&str>) {
        self.add(value.map(Into::into));
    }

    fn json(&mut self, value: Option<&Json<'_>>) {
        self.string(value.and_then(Json::text).as_deref());
    }

    fn bigint(&mut self, value: Option<i64>) {
        self.add(value.map(Into::into));
    }

    fn boolean(&mut self, value: Option<bool>) {
        self.add(value.map(Into::into));
    }
}
