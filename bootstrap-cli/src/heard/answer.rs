//! The answer of the query as data. The first row names the columns.

use jiff::Timestamp;

use super::query::COLUMNS;
use super::{Heard, Lake, LakeError};

/// Reads the rows of all pages. A row that cannot be read is counted, not lost in silence.
pub(super) fn read(rows: Vec<Vec<Option<String>>>) -> Result<Lake, LakeError> {
    let mut rows = rows.into_iter();
    let header: Vec<String> = rows.next().unwrap_or_default().into_iter().flatten().collect();
    if header != COLUMNS {
        return Err(LakeError::Columns(header));
    }
    let mut unreadable = 0;
    let heard: Lake = rows
        .filter_map(|row| {
            let read = one(row);
            unreadable += usize::from(read.is_none());
            read
        })
        .collect();
    Ok(Lake { unreadable, ..heard })
}

fn one(row: Vec<Option<String>>) -> Option<((String, String), Heard)> {
    let [account, region, last_event, last_heartbeat] = <[Option<String>; 4]>::try_from(row).ok()?;
    let heard = Heard {
        last_event: time(last_event)?,
        last_heartbeat: time(last_heartbeat)?,
    };
    Some(((account?, region?), heard))
}

/// A time or NULL; `None` for what is neither.
fn time(text: Option<String>) -> Option<Option<Timestamp>> {
    match text {
        None => Some(None),
        Some(text) => text.parse().ok().map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: [Option<&str>; 4]) -> Vec<Option<String>> {
        values.map(|value| value.map(str::to_owned)).to_vec()
    }

    #[test]
    fn times_are_read_and_null_is_none() {
        let header = row(COLUMNS.map(Some));
        let time = "2026-11-21T12:00:00.123Z";
        let lake = read(vec![
            header,
            row([Some("000000000001"), Some("eu-west-1"), None, Some(time)]),
            row([Some("000000000001"), Some("us-east-1"), Some(time), None]),
        ])
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
        let lake = read(vec![
            row(COLUMNS.map(Some)),
            row([Some("000000000001"), Some("eu-west-1"), Some("yesterday"), None]),
            row([None, Some("eu-west-1"), None, None]),
            vec![],
            row([Some("000000000002"), Some("eu-west-1"), time, None]),
        ])
        .unwrap();
        assert_eq!(lake.unreadable, 3);
        assert!(lake.of("000000000002", "eu-west-1").last_event.is_some());
    }

    #[test]
    fn an_answer_to_another_question_is_an_error() {
        let error = read(vec![row([Some("a"), Some("b"), Some("c"), None])]).unwrap_err();
        assert!(matches!(error, LakeError::Columns(columns) if columns == ["a", "b", "c"]));
        assert!(read(vec![]).is_err());
    }
}
