//! The lake's tables: their rows, names and partition keys.
//!
//! Not here: the columns ([`crate::columns`]), how a column gets its value ([`crate::rows`]) and where
//! a row is stored ([`crate::layout`]).

use std::fmt;

use pipetrail_names::audit::STREAM_PREFIX;

use crate::columns::{
    ActionExecution, ApiCall, Approval, Caller, Column, Common, Heartbeat, OtherEvent, OwnChange, PipelineExecution,
    StageExecution, Visitor,
};

/// The table of a row, with the row's own columns.
#[derive(Clone, Debug, PartialEq)]
pub enum Own<'a> {
    PipelineExecution(Box<PipelineExecution<'a>>),
    StageExecution(StageExecution<'a>),
    ActionExecution(Box<ActionExecution<'a>>),
    Approval(Box<Approval<'a>>, Box<Caller<'a>>),
    ApiCall(Box<ApiCall<'a>>, Box<Caller<'a>>),
    Heartbeat(Heartbeat<'a>),
    OtherEvent(OtherEvent<'a>),
    OwnChange(Box<OwnChange<'a>>, Box<Caller<'a>>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Row<'a> {
    /// The columns every table has.
    pub common: Common<'a>,
    /// The columns of the row's table.
    pub own: Own<'a>,
}

impl Row<'_> {
    /// Appends the row as one flat JSON object, in which NULL columns are absent.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        self.common.write(out);
        match &self.own {
            Own::PipelineExecution(own) => own.write(out),
            Own::StageExecution(own) => own.write(out),
            Own::ActionExecution(own) => own.write(out),
            Own::Approval(own, caller) => {
                own.write(out);
                caller.write(out);
            }
            Own::ApiCall(own, caller) => {
                own.write(out);
                caller.write(out);
            }
            Own::Heartbeat(own) => own.write(out),
            Own::OtherEvent(own) => own.write(out),
            Own::OwnChange(own, caller) => {
                own.write(out);
                caller.write(out);
            }
        }
        // The comma behind the last column.
        if out.last() == Some(&b',') {
            out.pop();
        }
        out.push(b'}');
    }

    /// Whether it is CloudTrail's addendum to another record.
    pub fn is_addendum(&self) -> bool {
        match &self.own {
            Own::Approval(_, caller) | Own::ApiCall(_, caller) | Own::OwnChange(_, caller) => {
                caller.addendum_of.is_some()
            }
            _ => false,
        }
    }

    /// Shows the values of the table's columns, in the order of [`Table::columns`].
    pub fn visit(&self, visitor: &mut impl Visitor) {
        let keys = self.own.table().partition_keys();
        self.common.visit(keys, visitor);
        match &self.own {
            Own::PipelineExecution(own) => own.visit(keys, visitor),
            Own::StageExecution(own) => own.visit(keys, visitor),
            Own::ActionExecution(own) => own.visit(keys, visitor),
            Own::Approval(own, caller) => {
                own.visit(keys, visitor);
                caller.visit(keys, visitor);
            }
            Own::ApiCall(own, caller) => {
                own.visit(keys, visitor);
                caller.visit(keys, visitor);
            }
            Own::Heartbeat(own) => own.visit(keys, visitor),
            Own::OtherEvent(own) => own.visit(keys, visitor),
            Own::OwnChange(own, caller) => {
                own.visit(keys, visitor);
                caller.visit(keys, visitor);
            }
        }
    }
}

impl Own<'_> {
    pub fn table(&self) -> Table {
        match self {
            Self::PipelineExecution(_) => Table::PipelineExecutions,
            Self::StageExecution(_) => Table::StageExecutions,
            Self::ActionExecution(_) => Table::ActionExecutions,
            Self::Approval(..) => Table::ApprovalCalls,
            Self::ApiCall(..) => Table::ApiCalls,
            Self::Heartbeat(_) => Table::Heartbeats,
            Self::OtherEvent(_) => Table::OtherEvents,
            Self::OwnChange(..) => Table::OwnChanges,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// State changes of pipeline executions.
    PipelineExecutions,
    /// State changes of stages.
    StageExecutions,
    /// State changes of actions.
    ActionExecutions,
    /// PutApprovalResult calls.
    ApprovalCalls,
    /// Every other API call.
    ApiCalls,
    /// Heartbeats of the members.
    Heartbeats,
    /// What no other table claims.
    OtherEvents,
    /// Calls that change pipetrail's own resources in members. They come from a trail's files alone: nothing forwards
    /// them.
    OwnChanges,
}

impl Table {
    pub const ALL: [Self; 8] = [
        Self::PipelineExecutions,
        Self::StageExecutions,
        Self::ActionExecutions,
        Self::ApprovalCalls,
        Self::ApiCalls,
        Self::Heartbeats,
        Self::OtherEvents,
        Self::OwnChanges,
    ];

    /// Those that the bus fills: each has a rule, a delivery stream and files of landing.
    pub const DELIVERED: [Self; 7] = [
        Self::PipelineExecutions,
        Self::StageExecutions,
        Self::ActionExecutions,
        Self::ApprovalCalls,
        Self::ApiCalls,
        Self::Heartbeats,
        Self::OtherEvents,
    ];

    /// Name in Glue, and the first folder of the table's keys.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PipelineExecutions => "pipeline_executions",
            Self::StageExecutions => "stage_executions",
            Self::ActionExecutions => "action_executions",
            Self::ApprovalCalls => "approval_calls",
            Self::ApiCalls => "api_calls",
            Self::Heartbeats => "heartbeats",
            Self::OtherEvents => "other_events",
            Self::OwnChanges => "own_changes",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }

    /// Whether the bus fills it.
    pub fn is_delivered(self) -> bool {
        Self::DELIVERED.contains(&self)
    }

    /// Whether its rows are calls, with the columns of who called.
    pub const fn is_of_calls(self) -> bool {
        matches!(self, Self::ApprovalCalls | Self::ApiCalls | Self::OwnChanges)
    }

    /// Name of the delivery stream that fills it, where one does.
    pub fn stream_name(self) -> String {
        format!("{STREAM_PREFIX}{}", self.name().replace('_', "-"))
    }

    /// The table that a delivery stream fills: `…:deliverystream/` and [`Table::stream_name`], with a two-digit
    /// shard behind it where streams are sharded.
    pub fn from_stream_arn(arn: &str) -> Option<Self> {
        let name = arn.rsplit('/').next()?;
        let base = match name.rsplit_once('-') {
            Some((base, shard)) if shard.len() == 2 && shard.bytes().all(|b| b.is_ascii_digit()) => base,
            _ => name,
        };
        Self::DELIVERED.into_iter().find(|table| table.stream_name() == base)
    }

    /// Partition keys, all `string`, in Glue's order.
    pub const fn partition_keys(self) -> &'static [&'static str] {
        match self {
            Self::Heartbeats => &["day"],
            _ => &["account_id", "month"],
        }
    }

    /// Columns in Glue's order, partition keys left out.
    pub fn columns(self) -> Vec<Column> {
        let own = match self {
            Self::PipelineExecutions => PipelineExecution::COLUMNS,
            Self::StageExecutions => StageExecution::COLUMNS,
            Self::ActionExecutions => ActionExecution::COLUMNS,
            Self::ApprovalCalls => Approval::COLUMNS,
            Self::ApiCalls => ApiCall::COLUMNS,
            Self::Heartbeats => Heartbeat::COLUMNS,
            Self::OtherEvents => OtherEvent::COLUMNS,
            Self::OwnChanges => OwnChange::COLUMNS,
        };
        let caller = if self.is_of_calls() { Caller::COLUMNS } else { &[] };
        let keys = self.partition_keys();
        Common::COLUMNS
            .iter()
            .chain(own)
            .chain(caller)
            .filter(|column| !keys.contains(&column.name))
            .copied()
            .collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_names_its_table_sharded_or_not() {
        for table in Table::DELIVERED {
            let stream = format!(
                "arn:aws:firehose:eu-central-1:999988887777:deliverystream/pipetrail-{}",
                table.name().replace('_', "-")
            );
            assert_eq!(Table::from_stream_arn(&stream), Some(table));
            assert_eq!(Table::from_stream_arn(&format!("{stream}-07")), Some(table));
        }
        assert_eq!(
            Table::from_stream_arn("arn:aws:firehose:eu-central-1:999988887777:deliverystream/other"),
            None
        );
        assert_eq!(Table::from_stream_arn(""), None);
        let own = format!(
            "arn:aws:firehose:eu-central-1:999988887777:deliverystream/{}",
            Table::OwnChanges.stream_name()
        );
        assert_eq!(Table::from_stream_arn(&own), None);
        let delivered: Vec<Table> = Table::ALL
            .into_iter()
            .filter(|table| *table != Table::OwnChanges)
            .collect();
        assert_eq!(delivered, Table::DELIVERED);
    }

    #[test]
    fn columns_are_unique_and_never_a_partition_key() {
        for table in Table::ALL {
            let mut names: Vec<_> = table.columns().iter().map(|column| column.name).collect();
            assert!(table.partition_keys().iter().all(|key| !names.contains(key)), "{table}");
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count, "{table}");
        }
    }
}
