//! What is found, opened and unpacked, against real files.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use object_store::local::LocalFileSystem;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::*;
use crate::ingest::read::{Counts, Damage, Found, Reason, records};

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn found(given: &[&OsStr]) -> Inputs {
    let mut inputs = Inputs::default();
    for given in given {
        find(given, &mut inputs);
    }
    inputs
}

/// The names found, below the folder.
fn names(inputs: &Inputs, folder: &Path) -> Vec<String> {
    let below = |input: &Input| Some(input.name.strip_prefix(folder.to_str()?)?.to_owned());
    inputs.found.iter().filter_map(below).collect()
}

fn envelope(n: usize) -> String {
    format!("{{\"version\":\"0\",\"id\":\"{n}\"}}\n")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(bytes, 3).unwrap()
}

/// Reads a file of these bytes: how many records, what was refused, and the counts.
fn read(bytes: &[u8]) -> (usize, Vec<Reason>, Counts) {
    let folder = folder(&[("x", bytes)]);
    let inputs = found(&[folder.path().join("x").as_os_str()]);
    let runtime = Runtime::new().unwrap();
    let mut opened = inputs.found[0].open(runtime.handle(), |_| ()).unwrap();
    let (mut told, mut refused) = (0, Vec::new());
    let counts = records(&mut opened, false, |found| {
        match found {
            Found::Record(_) => told += 1,
            Found::Reject(reject) => refused.push(reject.reason),
        }
        Ok::<_, ()>(())
    })
    .unwrap();
    (told, refused, counts)
}

#[test]
fn a_folder_is_read_in_order_and_only_what_is_visible_and_an_event_file() {
    let folder = folder(&[
        ("b/2.json.gz", b""),
        ("b/1.ndjson", b""),
        ("a.json", b""),
        ("pipetrail-approval-calls-1-2026", b""),
        ("c.parquet", b""),
        (".hidden.json", b""),
        (".git/x.json", b""),
    ]);
    symlink(folder.path(), folder.path().join("b/circle")).unwrap();
    symlink(folder.path().join("a.json"), folder.path().join("z.json")).unwrap();
    let inputs = found(&[folder.path().as_os_str()]);
    let expected = [
        "/a.json",
        "/b/1.ndjson",
        "/b/2.json.gz",
        "/pipetrail-approval-calls-1-2026",
    ];
    assert_eq!(names(&inputs, folder.path()), expected);
    assert_eq!((inputs.passed_over, inputs.problems.len()), (1, 0));
}

#[test]
fn what_is_named_is_read_whatever_it_is_called_and_once() {
    let folder = folder(&[
        ("[1].csv", b""),
        (".x", b""),
        ("a1.json", b""),
        ("a2.json", b""),
        ("s/a3.json", b""),
    ]);
    let path = |name: &str| folder.path().join(name).into_os_string();
    let given = [
        path("[1].csv"),
        path(".x"),
        path("a2.json"),
        path("a?.json"),
        path("**/a*.json"),
    ];
    let given: Vec<_> = given.iter().map(std::ffi::OsString::as_os_str).collect();
    let inputs = found(&given);
    let expected = ["/[1].csv", "/.x", "/a2.json", "/a1.json", "/s/a3.json"];
    assert_eq!(names(&inputs, folder.path()), expected);
    assert!(inputs.problems.is_empty(), "{:?}", inputs.problems);
    let twice = found(&[OsStr::new("-"), OsStr::new("-")]);
    assert_eq!((twice.found.len(), twice.found[0].name.as_str()), (1, "standard input"));
}

#[test]
fn what_cannot_be_read_is_told_by_name_and_stops_nothing() {
    let folder = folder(&[("a.json", b""), ("empty/x.parquet", b"")]);
    let path = |name: &str| folder.path().join(name);
    let _socket = UnixListener::bind(path("s.json")).unwrap();
    symlink(path("nowhere"), path("dead.json")).unwrap();
    let given = [
        path("missing.json"),
        path("*.csv"),
        path("a[.json"),
        path("empty"),
        path("s.json"),
        path("dead.json"),
        path("a.json/x"),
        "/dev/null".into(),
        path("a.json"),
        folder.path().join(OsStr::from_bytes(b"\xff*")),
    ];
    let given: Vec<_> = given.iter().map(|given| given.as_os_str()).collect();
    let inputs = found(&given);
    assert_eq!(names(&inputs, folder.path()), ["/a.json"]);
    let problems: Vec<_> = inputs.problems.iter().map(ToString::to_string).collect();
    let root = folder.path().display();
    for (problem, expected) in problems.iter().zip([
        format!("cannot find {root}/missing.json"),
        format!("nothing matches {root}/*.csv"),
        format!("cannot read {root}/a[.json as a pattern: "),
        format!("no event files below {root}/empty"),
        format!("cannot read {root}/s.json: it is a socket"),
        format!("cannot read {root}/dead.json: No such file"),
        format!("cannot read {root}/a.json/x: Not a directory"),
        "cannot read /dev/null: it is a device".to_owned(),
        format!("cannot find {root}/\u{fffd}*"),
    ]) {
        assert!(problem.starts_with(&expected), "{problem}, not {expected}");
    }
    assert_eq!(problems.len(), 9);
}

