//! Which files of a table a query reads: listed in as few calls as its size allows, and only in the
//! folders whose names satisfy the query.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringArray};
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::{Column, DFSchema, Result, ScalarValue};
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::utils::{conjunction, expr_to_columns};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use datafusion::physical_expr::create_physical_expr;
use futures::stream::{self, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};
use pipetrail_collector::Table;
use pipetrail_collector::layout::Partition;

/// Keys that are listed flat before the folders are looked at one by one: five calls to S3.
const FLAT: usize = 5_000;
/// Folders that are listed at the same time.
const AT_ONCE: usize = 32;
/// Folders that a query may name and that are then not looked for.
const NAMED: usize = 1_000;

/// A file that holds rows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct DataFile {
    /// The object.
    pub meta: ObjectMeta,
    /// Values of the partition keys, in order.
    pub values: Vec<String>,
}

/// The files of a table that can hold rows a query asks for. The filters speak of partition keys only.
pub(super) struct Wanted<'a> {
    store: &'a dyn ObjectStore,
    root: &'a Path,
    table: Table,
    filters: &'a [Expr],
    flat: usize,
}

impl<'a> Wanted<'a> {
    pub(super) fn new(store: &'a dyn ObjectStore, root: &'a Path, table: Table, filters: &'a [Expr]) -> Self {
        Wanted {
            store,
            root,
            table,
            filters,
            flat: FLAT,
        }
    }

    /// Lists them, by name.
    ///
    /// # Errors
    /// The store cannot be listed.
    pub(super) async fn list(&self) -> Result<Vec<DataFile>> {
        let table = self.root.clone().join(self.table.name());
        let mut begin = vec![(table.clone(), Vec::new())];
        for key in self.table.partition_keys() {
            let Some(values) = self.named(key) else { break };
            if begin.len() * values.len() > NAMED {
                break;
            }
            begin = (begin.iter())
                .flat_map(|(path, before)| values.iter().map(move |value| child(path, before, key, value)))
                .collect();
        }
        let begin = self.satisfying(begin)?;
        let found: Vec<Vec<ObjectMeta>> =
            stream::iter(begin.into_iter().map(|(path, values)| self.below(path, values)))
                .buffer_unordered(AT_ONCE)
                .try_collect()
                .await?;
        self.chosen(found.into_iter().flatten())
    }

