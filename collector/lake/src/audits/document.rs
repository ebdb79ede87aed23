//! `docs/audits.md` describes every audit as its file does.

use std::fmt::Write as _;

use pipetrail_unit::documents;

use super::all;

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
    documents::part("docs/audits.md", "audits", &described());
}
