//! A lake in a folder, read with the plain Parquet reader: neither engine and nothing of `ingest` has
//! a part in it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

use crate::lake::Row;

/// Goes through all rows: the table, the partition's folder below the lake, the row with its partition
/// keys; NULL columns are absent.
pub(crate) fn each_row(lake: &Path, mut each: impl FnMut(&str, &str, Row)) {
    for file in files(lake) {
        let below = file.strip_prefix(lake).unwrap().to_str().unwrap().to_owned();
        let folders: Vec<_> = below.split('/').collect();
        let keys = folders.iter().filter_map(|folder| folder.split_once('='));
        let keys: Vec<(String, String)> = keys.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        let partition = folders[..=keys.len()].join("/");
        let reader = SerializedFileReader::new(File::open(&file).unwrap()).unwrap();
        for row in reader.get_row_iter(None).unwrap() {
            let row = row.unwrap();
            let filled = row
                .get_column_iter()
                .filter_map(|(name, field)| Some((name.clone(), text(field)?)));
            each(folders[0], &partition, filled.chain(keys.iter().cloned()).collect());
        }
    }
}

/// All rows by table and event key; equal keys in one partition are a duplicate, which is no lake that
/// `ingest` writes.
pub(crate) fn rows(lake: &Path) -> BTreeMap<(String, String), Vec<Row>> {
    let mut found: BTreeMap<(String, String), Vec<Row>> = BTreeMap::new();
    each_row(lake, |table, _, row| {
        found
            .entry((table.to_owned(), row["event_key"].clone()))
            .or_default()
            .push(row);
    });
    found
}

/// The data files of a lake, sorted.
pub(crate) fn files(lake: &Path) -> Vec<PathBuf> {
    let (mut folders, mut files) = (vec![lake.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if name.starts_with(['.', '_']) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".parquet") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn text(field: &Field) -> Option<String> {
    match field {
        Field::Null => None,
        Field::Str(text) => Some(text.clone()),
        Field::Long(number) => Some(number.to_string()),
        Field::Bool(bool) => Some(bool.to_string()),
        other => panic!("a column of type {other:?}"),
    }
}
