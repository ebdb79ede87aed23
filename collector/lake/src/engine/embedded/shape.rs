//! What the files of a table must look like: which columns of which types, and which no file may lack.
//!
//! A file may lack columns (it is older than they are) and have more (it is newer than this command).
//! It may not lack `event_key`, nor give a column another type: its rows would read NULL or mean
//! something else. A file of landing may not lack what the partition's folder says elsewhere.

use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::datasource::physical_plan::parquet::transform_schema_to_view;
use datafusion::parquet::schema::types::Type;
use pipetrail_collector::Table;
use pipetrail_collector::columns::ColumnType;

use crate::copies_table;
use crate::parquet::{described, holds};
use crate::tiers::{COPIES, Tier};

/// The columns of a table's files.
#[derive(Debug)]
pub(super) struct Shape {
    /// What messages call it.
    name: String,
    columns: Vec<(&'static str, ColumnType)>,
    /// What no file may lack.
    required: Vec<&'static str>,
}

impl Shape {
    /// Files of a table's partitions.
    pub(super) fn settled(table: Table) -> Self {
        Shape {
            name: table.to_string(),
            columns: columns(table),
            required: vec!["event_key"],
        }
    }

    /// Files in which a table's rows land: the partition keys are columns there, the last ones.
    pub(super) fn landing(table: Table) -> Self {
        let keys = table.partition_keys().iter().map(|key| (*key, ColumnType::String));
        let mut required = vec!["event_key", "account_id"];
        required.extend(table.partition_keys().iter().filter(|key| **key != "account_id"));
        Shape {
            name: Tier::Landing.of(table).to_string(),
            columns: columns(table).into_iter().chain(keys).collect(),
            required,
        }
    }

    /// Files of dropped copies.
    pub(super) fn copies() -> Self {
        Shape {
            name: COPIES.to_owned(),
            columns: copies_table::COLUMNS.to_vec(),
            required: vec!["event_key", "account_id", "table_name"],
        }
    }

    /// The columns as DataFusion reads them. Text comes as views, which are grouped and compared without being
    /// copied; but not `keys`, which are what partition keys are elsewhere.
    pub(super) fn schema(&self, keys: &[&str]) -> Schema {
        let field = |&(name, ty): &(&str, ColumnType)| {
            let ty = match ty {
                ColumnType::String => DataType::Utf8,
                ColumnType::Bigint => DataType::Int64,
                ColumnType::Boolean => DataType::Boolean,
            };
            Field::new(name, ty, true)
        };
        let (keys, others): (Vec<_>, Vec<_>) = (self.columns.iter()).partition(|(name, _)| keys.contains(name));
        let views = transform_schema_to_view(&Schema::new(others.into_iter().map(field).collect::<Vec<_>>()));
        let keys = keys.into_iter().map(|column| field(column).into());
        Schema::new(views.fields().iter().cloned().chain(keys).collect::<Vec<_>>())
    }

    /// What keeps a file's rows from being rows of the table.
    pub(super) fn difference(&self, file: &Type) -> Option<String> {
        let name = &self.name;
        let fields = file.get_fields();
        let find = |name: &str| fields.iter().find(|field| field.name() == name);
        if let Some(missing) = self.required.iter().find(|column| find(column).is_none()) {
            return Some(format!("no column {missing}, so no rows of {name}"));
        }
        let wrong = |&(column, ty): &(&str, ColumnType)| {
            let field = find(column).filter(|field| !holds(field, ty))?;
            Some(format!(
                "column {column} is {}, where {name} has {ty}",
                described(field)
            ))
        };
        self.columns.iter().find_map(wrong)
    }
}

fn columns(table: Table) -> Vec<(&'static str, ColumnType)> {
    let columns = table.columns().into_iter();
    columns.map(|column| (column.name, column.ty)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_tiers_have_the_same_columns_of_the_same_types_in_the_same_order() {
        for table in Table::ALL {
            let keys = table.partition_keys();
            let landing = Shape::landing(table).schema(keys);
            let settled = Shape::settled(table).schema(keys);
            let (columns, rest) = landing.fields().split_at(settled.fields().len());
            assert_eq!(columns, &settled.fields()[..], "{table}");
            let rest: Vec<_> = rest.iter().map(|field| field.name().as_str()).collect();
            assert_eq!(rest, keys);
            // What the files of partitions are written with.
            let written = transform_schema_to_view(&crate::parquet::schema(table));
            assert_eq!(settled, written, "{table}");
        }
    }
}
