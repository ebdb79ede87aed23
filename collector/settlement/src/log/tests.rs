use jiff::Timestamp;

use super::*;
use crate::entry::{Aside, Equation, Expired, FORMAT, Input, Settled};

const TABLE: Table = Table::ApprovalCalls;
const FOLDER: &str = "approval_calls/account_id=111122223333/month=2026-10/";

fn input(key: &str, rows: u64) -> Input {
    Input {
        key: key.to_owned(),
        etag: format!("etag of {key}"),
        rows,
    }
}

fn output(key: &str, rows: u64) -> Output {
    Output {
        key: key.to_owned(),
        size: 9,
        etag: format!("etag of {key}"),
        sha256: String::new(),
        rows,
    }
}

fn settled(inputs: &[&str], outputs: &[&str]) -> Settled {
    let rows = |count: usize| count as u64;
    Settled {
        inputs: inputs.iter().map(|key| input(key, 1)).collect(),
        outputs: outputs.iter().map(|key| output(key, 1)).collect(),
        equation: Equation {
            rows_in: rows(inputs.len()),
            rows_out: rows(outputs.len()),
            repetition: rows(inputs.len() - outputs.len()),
            ..Equation::default()
        },
        ..Settled::default()
    }
}

fn landing(name: &str) -> String {
    format!("landing/approval_calls/2026-10-30-{name}.parquet")
}

fn day(name: &str) -> What {
    What::Day(settled(&[&landing(name)], &[&format!("{FOLDER}run-{name}.parquet")]))
}

fn close(names: &[&str], made: &str) -> What {
    let inputs: Vec<String> = names.iter().map(|name| format!("{FOLDER}{name}.parquet")).collect();
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    What::Close(settled(&inputs, &[&format!("{FOLDER}closed-{made}.parquet")]))
}

/// The entry that comes next.
fn next(log: &Log, what: What) -> Entry {
    Entry {
        format: FORMAT,
        lake: "s3://lake".to_owned(),
        table: TABLE.name().to_owned(),
        seq: log.next(),
        previous: log.last().map(str::to_owned),
        unfinished: log.unfinished(),
        at: Timestamp::UNIX_EPOCH,
        writer: "test".to_owned(),
        what,
    }
}

fn stored(entry: &Entry) -> Stored {
    Stored {
        seq: entry.seq,
        bytes: entry.bytes(),
        written: Timestamp::UNIX_EPOCH,
    }
}

fn log(whats: &[What]) -> (Log, Vec<Stored>) {
    let mut log = Log::empty("s3://lake", TABLE);
    let mut all = Vec::new();
    for what in whats {
        all.push(stored(&next(&log, what.clone())));
        log.add(&all[all.len() - 1]).unwrap();
    }
    (log, all)
}

/// What a log of these entries says of this one more.
fn refused(whats: &[What], change: impl FnOnce(&mut Entry)) -> String {
    let (mut log, _) = log(whats);
    let mut entry = next(&log, day("new"));
    change(&mut entry);
    log.add(&stored(&entry)).unwrap_err().why
}

