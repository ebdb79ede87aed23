//! What was measured, for a reader: a Markdown table, as in `docs/scale.md`.

use std::collections::BTreeSet;

use super::args::Args;
use super::measured::Measured;

/// One column for each situation.
pub(super) fn table(args: &Args, measured: &[Measured]) -> String {
    let throttle = if args.throttle { ", Organizations throttles" } else { "" };
    let head = format!(
        "{} accounts × {} regions, {} OUs, {} ms an answer{throttle}",
        args.accounts, args.regions, args.units, args.latency_ms
    );
    let mut lines = vec![head, String::new()];
    let mut line = |name: &str, cell: &dyn Fn(&Measured) -> String| {
        let cells: Vec<String> = measured.iter().map(cell).collect();
        lines.push(format!("| {name} | {} |", cells.join(" | ")));
    };
    line("", &|it| it.situation.to_owned());
    line("---", &|_| "---:".to_owned());
    let operations: BTreeSet<_> = measured.iter().flat_map(|it| it.calls.keys()).collect();
    for key in operations {
        let (service, operation) = key;
        line(&format!("{service} {operation}"), &|it| {
            it.calls.get(key).map_or("–".to_owned(), usize::to_string)
        });
    }
    line("**calls beside the StackSets' own**", &|it| {
        it.calls_beside_stack_sets().to_string()
    });
    line("calls throttled, tried again", &|it| it.throttled.to_string());
    line("wall time, s", &|it| format!("{:.1}", it.wall.as_secs_f64()));
    line("peak memory, MB", &|it| {
        it.peak_kib
            .map_or("?".to_owned(), |kib| format!("{:.0}", kib as f64 * 1024.0 / 1e6))
    });
    lines.join("\n")
}
