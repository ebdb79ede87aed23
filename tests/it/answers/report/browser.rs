//! The page in Debian's Chromium, as `.ci/browser` installs it. Without it these tests say so, and
//! prove nothing.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use pipetrail_tests::generate::Recipe;
use serde::Deserialize;

use super::{DECISION, lake_of, written};
use crate::lake_folder::LakeFolder;

/// What tests/browser/check.mjs has seen.
#[derive(Debug, Deserialize)]
struct Seen {
    console: Vec<String>,
    requests: Vec<String>,
    violations: BTreeMap<String, Vec<String>>,
    rules_passed: u32,
    measured: BTreeMap<String, f64>,
    cards: BTreeMap<String, String>,
    count: String,
    rows_shown: usize,
    first_focus: String,
    reached_search: bool,
    found: String,
    found_rows: Vec<String>,
    sorted: BTreeMap<String, Sorted>,
    reached_more: bool,
    detail: Vec<String>,
    expanded: String,
    next_differs: Option<bool>,
    narrow_overflow: i64,
    printed: Printed,
    rows_after_print: usize,
    without_script: Plain,
}

#[derive(Debug, Deserialize)]
struct Sorted {
    reached: bool,
    once: Pressed,
    twice: Pressed,
}

#[derive(Debug, Deserialize)]
struct Pressed {
    way: String,
    took: f64,
    cells: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Printed {
    rows: usize,
    data: usize,
    folded: usize,
    left_open: usize,
    height: Option<f64>,
    note: String,
}

#[derive(Debug, Deserialize)]
struct Plain {
    notice: String,
    charts: usize,
    hidden: bool,
}

fn target() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

fn chromium() -> Option<PathBuf> {
    let folders = env::split_paths(&env::var_os("PATH")?).collect::<Vec<_>>();
    let names = ["chromium", "chromium-browser"];
    let paths = folders.iter().flat_map(|folder| names.map(|name| folder.join(name)));
    paths.into_iter().find(|path| path.is_file())
}

/// What the browser sees of a report, or nothing where there is no browser.
fn seen(folder: &LakeFolder, word: &str, screens: &str) -> Option<Seen> {
    let modules = target().join("browser");
    let (Some(chromium), true) = (chromium(), modules.join("node_modules").is_dir()) else {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: no Chromium or no {}; `.ci/browser` installs both",
            modules.display()
        );
        return None;
    };
    written(folder, "report.html");
    let screens = target().join("report-screens").join(screens);
    fs::create_dir_all(&screens).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser/check.mjs");
    let mut node = Command::new("node");
    node.arg(script)
        .arg(chromium)
        .arg(&modules)
        .arg(folder.path("report.html"))
        .arg(screens)
        .arg(word);
    let ran = node.output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}");
    Some(serde_json::from_slice(&ran.stdout).unwrap())
}

/// What holds for every page.
fn sound(seen: &Seen) {
    assert_eq!(seen.console, Vec::<String>::new());
    assert_eq!(seen.requests, Vec::<String>::new());
    assert_eq!(seen.violations["light"], Vec::<String>::new());
    assert_eq!(seen.violations["dark"], Vec::<String>::new());
    assert!(
        seen.rules_passed > 20,
        "axe has looked at hardly anything: {}",
        seen.rules_passed
    );
    assert_eq!(seen.first_focus, "Skip to the report");
    assert!(seen.reached_search && seen.reached_more, "{seen:?}");
    for (label, sorted) in &seen.sorted {
        assert!(sorted.reached, "{label}");
        let ways = [sorted.once.way.as_str(), &sorted.twice.way];
        assert!(
            ways == ["ascending", "descending"] || ways == ["descending", "ascending"],
            "{label}: {ways:?}"
        );
        assert_ne!(sorted.once.cells, sorted.twice.cells, "{label}");
    }
    // Twelve digits, or as much of a time as orders it: the region below an account orders nothing.
    for (sorted, ordered_by) in [(&seen.sorted["Time (UTC)"], 19), (&seen.sorted["Account"], 12)] {
        let key = |cell: &String| cell.chars().take(ordered_by).collect::<String>();
        let (up, down) = match sorted.once.way.as_str() {
            "ascending" => (&sorted.once.cells, &sorted.twice.cells),
            _ => (&sorted.twice.cells, &sorted.once.cells),
        };
        assert!(up.is_sorted_by_key(key), "{up:?}");
        assert!(down.iter().rev().is_sorted_by_key(key), "{down:?}");
    }
    assert_eq!(seen.expanded, "true");
    assert!(seen.detail.iter().any(|name| name == "Event key"), "{:?}", seen.detail);
    assert_ne!(seen.next_differs, Some(false));
    assert_eq!(seen.narrow_overflow, 0, "a narrow page scrolls sideways");
    assert_eq!(seen.rows_after_print, seen.rows_shown);
    // What is folded away is printed, and folded again.
    assert_eq!((seen.printed.folded, seen.printed.left_open), (0, 0));
    assert!(
        seen.without_script.hidden && seen.without_script.charts >= 3,
        "{seen:?}"
    );
    assert!(seen.without_script.notice.contains("--format csv"), "{seen:?}");
}