    /// The objects below a folder, those of unwanted folders left out where there are many.
    fn below(&self, path: Path, values: Vec<String>) -> futures::future::BoxFuture<'_, Result<Vec<ObjectMeta>>> {
        Box::pin(async move {
            let whole = values.len() == self.table.partition_keys().len();
            let mut listing = self.store.list(Some(&path));
            let mut found = Vec::new();
            while let Some(object) = listing.try_next().await? {
                found.push(object);
                if !whole && found.len() > self.flat {
                    drop(listing);
                    return self.folder_by_folder(path, values).await;
                }
            }
            Ok(found)
        })
    }

    async fn folder_by_folder(&self, path: Path, values: Vec<String>) -> Result<Vec<ObjectMeta>> {
        let key = self.table.partition_keys()[values.len()];
        let inside = self.store.list_with_delimiter(Some(&path)).await?.common_prefixes;
        let value = |folder: &Path| Some(folder.filename()?.strip_prefix(key)?.strip_prefix('=')?.to_owned());
        let children = inside
            .iter()
            .filter_map(value)
            .map(|value| child(&path, &values, key, &value));
        let children = self.satisfying(children.collect())?;
        let found: Vec<_> = stream::iter(children.into_iter().map(|(path, values)| self.below(path, values)))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Those objects that are data, and in a partition that satisfies every filter.
    fn chosen(&self, objects: impl Iterator<Item = ObjectMeta>) -> Result<Vec<DataFile>> {
        let root = self.root.parts().count();
        let data = objects.filter(|object| is_data(object, root)).filter_map(|meta| {
            let key: Vec<_> = meta
                .location
                .parts()
                .skip(root)
                .map(|part| part.as_ref().to_owned())
                .collect();
            let values = Partition::from_key(&key.join("/"))?.values;
            Some((meta, values))
        });
        let mut files: Vec<DataFile> = (self.satisfying(data.collect())?.into_iter())
            .map(|(meta, values)| DataFile { meta, values })
            .collect();
        files.sort_by(|a, b| a.meta.location.cmp(&b.meta.location));
        Ok(files)
    }

    /// Those whose partition values, as far as they are known, satisfy the filters that speak of no
    /// other keys. All have the same number of values.
    fn satisfying<T>(&self, candidates: Vec<(T, Vec<String>)>) -> Result<Vec<(T, Vec<String>)>> {
        let Some(known) = candidates.first().map(|(_, values)| values.len()) else {
            return Ok(candidates);
        };
        let keys = &self.table.partition_keys()[..known];
        let filters = (self.filters.iter())
            .filter(|filter| speaks_only_of(filter, keys))
            .cloned();
        let Some(filter) = conjunction(filters) else {
            return Ok(candidates);
        };
        let fields: Vec<_> = keys.iter().map(|key| Field::new(*key, DataType::Utf8, false)).collect();
        let schema = DFSchema::from_unqualified_fields(fields.into(), Default::default())?;
        let column = |i: usize| {
            Arc::new(StringArray::from_iter_values(
                candidates.iter().map(|(_, values)| &values[i]),
            ))
        };
        let columns = (0..known).map(|i| column(i) as ArrayRef).collect();
        // With the count: a filter may hold or not whatever the keys are.
        let count = RecordBatchOptions::new().with_row_count(Some(candidates.len()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(schema.inner()), columns, &count)?;
        let filter = unqualified(filter)?;
        let filter = create_physical_expr(
            &filter,
            &schema,
            &ExecutionProps::new(),
            &PhysicalPlanningContext::default(),
        )?;
        let verdict = filter.evaluate(&batch)?.into_array(batch.num_rows())?;
        let verdict = verdict.as_boolean();
        let mut row = 0..;
        let holds = move |_: &(T, Vec<String>)| {
            row.next()
                .is_some_and(|row| verdict.is_valid(row) && verdict.value(row))
        };
        Ok(candidates.into_iter().filter(holds).collect())
    }

    /// The values that the filters allow for a key, where they name them.
    fn named(&self, key: &str) -> Option<BTreeSet<String>> {
        let sets = self.filters.iter().filter_map(|filter| named(filter, key));
        sets.reduce(|a, b| &a & &b)
    }
}

fn child(path: &Path, before: &[String], key: &str, value: &str) -> (Path, Vec<String>) {
    let values = before.iter().cloned().chain([value.to_owned()]).collect();
    (path.clone().join(format!("{key}={value}")), values)
}

/// Whether an expression can be decided from these columns alone.
pub(super) fn speaks_only_of(expr: &Expr, columns: &[&str]) -> bool {
    let mut read = Default::default();
    !expr.is_volatile()
        && expr_to_columns(expr, &mut read).is_ok()
        && read.iter().all(|column| columns.contains(&column.name.as_str()))
}

/// The values an expression allows for a column: `=`, `IN` and their `OR`.
fn named(expr: &Expr, key: &str) -> Option<BTreeSet<String>> {
    let is_key = |expr: &Expr| matches!(expr, Expr::Column(column) if column.name == key);
    let text = |expr: &Expr| match expr {
        Expr::Literal(ScalarValue::Utf8(text) | ScalarValue::Utf8View(text) | ScalarValue::LargeUtf8(text), _) => {
            text.clone()
        }
        _ => None,
    };
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
            Operator::Eq if is_key(left) => Some([text(right)?].into()),
            Operator::Eq if is_key(right) => Some([text(left)?].into()),
            Operator::Or => Some(&named(left, key)? | &named(right, key)?),
            Operator::And => match (named(left, key), named(right, key)) {
                (Some(a), Some(b)) => Some(&a & &b),
                (one, other) => one.or(other),
            },
            _ => None,
        },
        Expr::InList(list) if !list.negated && is_key(&list.expr) => list.list.iter().map(text).collect(),
        _ => None,
    }
}

/// Table names taken off: the partition keys stand alone.
fn unqualified(expr: Expr) -> Result<Expr> {
    use datafusion::common::tree_node::{Transformed, TreeNode};
    expr.transform(|expr| {
        Ok(match expr {
            Expr::Column(column) => Transformed::yes(Expr::Column(Column::new_unqualified(column.name))),
            other => Transformed::no(other),
        })
    })
    .map(|transformed| transformed.data)
}

/// Whether an object below a table's folder holds rows: `….parquet`, or a name without any extension,
/// as Firehose writes where it was told none. Nothing that begins with `.` or `_` does, nor in a folder
/// that does: Athena leaves out the same.
fn is_data(object: &ObjectMeta, root: usize) -> bool {
    let Some(name) = object.location.filename() else {
        return false;
    };
    let hidden = |part: &str| part.starts_with(['.', '_']);
    let named = match name.rsplit_once('.') {
        Some((_, extension)) => extension == "parquet",
        // Nothing in it: what consoles leave behind for a folder.
        None => object.size > 0,
    };
    named && !object.location.parts().skip(root).any(|part| hidden(part.as_ref()))
}

#[cfg(test)]
mod tests;
