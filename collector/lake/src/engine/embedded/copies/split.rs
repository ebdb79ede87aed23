//! Half of the rows: those whose key stands once, or those whose key stands more than once.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{BooleanArray, RecordBatch};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, ReplaceChildrenOptions,
};
use futures::{StreamExt, TryStreamExt, future, stream};

use super::repeated::{Repeated, Shared, hashes};

/// Which half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Keys that stand once.
    Once,
    /// Keys that stand more than once.
    Repeated,
}

/// Half of the rows of `rows`, by what is found in `keys`: the key column of the same rows.
pub(super) struct SplitExec {
    keys: Arc<dyn ExecutionPlan>,
    rows: Arc<dyn ExecutionPlan>,
    key: usize,
    side: Side,
    shared: Shared,
    metrics: ExecutionPlanMetricsSet,
}

impl SplitExec {
    pub(super) fn new(
        keys: Arc<dyn ExecutionPlan>,
        rows: Arc<dyn ExecutionPlan>,
        key: usize,
        side: Side,
        shared: Shared,
    ) -> Self {
        SplitExec {
            keys,
            rows,
            key,
            side,
            shared,
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }

    fn with(&self, keys: Arc<dyn ExecutionPlan>, rows: Arc<dyn ExecutionPlan>, shared: Shared) -> Arc<Self> {
        Arc::new(SplitExec::new(keys, rows, self.key, self.side, shared))
    }
}

/// The rows of a batch that belong to a side; `None` where none do.
fn chosen(batch: RecordBatch, key: usize, side: Side, repeated: &Repeated) -> Result<Option<RecordBatch>> {
    let hashes = hashes(batch.column(key))?;
    let wanted = |hash: &u64| repeated.contains(*hash) == (side == Side::Repeated);
    let count = hashes.iter().filter(|hash| wanted(hash)).count();
    if count == 0 {
        return Ok(None);
    }
    if count == hashes.len() {
        return Ok(Some(batch));
    }
    let mask = BooleanArray::from_iter(hashes.iter().map(|hash| Some(wanted(hash))));
    Ok(Some(filter_record_batch(&batch, &mask)?))
}

impl ExecutionPlan for SplitExec {
    fn name(&self) -> &'static str {
        "SplitExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.rows.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![false, true]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.keys, &self.rows]
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Ok([keys, rows]) = <[_; 2]>::try_from(children) else {
            return internal_err!("SplitExec has two children");
        };
        Ok(self.with(keys, rows, self.shared.clone()))
    }

    // Required still, though nothing calls it any more.
    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn reset_state(self: Arc<Self>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self.with(Arc::clone(&self.keys), Arc::clone(&self.rows), Shared::default()))
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let (key, side) = (self.key, self.side);
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let search = self.shared.search(&self.keys, &context);
        let rows = Arc::clone(&self.rows);
        let begin = async move {
            let repeated = search.await.map_err(DataFusionError::Shared)?;
            if side == Side::Repeated && repeated.is_none() {
                return Ok(stream::empty().boxed());
            }
            let half = rows.execute(partition, context)?.try_filter_map(move |batch| {
                let _timer = metrics.elapsed_compute().timer();
                let half = chosen(batch, key, side, &repeated);
                if let Ok(Some(half)) = &half {
                    metrics.record_output(half.num_rows());
                }
                future::ready(half)
            });
            Ok::<_, DataFusionError>(half.boxed())
        };
        let half = stream::once(begin).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), half)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

impl fmt::Debug for SplitExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SplitExec({:?})", self.side)
    }
}

impl DisplayAs for SplitExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SplitExec: {:?}", self.side)
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Array, AsArray, StringArray};

    use super::*;

    #[test]
    fn where_nothing_is_known_of_the_keys_all_rows_are_on_the_side_that_is_sorted() {
        let keys = StringArray::from(vec!["a", "b", "b"]);
        let batch = RecordBatch::try_from_iter([("event_key", Arc::new(keys) as _)]).unwrap();
        let once = chosen(batch.clone(), 0, Side::Once, &Repeated::Unknown).unwrap();
        assert!(once.is_none());
        let again = chosen(batch, 0, Side::Repeated, &Repeated::Unknown).unwrap().unwrap();
        assert_eq!(again.column(0).as_string::<i32>().len(), 3);
    }
}
