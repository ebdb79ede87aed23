use super::*;
use pipetrail_lake::answer::{Heading, Kind, Value};

/// The whole text of an answer in a form.
fn shown(form: &mut dyn Form, columns: &[(&str, Kind)], rows: Vec<Vec<Value>>) -> String {
    let columns: Vec<Heading> = columns
        .iter()
        .map(|(name, kind)| Heading {
            name: (*name).to_owned(),
            kind: *kind,
        })
        .collect();
    let mut text = form.begin(&columns).unwrap();
    for row in rows {
        text += &form.page(&columns, vec![row]).unwrap();
    }
    text + &form.end(&columns)
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

const COLUMNS: [(&str, Kind); 4] = [
    ("summary", Kind::Text),
    ("n", Kind::Integer),
    ("mfa", Kind::Boolean),
    ("share", Kind::Double),
];

fn example() -> Vec<Vec<Value>> {
    vec![
        vec![
            text("a, \"b\"\nc\u{202e}"),
            Value::Integer(7),
            Value::Boolean(true),
            Value::Double(0.5),
        ],
        vec![text(""), Value::Integer(-120), Value::Null, Value::Double(2.0)],
        vec![Value::Null, Value::Null, Value::Boolean(false), Value::Null],
        vec![
            text("-"),
            Value::Integer(i64::MAX),
            Value::Null,
            Value::Double(f64::NAN),
        ],
    ]
}

#[test]
fn a_table_tells_null_from_text_and_lets_no_text_move_the_cursor() {
    let table = shown(&mut table::Table::new(None), &COLUMNS, example());
    let expected = "\
summary                              n  mfa    share
a, \"b\"\\nc\\u{202e}                    7  true     0.5
\"\"                                -120  -          2
-                                    -  false      -
\"-\"                9223372036854775807  -        NaN
";
    assert_eq!(table, expected);
}

#[test]
fn json_is_one_array_in_the_order_of_the_columns() {
    let json = shown(&mut json::Json::default(), &COLUMNS, example());
    let expected = "[\n\
        {\"summary\":\"a, \\\"b\\\"\\nc\\u202e\",\"n\":7,\"mfa\":true,\"share\":0.5},\n\
        {\"summary\":\"\",\"n\":-120,\"mfa\":null,\"share\":2.0},\n\
        {\"summary\":null,\"n\":null,\"mfa\":false,\"share\":null},\n\
        {\"summary\":\"-\",\"n\":9223372036854775807,\"mfa\":null,\"share\":\"NaN\"}\n]\n";
    assert_eq!(json, expected);
    let read: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(read[0]["summary"], "a, \"b\"\nc\u{202e}");
    assert_eq!(shown(&mut json::Json::default(), &COLUMNS, vec![]), "[]\n");
}

#[test]
fn json_refuses_what_an_object_cannot_hold() {
    let column = || Heading {
        name: "n".to_owned(),
        kind: Kind::Integer,
    };
    let error = json::Json::default().begin(&[column(), column()]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "two columns of the answer are called \"n\", which one JSON object cannot hold"
    );
}

#[test]
fn csv_keeps_every_value_and_tells_null_from_empty_text() {
    let csv = shown(&mut csv::Csv::new(false), &COLUMNS, example());
    let expected = "summary,n,mfa,share\r\n\"a, \"\"b\"\"\nc\u{202e}\",7,true,0.5\r\n\"\",-120,,2\r\n,,false,\r\n\
                    -,9223372036854775807,,NaN\r\n";
    assert_eq!(csv, expected);
    let mut reader = ::csv::Reader::from_reader(csv.as_bytes());
    let first = reader.records().next().unwrap().unwrap();
    assert_eq!(first.get(0), Some("a, \"b\"\nc\u{202e}"));
    let on_terminal = shown(&mut csv::Csv::new(true), &COLUMNS, example());
    assert!(on_terminal.contains("c\\u{202e}") && !on_terminal.contains('\u{202e}'));
}

#[test]
fn a_terminals_line_is_kept_by_cutting_the_longest_text_only() {
    let columns = [("raw", Kind::Text), ("event_time", Kind::Text), ("n", Kind::Integer)];
    let time = "2026-11-21T12:00:00.123Z";
    let rows = || vec![vec![text(&"日本".repeat(40)), text(time), Value::Integer(1_000_000)]];
    let mut table = table::Table::new(Some(70));
    let cut = shown(&mut table, &columns, rows());
    let line = cut.lines().nth(1).unwrap();
    assert_eq!(unicode_width::UnicodeWidthStr::width(line), 70, "{line}");
    assert!(line.contains('…') && line.contains(time) && line.ends_with("1000000"));
    assert!(table.remark().is_some());
    // A terminal that is too narrow cuts no time.
    assert!(shown(&mut table::Table::new(Some(10)), &columns, rows()).contains(time));
    let mut table = table::Table::new(None);
    assert!(shown(&mut table, &columns, rows()).contains(&"日本".repeat(40)));
    assert!(table.remark().is_none());
}

#[test]
fn many_rows_are_written_as_they_come() {
    let columns = [("n", Kind::Integer)];
    let column = [Heading {
        name: "n".to_owned(),
        kind: Kind::Integer,
    }];
    let rows = |n: i64| (0..n).map(|n| vec![Value::Integer(n)]).collect::<Vec<_>>();
    let mut table = table::Table::new(None);
    assert_eq!(table.page(&column, rows(999)).unwrap(), "");
    assert_eq!(table.page(&column, rows(1)).unwrap().lines().count(), 1001);
    assert_eq!(table.page(&column, rows(2)).unwrap(), "  0\n  1\n");
    assert_eq!(table.end(&column), "");
    assert_eq!(shown(&mut super::table::Table::new(None), &columns, vec![]), "n\n");
}
