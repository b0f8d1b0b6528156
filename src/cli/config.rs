//! `cache-lint config`.

use serde_json::json;

use super::args::ConfigArgs;
use super::failure::Failure;
use super::format::Format;
use super::{setup, terminal};
use crate::report::{Table, json};

pub(super) fn run(args: &ConfigArgs) -> Result<(), Failure> {
    let policy = setup::policy(&args.policy, &[])?;
    let style = terminal::of_stdout(args.shown.color);
    let values = policy.values();
    let text = match args.shown.format {
        Format::Json => {
            let files: Vec<_> = policy.sources.iter().filter(|source| !source.embedded).map(|s| &s.path).collect();
            let values: Vec<_> = values
                .iter()
                .map(|(key, value, origin)| json!({ "key": key, "value": value, "origin": origin }))
                .collect();
            json::pretty(
                &json!({ "schema": json::SCHEMA, "tool": json::Tool::this(), "files": files, "values": values }),
            )
        }
        Format::Concise => values.iter().map(|(key, value, origin)| format!("{origin}: {key} = {value}\n")).collect(),
        Format::Graphical => {
            let mut table = Table::new(&["KEY", "FROM", "VALUE"]);
            for (key, value, origin) in values {
                table.row(vec![key, origin, value]);
            }
            let own = policy.sources.iter().any(|source| !source.embedded);
            let hint = if own { "" } else { "\nno rule file was found; `cache-lint init` writes one\n" };
            table.render(style) + &style.dim(hint)
        }
    };
    terminal::print(&text, style)
}
