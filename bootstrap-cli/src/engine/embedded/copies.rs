//! De-duplication without a sort.
//!
//! Every audit reads a table as `SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY event_key
//! ORDER BY …) AS copy FROM …) WHERE copy = 1`. Planned as written, that sorts the whole table by a
//! random text. But few events have copies: so the keys are read first, those that stand there more
//! than once are noted, and only their rows go through the sort. All other rows pass as they are read.
//!
//! The rule puts in the place of the window
//!
//! ```text
//! Union
//!   Projection(…, 1 AS row_number)
//!     SplitExec(keys that stand once)
//!   Window(row_number)
//!     SplitExec(keys that stand more than once)
//! ```
//!
//! and leaves the filter above as it is: the rows are the same. 10 million rows took 24 s and 8.8 GB
//! before (docs/performance.md has what they take now).

mod repeated;
mod split;

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{Result, ScalarValue};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{BinaryExpr, Column, Literal};
use datafusion::physical_expr::window::StandardWindowExpr;
use datafusion::physical_expr::{PhysicalExpr, split_conjunction};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::execution_plan::{replace_children_if_necessary, reset_plan_states};
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowUDFExpr};

use split::{Side, SplitExec};

/// The column that says which rows are copies of one another.
const KEY: &str = "event_key";

type Rules = Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>>;

/// DataFusion's rules with ours among them: after those that move filters to the files, before the
/// one that adds the sorts.
pub fn among(mut rules: Rules) -> Rules {
    let before = rules.iter().position(|rule| rule.name() == "EnsureRequirements");
    rules.insert(before.unwrap_or(0), Arc::new(SplitCopies));
    rules
}

#[derive(Debug)]
struct SplitCopies;

impl PhysicalOptimizerRule for SplitCopies {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| {
            Ok(match without_sort(&node)? {
                Some(better) => Transformed::yes(better),
                None => Transformed::no(node),
            })
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "SplitCopies"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// The same filter over the split, where the node is one that keeps the first copies.
fn without_sort(node: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(filter) = node.downcast_ref::<FilterExec>() else {
        return Ok(None);
    };
    let firsts = split_conjunction(filter.predicate()).into_iter().filter_map(is_one);
    for first in firsts {
        if let Some(below) = split_below(filter.input(), first)? {
            return replace_children_if_necessary(Arc::clone(node), vec![below]).map(Some);
        }
    }
    Ok(None)
}

/// The column that has to be 1.
fn is_one(expr: &Arc<dyn PhysicalExpr>) -> Option<usize> {
    let expr = expr.downcast_ref::<BinaryExpr>()?;
    let sides = match expr.op() {
        Operator::Eq => [(expr.left(), expr.right()), (expr.right(), expr.left())],
        _ => return None,
    };
    sides.into_iter().find_map(|(column, value)| {
        let column = column.downcast_ref::<Column>()?;
        let value = value.downcast_ref::<Literal>()?;
        (*value.value() == ScalarValue::UInt64(Some(1))).then(|| column.index())
    })
}

/// What stands below a filter that wants column `first` to be 1, with the split in the window's place.
fn split_below(below: &Arc<dyn ExecutionPlan>, first: usize) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    if let Some(projection) = below.downcast_ref::<ProjectionExec>() {
        let column = projection
            .expr()
            .get(first)
            .and_then(|expr| expr.expr.downcast_ref::<Column>());
        let Some(column) = column else { return Ok(None) };
        let Some(split) = split_below(projection.input(), column.index())? else {
            return Ok(None);
        };
        return replace_children_if_necessary(Arc::clone(below), vec![split]).map(Some);
    }
    let Some(window) = below.downcast_ref::<BoundedWindowAggExec>() else {
        return Ok(None);
    };
    let rows = window.input();
    let [expr] = window.window_expr() else { return Ok(None) };
    let numbers = (expr.as_any().downcast_ref::<StandardWindowExpr>())
        .and_then(|expr| expr.get_standard_func_expr().as_any().downcast_ref::<WindowUDFExpr>())
        .is_some_and(|expr| expr.fun().name() == "row_number");
    let [key] = expr.partition_by() else { return Ok(None) };
    let Some(key) = key.downcast_ref::<Column>().filter(|key| key.name() == KEY) else {
        return Ok(None);
    };
    if !numbers || first != rows.schema().fields().len() {
        return Ok(None);
    }

    let shared = repeated::Shared::default();
    let keys = ProjectionExpr::new(Arc::new(key.clone()), KEY);
    let side = |side| -> Result<Arc<dyn ExecutionPlan>> {
        // Each reads the files anew: a scan that runs gives no file twice.
        let keys = ProjectionExec::try_new([keys.clone()], reset_plan_states(Arc::clone(rows))?)?;
        let rows = reset_plan_states(Arc::clone(rows))?;
        Ok(Arc::new(SplitExec::new(
            Arc::new(keys),
            rows,
            key.index(),
            side,
            shared.clone(),
        )))
    };
    let once = side(Side::Once)?;
    let mut exprs: Vec<_> = (once.schema().fields().iter().enumerate())
        .map(|(i, field)| ProjectionExpr::new(Arc::new(Column::new(field.name(), i)), field.name().clone()))
        .collect();
    let one = Literal::new(ScalarValue::UInt64(Some(1)));
    exprs.push(ProjectionExpr::new(
        Arc::new(one),
        below.schema().field(first).name().clone(),
    ));
    let once = ProjectionExec::try_new(exprs, once)?;
    let again = replace_children_if_necessary(Arc::clone(below), vec![side(Side::Repeated)?])?;
    UnionExec::try_new(vec![Arc::new(once), again]).map(Some)
}
