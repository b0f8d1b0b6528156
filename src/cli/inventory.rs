//! `cache-lint inventory`.

use super::args::InventoryArgs;
use super::failure::Failure;
use super::format::Format;
use super::{setup, terminal};
use crate::report::{Style, by_key, concise, inventory_json, inventory_table, json};
use crate::run::Analysis;

pub(super) fn run(args: &InventoryArgs) -> Result<u8, Failure> {
    let on_stderr = terminal::of_stderr(args.output.shown.color);
    let (analysis, stages) = setup::analyse(&args.input, &args.policy, on_stderr)?;
    stages.end();
    setup::deliver(&args.output, |format, style| render(&analysis, args.by_key, format, style))?;
    if args.output.shown.format != Format::Json {
        for error in &analysis.workspace.errors {
            let path = if error.path.is_empty() { String::new() } else { format!("{}: ", error.path) };
            let head = on_stderr.level(crate::finding::Level::Warning, "warning:");
            terminal::complain(&format!("{head} {path}{}\n", error.message), on_stderr);
        }
    }
    if args.strict && !analysis.workspace.errors.is_empty() {
        let message = "some files could not be read, which `--strict` does not allow";
        return Err(Failure::other(message, ""));
    }
    Ok(0)
}

fn render(analysis: &Analysis, by_key: bool, format: Format, style: Style) -> String {
    match (format, by_key) {
        (Format::Json, false) => json::pretty(&inventory_json::report(analysis)),
        (Format::Json, true) => json::pretty(&by_key::report(analysis)),
        (Format::Graphical, false) => inventory_table::render(analysis, style),
        (Format::Concise, false) => concise::operations(analysis),
        (Format::Graphical, true) => by_key::render(analysis, style),
        (Format::Concise, true) => concise::by_key(analysis),
    }
}
