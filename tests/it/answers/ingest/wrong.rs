//! Wrong inputs: each is named, none stops the others, and nothing is half-written.

use std::fs::{self, File};
use std::io::Write;
use std::process::{Command, Stdio};

use super::made::events;
use crate::lake_folder::LakeFolder;

const OTHER_SCHEMA: &[u8] = include_bytes!("other-schema.parquet");

#[test]
fn a_file_that_is_not_the_lakes_own_stops_its_partition_alone() {
    for (bytes, why) in [
        (OTHER_SCHEMA, "it has no column event_key"),
        (b"no parquet at all", "it cannot be read as Parquet"),
        (b"", "it cannot be read as Parquet"),
    ] {
        let place = LakeFolder::new();
        let file = place.write("events.ndjson", events(2, 1, 3).join("\n").as_bytes());
        let folder = place
            .lake()
            .join("pipeline_executions/account_id=000000000000/month=2026-01");
        fs::create_dir_all(folder.join("2026/01")).unwrap();
        let foreign = folder.join("2026/01/theirs.parquet");
        fs::write(&foreign, bytes).unwrap();
        let ran = place.ingest(&[&file], &[]);
        assert_eq!(ran.code, Some(4), "{}", ran.stderr);
        let report = ran.json().unwrap();
        assert_eq!(report["rows"].as_u64(), Some(3), "{report}");
        let counts = (report["records"].as_u64(), report["unwritten"].as_u64());
        assert_eq!(counts, (Some(6), Some(3)), "{report}");
        assert!(
            ran.stderr.contains("month=2026-01/2026/01/theirs.parquet") && ran.stderr.contains(why),
            "{}",
            ran.stderr
        );
        assert!(
            ran.stderr.contains("hint: move the file out of the lake"),
            "{}",
            ran.stderr
        );
        assert_eq!(place.files().len(), 2);

        fs::remove_file(&foreign).unwrap();
        let ran = place.ingest(&[&file], &[]);
        assert_eq!(
            (ran.code, ran.json().unwrap()["rows"].as_u64()),
            (Some(0), Some(3)),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn hidden_files_and_other_names_in_a_partition_are_no_data() {
    let place = LakeFolder::new();
    let file = place.write("events.ndjson", events(1, 1, 3).join("\n").as_bytes());
    let folder = place
        .lake()
        .join("pipeline_executions/account_id=000000000000/month=2026-01");
    fs::create_dir_all(folder.join("_temporary")).unwrap();
    for name in [
        ".hidden.parquet",
        "_SUCCESS",
        "_x.parquet",
        "notes.txt",
        "_temporary/a.parquet",
    ] {
        fs::write(folder.join(name), b"nothing").unwrap();
    }
    let ran = place.ingest(&[&file], &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
}

#[test]
fn truncated_gzip_counts_up_to_its_end_and_says_so() {
    let place = LakeFolder::new();
    let lines = events(1, 1, 200);
    let mut gzip = Command::new("gzip")
        .arg("-c")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    gzip.stdin
        .take()
        .unwrap()
        .write_all(lines.join("\n").as_bytes())
        .unwrap();
    let packed = gzip.wait_with_output().unwrap().stdout;
    let file = place.write("events.ndjson.gz", &packed[..packed.len() * 2 / 3]);
    let ran = place.ingest(&[&file], &[]);
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    let report = ran.json().unwrap();
    let rows = report["rows"].as_u64().unwrap();
    assert!(0 < rows && rows < 200, "{report}");
    assert!(report["rejected"].as_u64().unwrap() >= 1, "{report}");

    let whole = place.write("events.ndjson.gz", &packed);
    let ran = place.ingest(&[&whole], &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(ran.json().unwrap()["rows"].as_u64(), Some(200 - rows));
}

#[test]
fn what_cannot_be_read_is_named_and_stops_nothing() {
    let place = LakeFolder::new();
    let file = place.write("events.ndjson", events(1, 1, 3).join("\n").as_bytes());
    place.folder("empty");
    let ran = place.ingest(&["gone.json", "no*match", "empty", &file], &[]);
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    let report = ran.json().unwrap();
    assert_eq!(report["rows"].as_u64(), Some(3));
    let failed: Vec<&str> = report["failed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["place"].as_str().unwrap())
        .collect();
    assert_eq!(failed, ["empty", "gone.json", "no*match"]);
    // Nothing else was given: nothing is done.
    assert_eq!(place.ingest(&["gone.json"], &[]).code, Some(1));
}

#[test]
fn a_lake_that_another_run_writes_to_is_left_alone() {
    let place = LakeFolder::new();
    let file = place.write("events.ndjson", events(1, 1, 3).join("\n").as_bytes());
    fs::create_dir(place.lake()).unwrap();
    let lock = File::create(place.lake().join(".ingest.lock")).unwrap();
    lock.lock().unwrap();
    let ran = place.ingest(&[&file], &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{}", ran.stderr);
    assert!(
        ran.stderr
            .starts_with("error: another ingest is writing to lake lake\nhint: wait"),
        "{}",
        ran.stderr
    );
    drop(lock);
    assert_eq!(place.ingest(&[&file], &[]).code, Some(0));
}

#[test]
fn a_place_that_can_be_no_lake_is_wrong_usage() {
    let place = LakeFolder::new();
    let file = place.write("events.ndjson", events(1, 1, 1).join("\n").as_bytes());
    for (lake, code, error) in [
        (file.as_str(), 2, "cannot make lake"),
        ("gs://bucket", 2, "expected a folder or s3://bucket/prefix"),
        ("s3://", 2, "expected a folder or s3://bucket/prefix"),
        ("s3://bucket/lake", 1, "no AWS credentials for s3://bucket/lake"),
    ] {
        let ran = place.run(&["ingest", &file, "--lake", lake]);
        assert_eq!(ran.code, Some(code), "{lake}: {}", ran.stderr);
        assert!(ran.stderr.contains(error), "{lake}: {}", ran.stderr);
    }
    for arguments in [
        &["ingest", "--lake", "lake"][..],
        &["ingest", "x"],
        &["ingest", "x", "--lake", "l", "--jobs", "0"],
    ] {
        assert_eq!(place.run(arguments).code, Some(2), "{arguments:?}");
    }
}

#[test]
fn a_temporary_folder_or_a_reject_file_that_cannot_be_written_is_named() {
    let place = LakeFolder::new();
    let file = place.write("events.ndjson", events(1, 1, 50).join("\n").as_bytes());
    let ran = place.ingest(&[&file], &["--memory", "1000", "--temp-dir", "/nowhere"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("cannot write the temporary file in /nowhere"),
        "{}",
        ran.stderr
    );
    let wrong = place.write("wrong.ndjson", b"no event\n");
    let ran = place.ingest(&[&wrong], &["--rejects", "/dev/null/x"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("cannot write reject file /dev/null/x"),
        "{}",
        ran.stderr
    );
    assert_eq!(place.files(), [""; 0]);
}

#[test]
fn a_reject_file_that_is_an_input_is_refused_before_anything_is_touched() {
    let place = LakeFolder::new();
    let text = format!("no event\n{}\n", events(1, 1, 5).join("\n"));
    let file = place.write("events.ndjson", text.as_bytes());
    let link = place.path("link");
    std::fs::hard_link(&file, &link).unwrap();
    for arguments in [
        vec!["--rejects", &file],
        vec!["--rejects", link.to_str().unwrap(), "--dry-run"],
    ] {
        let ran = place.ingest(&[&file], &arguments);
        assert_eq!(ran.code, Some(2), "{}", ran.stderr);
        assert!(ran.stderr.contains("it is one of the files to read"), "{}", ran.stderr);
        assert!(!place.lake().exists());
    }
    let folder = place.folder("more");
    let rejects = format!("{folder}/rejects.ndjson");
    std::fs::write(&rejects, "no event\n").unwrap();
    let ran = place.ingest(&[&folder], &["--rejects", &rejects]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    assert_eq!(std::fs::read_to_string(&rejects).unwrap(), "no event\n");
}

#[test]
fn a_dry_run_keeps_no_reject_file() {
    let place = LakeFolder::new();
    let file = place.write("events.ndjson", b"no event\n");
    let rejects = place.write("mine.ndjson", b"mine");
    let ran = place.ingest(&[&file], &["--dry-run", "--rejects", &rejects]);
    assert_eq!(ran.json().unwrap()["rejected"], 1, "{}", ran.stderr);
    assert!(ran.json().unwrap()["reject_file"].is_null());
    assert_eq!(std::fs::read_to_string(&rejects).unwrap(), "mine");
}

#[test]
fn a_device_that_takes_the_rejects_keeps_its_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let mode = || std::fs::metadata("/dev/null").unwrap().permissions().mode();
    let (place, before) = (LakeFolder::new(), mode());
    let file = place.write("events.ndjson", b"no event\n");
    let ran = place.ingest(&[&file], &["--rejects", "/dev/null"]);
    assert_eq!(ran.json().unwrap()["rejected"], 1, "{}", ran.stderr);
    assert_eq!(mode(), before);
}

#[test]
fn rejects_that_cannot_be_kept_stop_the_run_before_it_writes() {
    if !std::path::Path::new("/dev/full").exists() {
        return;
    }
    let place = LakeFolder::new();
    let text = format!("no event\n{}\n", events(1, 1, 5).join("\n"));
    let file = place.write("events.ndjson", text.as_bytes());
    let ran = place.ingest(&[&file], &["--rejects", "/dev/full"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(place.files().is_empty());
}
