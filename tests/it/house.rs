//! The import check (`.ci/circles`): the repository passes it, a circle of each kind that is planted
//! fails it, and what only looks like one does not.

use std::fs;
use std::path::Path;

use pipetrail_tests::environment::{Ran, TestEnvironment};

/// Files of a package: their path below its `src`, and their text.
type Files<'a> = [(&'a str, &'a str)];

/// Runs the check over a package of these files.
fn checked(files: &Files<'_>) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join("src").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    check(folder.path(), &[folder.path().to_str().unwrap()])
}

fn check(home: &Path, arguments: &[&str]) -> Ran {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../.ci/circles");
    let arguments = [&[script], arguments].concat();
    TestEnvironment::new(home).run("python3", &arguments).unwrap()
}

/// The check fails and names these files, each as one that imports another, and no others.
#[track_caller]
fn assert_circle(files: &Files<'_>, named: &[&str]) {
    let ran = checked(files);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let mut importing: Vec<&str> = ran
        .stderr
        .lines()
        .filter_map(|line| line.split_once(" imports ")?.0.split_once("/src/"))
        .map(|(_, name)| name)
        .collect();
    importing.sort_unstable();
    assert_eq!(importing, named, "{}", ran.stderr);
}

#[track_caller]
fn assert_none(files: &Files<'_>) {
    let ran = checked(files);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
}

