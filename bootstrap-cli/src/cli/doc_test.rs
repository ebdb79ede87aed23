//! `docs/cli.md` is what the commands say of themselves.

use std::fmt::Write as _;

use clap::Command;
use pipetrail_unit::documents;

use super::command;

const HEAD: &str = "# The command line\n\n\
    Generated from the commands' own help; `just snapshots doc_test` rewrites it. Every command takes \
    the global options, which are listed once, here.\n";

fn commands() -> Vec<Command> {
    let mut main = command().disable_help_subcommand(true);
    main.build();
    main.get_subcommands().cloned().collect()
}

/// The whole document.
fn document() -> String {
    let mut text = HEAD.to_owned();
    section(&mut text, "pipetrail", command().disable_help_subcommand(true));
    for command in commands() {
        let title = format!("pipetrail {}", command.get_name());
        let without_global = command.mut_args(|arg| if arg.is_global_set() { arg.hide(true) } else { arg });
        section(&mut text, &title, without_global.bin_name(&title));
    }
    text
}

fn section(text: &mut String, title: &str, command: Command) {
    // The width of a file is nobody's terminal.
    let help = command.term_width(100).render_long_help().to_string();
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    writeln!(text, "\n## {title}\n\n```text\n{}\n```", help.join("\n").trim_end()).unwrap();
}

#[test]
fn the_document_is_what_the_commands_say() {
    documents::whole("docs/cli.md", &document());
}

#[test]
fn every_command_has_an_example_in_its_help() {
    let without = commands().into_iter().filter(|command| {
        let help = command.clone().render_long_help().to_string();
        let examples = help.split_once("\nExamples:\n").map_or("", |(_, examples)| examples);
        !examples.lines().any(|line| line.starts_with("  pipetrail "))
    });
    let without: Vec<String> = without.map(|command| command.get_name().to_owned()).collect();
    assert!(without.is_empty(), "no examples: {without:?}");
}