#[test]
fn the_page_of_a_large_organization_is_sound_in_a_browser() {
    let recipe = Recipe {
        heartbeats: false,
        ..Recipe::new(200, 90, 1, 24_000)
    };
    let lines: Vec<String> = recipe.all().into_iter().map(|event| event.text).collect();
    let folder = lake_of(&lines);
    let Some(seen) = seen(&folder, "rejected", "organization") else {
        return;
    };
    sound(&seen);
    let figure = |name: &str| seen.cards[name].parse::<usize>().unwrap();
    assert!(
        figure("Decisions") > 500 && figure("Accounts") > 150,
        "{:?}",
        seen.cards
    );
    assert!(
        seen.count.starts_with(&format!("{} decisions", figure("Decisions"))),
        "{}",
        seen.count
    );
    assert!(
        seen.found.starts_with(&format!("{} of ", figure("Rejected"))),
        "{}",
        seen.found
    );
    assert_eq!(seen.rows_shown, 100);
    assert!(
        seen.printed.data > 0 && seen.printed.height.is_some_and(|height| height > 500.0),
        "no folded table was printed: {:?}",
        seen.printed
    );
    assert_eq!(
        seen.printed.rows,
        figure("Decisions").min(2_000),
        "{}",
        seen.printed.note
    );
}

#[test]
fn a_page_of_fifty_thousand_decisions_stays_usable() {
    const DECISIONS: usize = 50_000;
    let value: serde_json::Value = serde_json::from_str(DECISION).unwrap();
    let text = value.to_string();
    let begin = "2026-08-24T00:00:00Z".parse::<jiff::Timestamp>().unwrap();
    let line = |number: usize| {
        let seconds = i64::try_from(number * 7_600_000 / DECISIONS).unwrap();
        let at = begin + jiff::SignedDuration::from_secs(seconds);
        text.replace("111122223333", &format!("{:012}", number % 200))
            .replace(
                "1a2b3c39-1039-4039-918f-00a1b2c3d519",
                &format!("{number:08x}-0000-4000-8000-000000000000"),
            )
            .replace(
                "0b6c1d2e-3f40-4a5b-8c6d-7e8f90a1b2c3",
                &format!("{number:08x}-0000-4000-9000-000000000000"),
            )
            .replace("dana@example.com", &format!("person{}@example.com", number % 71))
            .replace("payments-api", &format!("service-{}", number % 611))
            .replace(
                "CAB-118 ok",
                &format!("CHG-{number:06} reviewed with the owner of the service"),
            )
            .replace(
                "\"Approved\"",
                if number.is_multiple_of(13) {
                    "\"Rejected\""
                } else {
                    "\"Approved\""
                },
            )
            .replace("2026-11-20T09:27:58Z", &at.to_string())
    };
    let lines: Vec<String> = (0..DECISIONS).map(line).collect();
    let folder = lake_of(&lines);
    let Some(seen) = seen(&folder, "chg-031337", "fifty-thousand") else {
        return;
    };
    sound(&seen);
    assert_eq!(seen.cards["Decisions"], "50000");
    assert!(seen.found.starts_with("1 of 50000 decisions"), "{}", seen.found);
    assert!(
        seen.found_rows.len() == 1 && seen.found_rows[0].contains("CHG-031337"),
        "{:?}",
        seen.found_rows
    );
    assert_eq!(seen.printed.rows, 2_000);
    assert!(
        seen.printed.note.starts_with("The first 2000 of 50000"),
        "{}",
        seen.printed.note
    );
    // Ten times what it takes here, so that a busy machine fails nothing.
    let _ = writeln!(std::io::stderr(), "{:?}", seen.measured);
    assert!(seen.measured["interactive_ms"] < 15_000.0, "{:?}", seen.measured);
    assert!(seen.measured["search_script_ms"] < 1_500.0, "{:?}", seen.measured);
    for (label, sorted) in &seen.sorted {
        assert!(
            sorted.once.took < 3_000.0 && sorted.twice.took < 3_000.0,
            "{label}: {sorted:?}"
        );
    }
}