#[test]
fn a_file_is_held_from_its_entry_until_the_entry_that_says_it_is_gone() {
    let (log, _) = log(&[day("a"), day("b"), What::Deleted(vec![1])]);
    let etag = |name: &str| format!("etag of {}", landing(name));
    assert!(!log.holds(&landing("a"), &etag("a")));
    assert!(log.holds(&landing("b"), &etag("b")));
    // Another file of that name is a new one.
    assert!(!log.holds(&landing("b"), "another"));
    assert_eq!(log.unfinished(), 2);
    assert_eq!(log.pending().map(|(seq, _)| seq).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_log_that_is_read_from_its_oldest_unfinished_entry_says_the_same() {
    let (whole, all) = log(&[
        day("a"),
        day("b"),
        What::Deleted(vec![1]),
        close(&["run-a", "run-b"], "c"),
    ]);
    let mut part = Log::from("s3://lake", TABLE, whole.unfinished());
    all.iter().skip(1).for_each(|stored| part.add(stored).unwrap());
    assert_eq!((part.next(), part.last()), (whole.next(), whole.last()));
    assert_eq!(part.held, whole.held);
    assert_eq!(part.pending, whole.pending);
}

#[test]
fn an_altered_missing_or_foreign_entry_is_refused() {
    let (_, mut all) = log(&[day("a"), day("b"), day("c")]);
    let again = |all: &[Stored]| {
        let mut log = Log::empty("s3://lake", TABLE);
        all.iter().try_for_each(|stored| log.add(stored)).unwrap_err()
    };
    let text = String::from_utf8(all[1].bytes.clone()).unwrap();
    all[1].bytes = text.replace("run-b", "run-x").into_bytes();
    assert_eq!(again(&all).seq, 3);
    assert_eq!(again(&all).why, "the entry before it has been changed");
    all[1].bytes = b"{}".to_vec();
    assert_eq!(again(&all).seq, 2);
    all.remove(1);
    assert_eq!(again(&all).why, "entry 2 is missing");

    let one = [day("a")];
    assert_eq!(
        refused(&one, |e| e.lake = "s3://other".to_owned()),
        "it belongs to lake s3://other"
    );
    assert_eq!(
        refused(&one, |e| e.table = "api_calls".to_owned()),
        "it says to be entry 2 of table api_calls"
    );
    assert_eq!(
        refused(&one, |e| e.format = 2),
        "its format is 2, and this version reads 1"
    );
    assert_eq!(
        refused(&one, |e| e.unfinished = 3),
        "it names entry 3 as the oldest unfinished"
    );
    assert_eq!(
        refused(&one, |e| e.what = What::Deleted(vec![2])),
        "it says what became of the inputs of entry 2"
    );
}

/// A forged entry names what somebody wants to see gone.
#[test]
fn an_entry_that_names_files_of_others_is_refused() {
    let forged = |what: What| refused(&[], |entry| entry.what = what.clone());
    for key in [
        "landing/api_calls/2026-10-30-a.parquet",
        "approval_calls/account_id=111122223333/month=2026-10/run-a.parquet",
        "settlement/approval_calls/0000000001.json",
        "landing/approval_calls/../x.parquet",
    ] {
        let made = format!("{FOLDER}run-a.parquet");
        let named = format!("it names {key}, which is none of its table's files");
        assert_eq!(forged(What::Day(settled(&[key], &[&made]))), named);
        let aside = Aside {
            key: key.to_owned(),
            etag: String::new(),
            size: 0,
            copy: String::new(),
            why: String::new(),
        };
        assert_eq!(forged(What::SetAside(vec![aside])), named);
    }
    let taken = landing("a");
    let elsewhere = "api_calls/account_id=111122223333/month=2026-10/run-a.parquet";
    assert!(forged(What::Day(settled(&[&taken], &[elsewhere]))).contains(elsewhere));
    // A close puts a partition's rows into that partition, and takes nothing from landing.
    assert!(forged(What::Close(settled(&[&taken], &[]))).contains(&taken));
    let other = "approval_calls/account_id=111122223333/month=2026-09/closed-a.parquet";
    let from = format!("{FOLDER}run-a.parquet");
    assert!(forged(What::Close(settled(&[&from], &[other]))).contains(other));
    let inputs = vec![input(&from, 0)];
    let before = "2026-10".to_owned();
    assert!(forged(What::Expire(Expired { before, inputs })).contains(&from));
}

#[test]
fn an_entry_whose_rows_do_not_add_up_is_refused() {
    let wrong = |change: fn(&mut Settled)| {
        let mut one = settled(&[&landing("a"), &landing("b")], &[&format!("{FOLDER}run-a.parquet")]);
        change(&mut one);
        refused(&[], |entry| entry.what = What::Day(one))
    };
    let changes: [fn(&mut Settled); 7] = [
        |one| one.equation.repetition = 0,
        |one| one.inputs[0].rows = 2,
        |one| one.outputs[0].rows = 2,
        |one| one.outputs.clear(),
        // Of rows that were written twice one is somewhere.
        |one| {
            one.outputs.clear();
            (one.equation.rows_out, one.equation.repetition) = (0, 2);
        },
        |one| (one.equation.repetition, one.equation.duplicates) = (0, 1),
        |one| (one.equation.repetition, one.equation.rejected) = (u64::MAX, 1),
    ];
    for change in changes {
        assert_eq!(wrong(change), "its rows do not add up");
    }
}

#[test]
fn an_output_survives_in_what_a_later_entry_made_of_it() {
    let (log, _) = log(&[
        day("a"),
        day("b"),
        close(&["run-a", "run-b"], "c"),
        close(&["closed-c", "late"], "d"),
    ]);
    let first = output(&format!("{FOLDER}run-a.parquet"), 1);
    let there = |names: &'static [&str]| move |output: &Output| names.iter().any(|name| output.key.ends_with(name));
    assert!(log.survives(&first, &there(&["run-a.parquet"])));
    assert!(log.survives(&first, &there(&["closed-c.parquet"])));
    assert!(log.survives(&first, &there(&["closed-d.parquet"])));
    assert!(!log.survives(&first, &there(&["run-b.parquet", "late.parquet"])));
}

#[test]
fn an_entry_stands_against_what_takes_or_wrote_its_files() {
    let (log, _) = log(&[day("a"), close(&["run-stray"], "c")]);
    assert!(log.stands_against(&day("a"), 1));
    assert!(!log.stands_against(&day("a"), 2));
    assert!(!log.stands_against(&day("b"), 1));
    // A close took the file for a stray before its entry came.
    assert!(log.stands_against(&day("stray"), 1));
    let inputs = vec![input(&format!("{FOLDER}run-a.parquet"), 0)];
    let before = "2026-11".to_owned();
    let (log, _) = self::log(&[What::Expire(Expired { before, inputs })]);
    assert!(log.stands_against(&day("b"), 1));
}

#[test]
fn a_released_entry_holds_nothing_and_proves_nothing() {
    let file = format!("{FOLDER}run-a.parquet");
    let before = "2026-11".to_owned();
    let expire = What::Expire(Expired {
        before,
        inputs: vec![input(&file, 0)],
    });
    let entries = [day("a"), expire, What::Released(vec![2])];
    let (expired, _) = log(&entries[..2]);
    let (released, _) = log(&entries);
    let etag = format!("etag of {file}");
    assert!(expired.holds(&file, &etag) && !released.holds(&file, &etag));
    assert_eq!(released.pending().map(|(seq, _)| seq).collect::<Vec<_>>(), [1]);
    // Another run says it again, when a close has taken the file.
    let again = [&entries[..], &[close(&["run-a"], "c"), What::Released(vec![2])]].concat();
    let (closed, _) = log(&again);
    assert!(closed.holds(&file, &etag));
    assert_eq!(closed.pending().map(|(seq, _)| seq).collect::<Vec<_>>(), [1, 4]);
    // What expired is nowhere, and need not be. What is kept after all must be there.
    let nowhere = |_: &Output| false;
    assert!(expired.survives(&output(&file, 1), &nowhere));
    assert!(!released.survives(&output(&file, 1), &nowhere));
    assert_eq!(
        refused(&[day("a")], |entry| entry.what = What::Released(vec![2])),
        "it says what became of the inputs of entry 2"
    );
}

#[test]
fn the_entry_before_those_that_were_read_is_the_one_that_the_first_of_them_names() {
    let mut with_copies = settled(&[&landing("a"), &landing("b")], &[&format!("{FOLDER}run-a.parquet")]);
    (with_copies.equation.repetition, with_copies.equation.duplicates) = (0, 1);
    with_copies.copies = vec![output("copies/month=2026-10/approval_calls-a.parquet", 1)];
    let (_, all) = log(&[What::Day(with_copies), What::Deleted(vec![1]), day("c"), day("d")]);
    let part = || {
        let mut part = Log::from("s3://lake", TABLE, 3);
        all[2..].iter().for_each(|stored| part.add(stored).unwrap());
        part
    };
    let name = "copies/month=2026-10/approval_calls-a.parquet";
    let mut log = part();
    let (held, pending) = (log.held.clone(), log.pending.clone());
    assert_eq!((log.before(), log.reaches_back_to().is_some()), (2, true));
    for stored in all[..2].iter().rev() {
        assert!(!log.names_copies(name));
        log.add_before(stored).unwrap();
    }
    assert!(log.names_copies(name) && log.reaches_back_to().is_none());
    assert_eq!((log.held, log.pending, log.next), (held, pending, 5));

    let mut changed = all[1].clone();
    changed.bytes.push(b' ');
    for other in [&all[0], &changed] {
        assert_eq!(
            part().add_before(other).unwrap_err().why,
            "it is not the one that the entry behind it names"
        );
    }
    assert_eq!(part().missing_before().seq, 2);
}
