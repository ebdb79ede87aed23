//! Rows as Parquet files of the schema that Firehose writes, for lakes made from files.
//!
//! A row is packed once its event has been read ([`pack`]), may wait so on a disk, and is unpacked
//! into a [`RowBatch`] when its partition is written. The columns come from [`pipetrail_collector::columns`] alone;
//! a [`Form`] has those of one kind of files.

mod batch;
#[cfg(any(feature = "embedded", feature = "settle"))]
mod column;
mod form;
mod packed;

pub use batch::RowBatch;
#[cfg(feature = "settle")]
pub(crate) use column::is_bytes;
#[cfg(any(feature = "embedded", feature = "settle"))]
pub(crate) use column::{described, holds};
pub use form::{Form, ROW_GROUP_BYTES, ROW_GROUP_ROWS, schema};
pub use packed::{Damaged, Packer, pack, unpack};

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_schema::DataType;
    use pipetrail_collector::event::Event;
    use pipetrail_collector::rows::{Origin, row};
    use pipetrail_collector::tables::Table;

    /// The text of every fixture that is an envelope.
    fn envelopes() -> Vec<String> {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
        let folders = ["pipeline", "stage", "action", "cloudtrail", "notifications"];
        let entries = folders
            .iter()
            .flat_map(|folder| std::fs::read_dir(root.join(folder)).unwrap());
        entries
            .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
            .collect()
    }

    /// The types that Firehose gives the columns of a Glue table.
    #[test]
    fn the_schema_is_the_glue_tables_own() {
        for table in Table::ALL {
            let schema = schema(table);
            let columns = table.columns();
            assert_eq!(schema.fields().len(), columns.len());
            for (field, column) in schema.fields().iter().zip(&columns) {
                assert_eq!(field.name(), column.name);
                assert!(field.is_nullable(), "{table}.{}", column.name);
                let glue = match field.data_type() {
                    DataType::Utf8 => "string",
                    DataType::Int64 => "bigint",
                    DataType::Boolean => "boolean",
                    other => panic!("{table}.{} is {other}", column.name),
                };
                assert_eq!(glue, column.ty.to_string(), "{table}.{}", column.name);
            }
        }
    }

    #[test]
    fn every_fixture_s_row_comes_out_of_its_batch_as_it_is_written_as_json() {
        let mut seen = 0;
        for text in envelopes() {
            let mut event = Event::parse(text.as_bytes()).unwrap();
            let (table, key) = (event.table(), event.key());
            event.redact();
            let arrived = Some(event.time());
            let row = row(&event, table, key, Origin::Stream { arrived });
            let mut json = Vec::new();
            row.write(&mut json);
            let expected: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&json).unwrap();

            let mut packed = Vec::new();
            pack(&row, &mut packed);
            let form = Form::of(table);
            let mut batch = form.batch();
            unpack(form.types(), &packed, &mut batch).unwrap();
            batch.push(&row);
            let batch = batch.finish().unwrap();
            assert_eq!(batch.num_rows(), 2);
            for (i, field) in batch.schema().fields().iter().enumerate() {
                for line in 0..2 {
                    let found = value(batch.column(i), line);
                    let expected = expected.get(field.name()).cloned().unwrap_or_default();
                    assert_eq!(found, expected, "{table}.{}", field.name());
                }
            }
            seen += 1;
        }
        assert!(seen > 20, "{seen} fixtures");
    }

    fn value(array: &arrow_array::ArrayRef, line: usize) -> serde_json::Value {
        use arrow_array::Array;
        use arrow_array::cast::AsArray;
        use arrow_array::types::Int64Type;
        if array.is_null(line) {
            return serde_json::Value::Null;
        }
        match array.data_type() {
            DataType::Utf8 => array.as_string::<i32>().value(line).into(),
            DataType::Int64 => array.as_primitive::<Int64Type>().value(line).into(),
            _ => array.as_boolean().value(line).into(),
        }
    }

    #[test]
    fn a_packed_row_that_was_damaged_is_an_error_not_a_panic() {
        let text = envelopes().remove(0);
        let event = Event::parse(text.as_bytes()).unwrap();
        let table = event.table();
        let mut packed = Vec::new();
        let arrived = Some(event.time());
        pack(
            &row(&event, table, event.key(), Origin::Stream { arrived }),
            &mut packed,
        );
        let form = Form::of(table);
        for cut in 0..packed.len() {
            assert!(
                unpack(form.types(), &packed[..cut], &mut form.batch()).is_err(),
                "{cut}"
            );
        }
        packed.push(0);
        assert!(unpack(form.types(), &packed, &mut form.batch()).is_err());
        let _ = unpack(form.types(), &[0xff; 300], &mut form.batch());
    }
}