#[test]
fn what_is_compressed_is_told_by_its_bytes_in_as_many_members_as_there_are() {
    let (a, b) = (envelope(1), envelope(2));
    for bytes in [
        [gzip(a.as_bytes()), gzip(b""), gzip(b.as_bytes())].concat(),
        [zstd(a.as_bytes()), zstd(b.as_bytes())].concat(),
        [
            b"\x50\x2a\x4d\x18\x02\x00\x00\x00ab".to_vec(),
            zstd(a.as_bytes()),
            zstd(b.as_bytes()),
        ]
        .concat(),
        format!("{a}{b}").into_bytes(),
    ] {
        let (told, refused, counts) = read(&bytes);
        assert_eq!((told, refused), (2, vec![]), "{bytes:?}");
        assert_eq!(counts.bytes, (a.len() + b.len()) as u64);
    }
    assert_eq!(read(b"").0, 0);
    assert_eq!(
        read(&gzip(&gzip(a.as_bytes()))).1,
        [Reason::Foreign("compressed with gzip twice")]
    );
}

#[test]
fn what_comes_before_the_damage_of_a_compressed_file_counts_and_the_damage_is_one_reject() {
    let text: String = (0..20_000).map(envelope).collect();
    type Pack = fn(&[u8]) -> Vec<u8>;
    for (pack, format) in [(gzip as Pack, "gzip"), (zstd as Pack, "zstd")] {
        let whole = pack(text.as_bytes());
        let (told, refused, counts) = read(&whole[..whole.len() / 2]);
        // zstd unpacks by blocks of 128 KiB.
        assert!(told > 1_000 && told < 15_000, "{told}");
        assert_eq!(refused, [Reason::Damaged(Damage::CutOff(format))]);
        assert_eq!(counts.rejects, 1);
        let (told, refused, _) = read(&[&whole[..], b"something else"].concat());
        assert_eq!(
            (told, refused),
            (20_000, vec![Reason::Damaged(Damage::Corrupt(format))])
        );
        let mut broken = whole.clone();
        broken[whole.len() / 2..][..64].fill(0xff);
        let (told, refused, _) = read(&broken);
        assert!(told < 20_000, "{told}");
        assert_eq!(refused.last(), Some(&Reason::Damaged(Damage::Corrupt(format))));
    }
    // A checksum that does not fit is found when all is read.
    let mut wrong = gzip(text.as_bytes());
    let at = wrong.len() - 8;
    wrong[at] ^= 1;
    let (told, refused, _) = read(&wrong);
    assert_eq!(
        (told, refused),
        (20_000, vec![Reason::Damaged(Damage::Corrupt("gzip"))])
    );
}

#[test]
fn a_file_that_changes_while_it_is_read_is_noticed() {
    let folder = folder(&[("a", b"{}"), ("b", b"{}")]);
    let path = folder.path().join("a");
    let inputs = found(&[path.as_os_str()]);
    let runtime = Runtime::new().unwrap();
    let open = || inputs.found[0].open(runtime.handle(), |_| ()).unwrap();
    let read = |change: &dyn Fn()| {
        let mut opened = open();
        let mut text = String::new();
        opened.read_to_string(&mut text).unwrap();
        change();
        opened.has_changed()
    };
    assert!(!read(&|| ()));
    assert!(read(&|| File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(b"{}")
        .unwrap()));
    assert!(read(&|| File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(1)
        .unwrap()));
    assert!(read(&|| fs::rename(folder.path().join("b"), &path).unwrap()));
    assert!(read(&|| fs::remove_file(&path).unwrap()));
}

