//! `docs/audits.md` describes every audit as its file does. `PIPETRAIL_BLESS=1` writes that part anew.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::all;

const BEGIN: &str = "<!-- audits -->\n";
const END: &str = "<!-- end -->";

fn described() -> String {
    let mut text = String::new();
    for audit in all() {
        writeln!(text, "\n### `{}`\n\n{}. {}\n", audit.name, audit.title, audit.answers).unwrap();
        let common: Vec<String> = audit
            .parameters
            .iter()
            .filter(|parameter| !parameter.own)
            .map(|parameter| format!("`--{}`", parameter.name))
            .collect();
        write!(text, "Takes {}", common.join(", ")).unwrap();
        for own in audit.parameters.iter().filter(|parameter| parameter.own) {
            let default = match own.default {
                "" => "empty".to_owned(),
                default => format!("`{default}`"),
            };
            write!(
                text,
                "; `--set {}=…` ({}, {default} without it: {})",
                own.name, own.kind, own.meaning
            )
            .unwrap();
        }
        if let Some(reason) = audit.unpublished {
            write!(text, ". Not published: {reason}").unwrap();
        }
        writeln!(text, ".\n\n| column | kind | |\n| --- | --- | --- |").unwrap();
        for column in &audit.columns {
            writeln!(text, "| `{}` | {} | {} |", column.name, column.kind, column.meaning).unwrap();
        }
    }
    text.push('\n');
    text
}

#[test]
fn the_document_describes_every_audit() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/audits.md");
    let found = fs::read_to_string(&path).unwrap();
    let (head, rest) = found.split_once(BEGIN).unwrap();
    let (_, tail) = rest.rsplit_once(END).unwrap();
    let expected = format!("{head}{BEGIN}{}{END}{tail}", described());
    if std::env::var_os("PIPETRAIL_BLESS").is_some() {
        fs::write(&path, &expected).unwrap();
        return;
    }
    let lines = found.lines().zip(expected.lines());
    for (found, expected) in lines {
        assert_eq!(found, expected, "PIPETRAIL_BLESS=1 writes it anew");
    }
    assert_eq!(found, expected);
}
