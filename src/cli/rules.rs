//! `cache-lint rules`.

use serde_json::json;

use super::args::RulesArgs;
use super::failure::Failure;
use super::format::Format;
use super::{setup, terminal};
use crate::report::{Table, json, level_word};
use crate::rules::{Meta, REGISTRY};

pub(super) fn run(args: &RulesArgs) -> Result<(), Failure> {
    let policy = setup::policy(&args.policy, &[])?;
    let levels = setup::levels(&args.levels, &policy);
    let level = |meta: &Meta| if levels.runs(meta) { level_word(levels.level(meta, meta.level)) } else { "off" };
    let metas = || REGISTRY.iter().map(|rule| rule.meta());
    let style = terminal::of_stdout(args.shown.color);
    let text = match args.shown.format {
        Format::Json => {
            let rules: Vec<_> = metas()
                .map(|meta| {
                    json!({
                        "id": meta.id,
                        "summary": meta.summary,
                        "level": level(meta),
                        "default_level": level_word(meta.level),
                        "category": meta.category.word(),
                        "since": meta.since,
                    })
                })
                .collect();
            json::pretty(&json!({ "schema": json::SCHEMA, "tool": json::Tool::this(), "rules": rules }))
        }
        Format::Concise => metas().map(|meta| format!("{}: {}\n", meta.id, meta.summary)).collect(),
        Format::Graphical => {
            let mut table = Table::new(&["RULE", "LEVEL", "CATEGORY", "SUMMARY"]);
            for meta in metas() {
                let row = [meta.id, level(meta), meta.category.word(), meta.summary];
                table.row(row.map(str::to_owned).to_vec());
            }
            table.render(style) + "\n" + &style.dim("`cache-lint explain RULE` says more") + "\n"
        }
    };
    terminal::print(&text, style)
}