#[test]
fn the_repository_has_no_circle() {
    let home = tempfile::tempdir().unwrap();
    let ran = check(home.path(), &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
}

#[test]
fn two_files_that_use_each_other_are_a_circle() {
    assert_circle(
        &[
            ("lib.rs", "mod one;\nmod two;\n"),
            ("one.rs", "use crate::two::Two;\n\npub struct One(Option<Two>);\n"),
            ("two.rs", "use crate::one::One;\n\npub struct Two(Box<One>);\n"),
        ],
        &["one.rs", "two.rs"],
    );
}

#[test]
fn three_files_in_a_loop_are_a_circle_and_who_only_looks_on_is_not_named() {
    assert_circle(
        &[
            (
                "main.rs",
                "mod one;\nmod two;\nmod three;\n\nfn main() {\n    one::one();\n}\n",
            ),
            ("one.rs", "use crate::{two};\n\npub fn one() {\n    two::two();\n}\n"),
            ("two.rs", "use super::three::{self, Three};\n\npub fn two() {}\n"),
            (
                "three.rs",
                "pub use std::fmt;\n\nuse crate::one::{one as first};\n\npub struct Three;\n",
            ),
        ],
        &["one.rs", "three.rs", "two.rs"],
    );
}

#[test]
fn paths_written_inline_count_like_use() {
    assert_circle(
        &[
            ("lib.rs", "mod one;\nmod two;\n"),
            ("one.rs", "pub fn one() {\n    crate::two::two()\n}\n"),
            ("two.rs", "pub fn two() {\n    super::one::one()\n}\n"),
        ],
        &["one.rs", "two.rs"],
    );
}

#[test]
fn a_path_inside_of_a_macro_call_or_a_definition_of_one_counts() {
    for user in [
        "pub fn two() {\n    println!(\"{}\", crate::one::one());\n}\n",
        "macro_rules! two {\n    () => {\n        $crate::one::one()\n    };\n}\n\npub fn two() {}\n",
    ] {
        assert_circle(
            &[
                ("lib.rs", "mod one;\nmod two;\n"),
                ("one.rs", "use crate::two::two;\n\npub fn one() {\n    two()\n}\n"),
                ("two.rs", user),
            ],
            &["one.rs", "two.rs"],
        );
    }
}

#[test]
fn a_name_is_followed_through_a_re_export_to_its_file() {
    for front in [
        "pub use crate::two::Two;\n",
        "pub(crate) use crate::two::{Two as Other, Two};\n",
        "pub use crate::two::*;\n",
    ] {
        assert_circle(
            &[
                ("lib.rs", "mod front;\nmod one;\nmod two;\n"),
                ("front.rs", front),
                ("one.rs", "use crate::front::Two;\n\npub struct One(Option<Two>);\n"),
                ("two.rs", "pub struct Two(Option<Box<crate::one::One>>);\n"),
            ],
            &["one.rs", "two.rs"],
        );
    }
}

#[test]
fn a_name_is_followed_through_the_right_one_of_several_globs() {
    assert_circle(
        &[
            ("lib.rs", "mod parent;\n"),
            ("parent.rs", "mod one;\nmod two;\n\npub use one::*;\npub use two::*;\n"),
            ("parent/one.rs", "pub struct One(Option<super::Two>);\n"),
            ("parent/two.rs", "use super::One;\n\npub struct Two(Box<One>);\n"),
        ],
        &["parent/one.rs", "parent/two.rs"],
    );
}

#[test]
fn a_child_that_imports_the_items_of_a_parent_that_uses_it_is_a_circle() {
    let parent =
        "mod child;\n\nuse child::Child;\n\npub struct Item;\n\npub fn make() -> Child {\n    Child(Item)\n}\n";
    for child in [
        "use super::Item;\n\npub struct Child(pub Item);\n",
        "use super::*;\n\npub struct Child(pub Item);\n",
        "pub struct Child(pub super::Item);\n",
        "use crate::parent::Item;\n\npub struct Child(pub Item);\n",
    ] {
        assert_circle(
            &[
                ("lib.rs", "mod parent;\n"),
                ("parent.rs", parent),
                ("parent/child.rs", child),
            ],
            &["parent.rs", "parent/child.rs"],
        );
    }
}

#[test]
fn tests_count_too() {
    assert_circle(
        &[
            ("lib.rs", "mod one;\nmod two;\n"),
            ("one.rs", "pub fn one() {\n    crate::two::two()\n}\n"),
            (
                "two.rs",
                "pub fn two() {}\n\n#[cfg(test)]\nmod tests {\n    use super::*;\n    use crate::one::one;\n\n    #[test]\n    fn runs() {\n        one();\n        two();\n    }\n}\n",
            ),
        ],
        &["one.rs", "two.rs"],
    );
}

#[test]
fn a_parent_that_only_re_exports_a_child_does_not_import_it() {
    assert_none(&[
        ("lib.rs", "mod parent;\n\npub use parent::Child;\n"),
        ("parent.rs", "mod child;\n\npub use child::Child;\n\npub struct Item;\n"),
        ("parent/child.rs", "use super::Item;\n\npub struct Child(pub Item);\n"),
    ]);
}

#[test]
fn a_parent_may_use_a_child_that_imports_only_siblings_even_by_their_parents_name() {
    assert_none(&[
        ("lib.rs", "mod parent;\n"),
        (
            "parent.rs",
            "mod child;\nmod sibling;\n\npub use sibling::Sibling;\n\npub fn make() -> child::Child {\n    child::Child(Sibling)\n}\n",
        ),
        (
            "parent/child.rs",
            "use super::Sibling;\n\npub struct Child(pub Sibling);\n",
        ),
        ("parent/sibling.rs", "pub struct Sibling;\n"),
    ]);
}

#[test]
fn a_path_in_a_comment_or_a_string_is_no_import() {
    let parent = "mod child;\n\npub struct Item;\n\npub fn make() -> child::Child {\n    child::Child\n}\n";
    let child = "//! See [`crate::parent::Item`].\n\n/* use super::Item; /// super::Item */\n\
                 pub struct Child;\n\n// use super::Item;\n\
                 pub const TEXTS: [&str; 3] = [\"use super::Item;\", \"\\\"super::Item\\\"\", r#\"a \" super::Item\"#];\n\
                 pub const QUOTE: [char; 2] = ['\"', '\\''];\n";
    assert_none(&[
        ("lib.rs", "mod parent;\n"),
        ("parent.rs", parent),
        ("parent/child.rs", child),
    ]);
}

#[test]
fn the_inline_modules_of_a_file_are_the_file() {
    assert_none(&[
        ("lib.rs", "mod one;\n"),
        (
            "one.rs",
            "use std::fmt;\n\npub struct One;\n\nimpl One {\n    pub fn new() -> Self {\n        Self::other()\n    }\n\n    fn other() -> Self {\n        One\n    }\n}\n\n#[cfg(test)]\nmod tests {\n    use super::*;\n\n    #[test]\n    fn is_made() {\n        let _ = One::new();\n        let _ = super::One::new();\n    }\n}\n",
        ),
    ]);
}