#[test]
fn objects_of_a_store_are_read_as_files_are() {
    let text: String = (0..20_000).map(envelope).collect();
    let packed = gzip(text.as_bytes());
    let folder = folder(&[
        ("p/AWSLogs/1.json.gz", packed.as_slice()),
        ("p/AWSLogs/.2.json", b"{}"),
        ("p/x.parquet", b"PAR1"),
        ("pq/3.json", b"{}"),
    ]);
    let store: Arc<dyn ObjectStore> = Arc::new(LocalFileSystem::new_with_prefix(folder.path()).unwrap());
    let runtime = Runtime::new().unwrap();
    let find = |prefix: &str| {
        let mut inputs = Inputs::default();
        runtime.block_on(find_in_bucket("b", prefix, &store, &mut inputs));
        inputs
    };
    let inputs = find("p/");
    assert_eq!(
        (inputs.found.len(), inputs.passed_over, inputs.problems.len()),
        (1, 2, 0)
    );
    let mut with_rows = Inputs::new(true);
    runtime.block_on(find_in_bucket("b", "p/", &store, &mut with_rows));
    assert_eq!((with_rows.found.len(), with_rows.passed_over), (2, 1));
    let file = with_rows.found.iter().find(|input| input.is_parquet()).unwrap();
    assert_eq!(file.ranges(runtime.handle()).unwrap().size, 4);
    assert_eq!(inputs.found[0].name, "s3://b/p/AWSLogs/1.json.gz");
    assert_eq!(inputs.found[0].size, Some(packed.len() as u64));
    let heard = std::cell::Cell::new(0);
    let mut opened = inputs.found[0]
        .open(runtime.handle(), |read| heard.set(heard.get() + read))
        .unwrap();
    let counts = records(&mut opened, false, |_| Ok::<_, ()>(())).unwrap();
    assert_eq!((counts.records, heard.get()), (20_000, packed.len() as u64));
    // One object by its key, whatever it is called; and nothing.
    assert_eq!(find("p/x.parquet").found[0].name, "s3://b/p/x.parquet");
    assert_eq!(
        find("nowhere").problems[0].to_string(),
        "no event files below s3://b/nowhere"
    );
}

#[test]
fn damage_is_told_also_behind_something_else_that_is_refused() {
    let events: String = (0..5).map(envelope).collect();
    let mut cut = gzip(format!("garbage\n{events}").as_bytes());
    cut.extend_from_slice(gzip(events.as_bytes()).get(..12).unwrap());
    let (records, reasons, _) = read(&cut);
    assert_eq!(records, 5);
    assert_eq!(reasons, [Reason::NotJson, Reason::Damaged(Damage::CutOff("gzip"))]);
}

#[test]
fn a_pipe_that_begins_with_a_single_byte_is_unpacked_all_the_same() {
    struct Slow<'a>(&'a [u8]);
    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0
                .get(..self.0.len().min(1))
                .unwrap()
                .read(buffer)
                .inspect(|read| self.0 = &self.0[*read..])
        }
    }
    for text in [
        "".to_owned(),
        "{".to_owned(),
        "abc".to_owned(),
        envelope(1),
        (0..999).map(envelope).collect(),
    ] {
        for packed in [text.clone().into_bytes(), gzip(text.as_bytes()), zstd(text.as_bytes())] {
            let mut unpacked = String::new();
            super::unpack::Unpacked::of(Slow(&packed))
                .unwrap()
                .read_to_string(&mut unpacked)
                .unwrap();
            assert_eq!(unpacked, text);
        }
    }
}

#[test]
fn a_file_is_known_by_whatever_name_it_has() {
    let folder = folder(&[("a.ndjson", b"{}"), ("b.ndjson", b"{}")]);
    let at = |name: &str| folder.path().join(name);
    symlink(at("a.ndjson"), at("link")).unwrap();
    fs::hard_link(at("a.ndjson"), at("hard")).unwrap();
    let inputs = found(&[at("a.ndjson").as_os_str()]);
    let input = &inputs.found[0];
    for (name, is) in [
        ("a.ndjson", true),
        ("link", true),
        ("hard", true),
        ("b.ndjson", false),
        ("none", false),
    ] {
        assert_eq!(input.is(&at(name)), is, "{name}");
    }
    assert!(!input.is(Path::new("/dev/null")));
}

#[test]
fn a_link_that_leads_nowhere_is_called_so() {
    let folder = TempDir::new().unwrap();
    symlink("nowhere", folder.path().join("x.json")).unwrap();
    let inputs = found(&[folder.path().join("x.json").as_os_str()]);
    assert!(inputs.problems[0].hint().unwrap().contains("leads nowhere"));
}

#[test]
fn a_bucket_s_folder_markers_are_no_inputs() {
    let runtime = Runtime::new().unwrap();
    let store: Arc<dyn ObjectStore> = Arc::new(object_store::memory::InMemory::new());
    let mut inputs = Inputs::default();
    runtime.block_on(async {
        for (key, bytes) in [("ev/sub", ""), ("ev/sub/a.json", "{}")] {
            let key = object_store::path::Path::from(key);
            let put = object_store::ObjectStoreExt::put(&store, &key, bytes.into());
            put.await.unwrap();
        }
        find_in_bucket("b", "ev", &store, &mut inputs).await;
    });
    let names: Vec<_> = inputs.found.iter().map(|input| input.name.as_str()).collect();
    assert_eq!(names, ["s3://b/ev/sub/a.json"]);
    assert!(inputs.problems.is_empty());
}
