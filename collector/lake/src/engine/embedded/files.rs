//! Which files of a table a query reads: listed in as few calls as its size allows, and only in the
//! folders whose names satisfy the query.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringArray};
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::expr_rewriter::unnormalize_col;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, TableProviderFilterPushDown};
use datafusion::physical_expr::create_physical_expr;
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt, TryStreamExt};
use object_store::path::{Path, PathPart};
use object_store::{ObjectMeta, ObjectStore};

use super::folders::Folders;

/// Keys that are listed flat before the folders are looked at one by one: five calls to S3.
pub(super) const FLAT: usize = 5_000;
/// Folders that are listed at the same time.
const AT_ONCE: usize = 32;
/// Folders that a query may name and that are then not looked for.
const NAMED: usize = 1_000;

/// A folder or a file, and the values of the partition keys that its path names, in their order.
type Valued<T> = (T, Vec<String>);

/// The files of a table that can hold rows a query asks for, by those filters that speak of partition keys.
pub(super) struct Wanted<'a> {
    pub store: &'a dyn ObjectStore,
    pub root: &'a Path,
    pub folders: Folders,
    pub filters: &'a [Expr],
    /// Keys that are listed flat: [`FLAT`], but for tests.
    pub flat: usize,
}

impl Wanted<'_> {
    /// Lists them, by name.
    ///
    /// # Errors
    /// The store cannot be listed.
    pub(super) async fn list(&self) -> Result<Vec<PartitionedFile>> {
        let table = self.root.clone().join(self.folders.name());
        let mut begin = vec![(table.clone(), Vec::new())];
        for key in self.folders.keys() {
            let Some(values) = self.named(key) else { break };
            if begin.len() * values.len() > NAMED {
                break;
            }
            begin = (begin.iter())
                .flat_map(|(path, before)| values.iter().map(move |value| child(path, before, key, value)))
                .collect();
        }
        self.chosen(self.below_all(begin).await?)
    }

    /// The objects below those of the folders that satisfy the filters.
    async fn below_all(&self, folders: Vec<Valued<Path>>) -> Result<Vec<ObjectMeta>> {
        let folders = self.satisfying(folders)?.into_iter();
        stream::iter(folders.map(|(path, values)| self.below(path, values)))
            .buffer_unordered(AT_ONCE)
            .try_concat()
            .await
    }

    /// The objects below a folder, those of unwanted folders left out where there are many.
    fn below(&self, path: Path, values: Vec<String>) -> BoxFuture<'_, Result<Vec<ObjectMeta>>> {
        Box::pin(async move {
            let whole = values.len() == self.folders.keys().len();
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
        let key = self.folders.keys()[values.len()];
        let inside = self.store.list_with_delimiter(Some(&path)).await?.common_prefixes;
        let value = |folder: &Path| Some(folder.filename()?.strip_prefix(key)?.strip_prefix('=')?.to_owned());
        let children = inside
            .iter()
            .filter_map(value)
            .map(|value| child(&path, &values, key, &value));
        self.below_all(children.collect()).await
    }

    /// Those objects that are data, and in a partition that satisfies every filter.
    fn chosen(&self, objects: Vec<ObjectMeta>) -> Result<Vec<PartitionedFile>> {
        let valued = |object: ObjectMeta| {
            let key = Path::from_iter(object.location.prefix_match(self.root)?);
            let values = self
                .folders
                .values(key.as_ref())
                .filter(|_| is_data(&key, object.size))?;
            Some((object, values))
        };
        let data = self.satisfying(objects.into_iter().filter_map(valued).collect())?;
        let file = |(object, values): Valued<ObjectMeta>| {
            let mut file = PartitionedFile::from(object);
            file.partition_values = values.into_iter().map(ScalarValue::from).collect();
            file
        };
        let mut files: Vec<_> = data.into_iter().map(file).collect();
        files.sort_by(|a, b| a.object_meta.location.cmp(&b.object_meta.location));
        Ok(files)
    }

    /// Those whose partition values, as far as they are known, satisfy the filters that speak of no
    /// other keys. All have the same number of values.
    fn satisfying<T>(&self, candidates: Vec<Valued<T>>) -> Result<Vec<Valued<T>>> {
        let Some(known) = candidates.first().map(|(_, values)| values.len()) else {
            return Ok(candidates);
        };
        let keys = &self.folders.keys()[..known];
        let filters = (self.filters.iter())
            .filter(|filter| speaks_only_of(filter, keys))
            .cloned();
        let Some(filter) = conjunction(filters) else {
            return Ok(candidates);
        };
        let fields: Vec<_> = keys.iter().map(|key| Field::new(*key, DataType::Utf8, false)).collect();
        let schema = DFSchema::from_unqualified_fields(fields.into(), Default::default())?;
        let column = |i: usize| -> ArrayRef {
            let values = candidates.iter().map(|(_, values)| &values[i]);
            Arc::new(StringArray::from_iter_values(values))
        };
        let columns = (0..known).map(column).collect();
        // With the count: a filter may hold or not whatever the keys are.
        let count = RecordBatchOptions::new().with_row_count(Some(candidates.len()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(schema.inner()), columns, &count)?;
        // Without table names: the partition keys stand alone.
        let filter = create_physical_expr(
            &unnormalize_col(filter),
            &schema,
            &ExecutionProps::new(),
            &PhysicalPlanningContext::default(),
        )?;
        let verdict = filter.evaluate(&batch)?.into_array(batch.num_rows())?;
        let mut verdict = verdict.as_boolean().iter();
        let holds = |_: &Valued<T>| verdict.next() == Some(Some(true));
        Ok(candidates.into_iter().filter(holds).collect())
    }

    /// The values that the filters allow for a key, where they name them.
    fn named(&self, key: &str) -> Option<BTreeSet<String>> {
        let sets = self.filters.iter().filter_map(|filter| named(filter, key));
        sets.reduce(|a, b| &a & &b)
    }
}

fn child(path: &Path, before: &[String], key: &str, value: &str) -> Valued<Path> {
    let values = before.iter().cloned().chain([value.to_owned()]).collect();
    (path.clone().join(format!("{key}={value}")), values)
}

/// Whether an expression can be decided from these columns alone.
pub(super) fn speaks_only_of(expr: &Expr, columns: &[&str]) -> bool {
    let mut read = expr.column_refs().into_iter();
    !expr.is_volatile() && read.all(|column| columns.contains(&column.name.as_str()))
}

/// What a provider says of filters that it takes: those that speak of these columns alone hold for every row
/// that it gives.
pub(super) fn pushed_down(filters: &[&Expr], columns: &[&str]) -> Vec<TableProviderFilterPushDown> {
    let each = filters.iter().map(|filter| match speaks_only_of(filter, columns) {
        true => TableProviderFilterPushDown::Exact,
        false => TableProviderFilterPushDown::Inexact,
    });
    each.collect()
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
            Operator::And => (named(left, key).into_iter().chain(named(right, key))).reduce(|a, b| &a & &b),
            _ => None,
        },
        Expr::InList(list) if !list.negated && is_key(&list.expr) => list.list.iter().map(text).collect(),
        _ => None,
    }
}

/// Whether an object of a partition holds rows: `….parquet`, or a name without any extension,
/// as Firehose writes where it was told none. Nothing that begins with `.` or `_` does, nor in a folder
/// that does: Athena leaves out the same.
fn is_data(key: &Path, size: u64) -> bool {
    let hidden = |part: PathPart<'_>| part.as_ref().starts_with(['.', '_']);
    let named = match key.filename().and_then(|name| name.rsplit_once('.')) {
        Some((_, extension)) => extension == "parquet",
        // Nothing in it: what consoles leave behind for a folder.
        None => size > 0,
    };
    named && !key.parts().any(hidden)
}

#[cfg(test)]
mod tests;
