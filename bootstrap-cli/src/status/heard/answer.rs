//! The answer of the query as data.

use jiff::Timestamp;

use super::error::HeardError;
use super::query::COLUMNS;
use super::signs::{Heard, Signs};
use pipetrail_lake::answer::{Answer, Value};

/// Reads all rows. A row that cannot be read is counted, not lost in silence.
pub(super) fn read(answer: Answer) -> Result<Signs, HeardError> {
    let names: Vec<String> = answer.columns.into_iter().map(|column| column.name).collect();
    if names != COLUMNS {
        return Err(HeardError::Columns(names));
    }
    let mut unreadable = 0;
    let heard: Signs = answer
        .rows
        .into_iter()
        .filter_map(|row| {
            let read = one(row);
            unreadable += usize::from(read.is_none());
            read
        })
        .collect();
    Ok(Signs { unreadable, ..heard })
}

fn one(row: Vec<Value>) -> Option<((String, String), Heard)> {
    let [Value::Text(account), Value::Text(region), last_event, last_heartbeat] = <[Value; 4]>::try_from(row).ok()?
    else {
        return None;
    };
    let heard = Heard {
        last_event: time(last_event)?,
        last_heartbeat: time(last_heartbeat)?,
    };
    Some(((account, region), heard))
}

/// A time or NULL; `None` for what is neither.
fn time(value: Value) -> Option<Option<Timestamp>> {
    match value {
        Value::Null => Some(None),
        Value::Text(text) => text.parse().ok().map(Some),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipetrail_lake::answer::{Heading, Kind};

    fn answer(names: &[&str], rows: &[&[Option<&str>]]) -> Answer {
        let column = |name: &&str| Heading {
            name: (*name).to_owned(),
            kind: Kind::Text,
        };
        let value = |text: &Option<&str>| text.map_or(Value::Null, |text| Value::Text(text.to_owned()));
        Answer {
            columns: names.iter().map(column).collect(),
            rows: rows.iter().map(|row| row.iter().map(value).collect()).collect(),
        }
    }

    #[test]
    fn times_are_read_and_null_is_none() {
        let time = "2026-11-21T12:00:00.123Z";
        let lake = read(answer(
            &COLUMNS,
            &[
                &[Some("000000000001"), Some("eu-west-1"), None, Some(time)],
                &[Some("000000000001"), Some("us-east-1"), Some(time), None],
            ],
        ))
        .unwrap();
        let west = lake.of("000000000001", "eu-west-1");
        assert_eq!((west.last_event, west.last_heartbeat), (None, time.parse().ok()));
        assert_eq!(lake.of("000000000001", "us-east-1").last_event, time.parse().ok());
        assert_eq!(lake.of("000000000002", "us-east-1"), Heard::default());
        assert_eq!(lake.unreadable, 0);
    }

    #[test]
    fn a_row_that_cannot_be_read_is_counted_and_hides_no_other() {
        let time = Some("2026-11-21T12:00:00.000Z");
        let lake = read(answer(
            &COLUMNS,
            &[
                &[Some("000000000001"), Some("eu-west-1"), Some("yesterday"), None],
                &[None, Some("eu-west-1"), None, None],
                &[],
                &[Some("000000000002"), Some("eu-west-1"), time, None],
            ],
        ))
        .unwrap();
        assert_eq!(lake.unreadable, 3);
        assert!(lake.of("000000000002", "eu-west-1").last_event.is_some());
    }

    #[test]
    fn an_answer_to_another_question_is_an_error() {
        let error = read(answer(&["a", "b", "c"], &[])).unwrap_err();
        assert!(matches!(error, HeardError::Columns(columns) if columns == ["a", "b", "c"]));
    }
}
